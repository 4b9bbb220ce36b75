/** The wasm's door: run one kernel alone, run it on all threads, or be a worker. Kernels: (args, thread, threads) => void. */
import { ARGUMENTS, DONE, EPOCH, GATE, OPERATION, PART, PARTS, TILES } from "./addresses";
import { address, announce, int, waitWhile } from "./control";
import { attention } from "./attention";
import { attentionGrad } from "./attention-grad";
import { attentionCached, cacheAppend, cacheCopy } from "./attention-cache";
import { attentionLatent } from "./attention-latent";
import { mlaKeys, mlaKeysGrad } from "./attention-mla";
import { router, routerGrad } from "./router";
import { moePlan, moeGather, moeGatherGrad, moeCombine, moeCombineGrad } from "./moe";
import { tokenLogProbs, tokenLogProbsGrad } from "./loss";
import { adamw, muonMomentum } from "./optimizer";
import {
  add, addBias, axpy, biasGrad, copy, copyStrided, embedding, embeddingGrad, fill, scale, squareRuns, sumRuns, swiglu, swigluGrad,
} from "./element";
import { linearGradWeightKernel } from "./grad-weight";
import { linearKernel } from "./linear";
import { expKernel } from "./math";
import { peak } from "./micro";
import { rmsNorm, rmsNormGrad, rmsNormGradSum, rope } from "./norm";
import { packKernel } from "./pack";
import { peakDot, readMemory } from "./peaks";
import { quantLinear } from "./quant";
import { quantEmbedding, quantPack } from "./quant-pack";
import { quantizeRows } from "./quant-rows";
import { panelBytes } from "./quant-sizes";
import * as op from "./operations";

/** Runs one part of a kernel. */
function run(operation: i32, args: usize, thread: i32, threads: i32): void {
  switch (operation) {
    case op.LINEAR:
      return linearKernel(args, thread, threads);
    case op.LINEAR_GRAD_WEIGHT:
      return linearGradWeightKernel(args, thread, threads);
    case op.PACK:
      return packKernel(args, thread, threads);
    case op.PEAK:
      return peak(int(args, 0), address(args, 1) + (<usize>thread << 9));
    case op.FILL:
      return fill(args, thread, threads);
    case op.COPY:
      return copy(args, thread, threads);
    case op.ADD:
      return add(args, thread, threads);
    case op.AXPY:
      return axpy(args, thread, threads);
    case op.SCALE:
      return scale(args, thread, threads);
    case op.SQUARE_RUNS:
      return squareRuns(args, thread, threads);
    case op.SUM_RUNS:
      return sumRuns(args);
    case op.RMS_NORM:
      return rmsNorm(args, thread, threads);
    case op.RMS_NORM_GRAD:
      return rmsNormGrad(args, thread, threads);
    case op.RMS_NORM_GRAD_SUM:
      return rmsNormGradSum(args, thread, threads);
    case op.ROPE:
      return rope(args, thread, threads);
    case op.SWIGLU:
      return swiglu(args, thread, threads);
    case op.SWIGLU_GRAD:
      return swigluGrad(args, thread, threads);
    case op.EMBEDDING:
      return embedding(args, thread, threads);
    case op.EMBEDDING_GRAD:
      return embeddingGrad(args, thread, threads);
    case op.ADD_BIAS:
      return addBias(args, thread, threads);
    case op.BIAS_GRAD:
      return biasGrad(args, thread, threads);
    case op.COPY_STRIDED:
      return copyStrided(args, thread, threads);
    case op.ATTENTION_LATENT:
      return attentionLatent(args, thread, threads);
    case op.EXP:
      return expKernel(address(args, 0), address(args, 1), int(args, 2), int(args, 3) != 0);
    case op.ATTENTION:
      return attention(args, thread, threads);
    case op.ATTENTION_GRAD:
      return attentionGrad(args, thread, threads);
    case op.ATTENTION_CACHED:
      return attentionCached(args, thread, threads);
    case op.CACHE_APPEND:
      return cacheAppend(args, thread, threads);
    case op.CACHE_COPY:
      return cacheCopy(args, thread, threads);
    case op.MLA_KEYS:
      return mlaKeys(args, thread, threads);
    case op.MLA_KEYS_GRAD:
      return mlaKeysGrad(args, thread, threads);
    case op.ROUTER:
      return router(args, thread, threads);
    case op.ROUTER_GRAD:
      return routerGrad(args, thread, threads);
    case op.MOE_PLAN:
      return moePlan(args, thread, threads);
    case op.MOE_GATHER:
      return moeGather(args, thread, threads);
    case op.MOE_GATHER_GRAD:
      return moeGatherGrad(args, thread, threads);
    case op.MOE_COMBINE:
      return moeCombine(args, thread, threads);
    case op.MOE_COMBINE_GRAD:
      return moeCombineGrad(args, thread, threads);
    case op.TOKEN_LOG_PROBS:
      return tokenLogProbs(args, thread, threads);
    case op.TOKEN_LOG_PROBS_GRAD:
      return tokenLogProbsGrad(args, thread, threads);
    case op.ADAMW:
      return adamw(args, thread, threads);
    case op.MUON_MOMENTUM:
      return muonMomentum(args, thread, threads);
    case op.QUANT_ROWS:
      return quantizeRows(args, thread, threads);
    case op.QUANT_LINEAR:
      return quantLinear(args, thread, threads);
    case op.QUANT_PACK:
      return quantPack(args, thread, threads);
    case op.QUANT_EMBEDDING:
      return quantEmbedding(args, thread, threads);
    case op.READ_MEMORY:
      return readMemory(args, thread, threads);
    case op.PEAK_DOT:
      return peakDot(args, thread, threads);
    case op.QUANT_PANEL_BYTES:
      return store<usize>(args, panelBytes(int(args, 0), int(args, 1)), 8);
    default:
      unreachable();
  }
}

/**
 * Runs a kernel whose arguments lie at ARGUMENTS in `parts` parts (1, or as many as there are threads); returns when all are
 * done. Workers join while parts are left; this thread waits only for those that have joined, never for one that sleeps or
 * that the system runs something else on.
 */
export function dispatch(operation: i32, parts: i32): void {
  for (let counter: usize = 0; counter < 8; counter++) store<i32>(TILES + (counter << 6), 0);
  if (parts == 1) return run(operation, ARGUMENTS, 0, 1);
  store<i32>(OPERATION, operation);
  store<i32>(PARTS, parts);
  store<i32>(PART, 0);
  store<i32>(DONE, 0);
  atomic.store<i32>(GATE, (atomic.load<i32>(EPOCH) + 1) << 8);
  announce(EPOCH);
  runParts(operation, parts);
  const joined = atomic.or<i32>(GATE, CLOSED) & (CLOSED - 1);
  for (let done = atomic.load<i32>(DONE); done < joined; done = atomic.load<i32>(DONE)) waitWhile(DONE, done);
}

/** A worker's life: waits for an epoch after `epoch`, joins in where it still can; ends at operation -1. */
export function workerLoop(epoch: i32): void {
  for (;;) {
    waitWhile(EPOCH, epoch);
    epoch = atomic.load<i32>(EPOCH);
    if (load<i32>(OPERATION) < 0) return;
    if (!join(epoch)) continue;
    runParts(load<i32>(OPERATION), load<i32>(PARTS));
    announce(DONE);
  }
}

/** Ends the workers. */
export function endWorkers(): void {
  store<i32>(OPERATION, -1);
  announce(EPOCH);
}

const CLOSED: i32 = 128;

/** Counts this worker in, if the dispatch of this epoch still takes workers. */
function join(epoch: i32): bool {
  let gate = atomic.load<i32>(GATE);
  while (gate >>> 8 == (epoch & 0xffffff) && (gate & CLOSED) == 0) {
    const found = atomic.cmpxchg<i32>(GATE, gate, gate + 1);
    if (found == gate) return true;
    gate = found;
  }
  return false;
}

function runParts(operation: i32, parts: i32): void {
  for (let part = atomic.add<i32>(PART, 1); part < parts; part = atomic.add<i32>(PART, 1))
    run(operation, ARGUMENTS, part, parts);
}

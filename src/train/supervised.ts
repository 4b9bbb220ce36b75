// One optimizer step of pre-training or fine-tuning: cross-entropy of the counted tokens, with the multi-token-prediction
// loss beside it (DeepSeek-V3 report 2.2) and the router's bias moved after it (2.1.2).

import { packBatch } from "../model/batch.ts";
import type { Decoder } from "../model/decoder.ts";
import { Tape } from "../tensor/tape.ts";
import { countTargets, microBatches, type TrainingSequence, targetsOf } from "./batches.ts";
import { notFinite } from "./not-finite.ts";
import type { Optimizer } from "./optimizer.ts";
import { finishStep } from "./step.ts";

export interface SupervisedOptions {
  /** Rows of a micro-batch at most: what bounds memory. */
  readonly max_rows: number;
  /** Bound on the joint gradient norm. */
  readonly max_grad_norm: number;
  /** Weight of the multi-token-prediction loss (0.3, then 0.1 in the V3 report); without effect on models that have no such module. */
  readonly mtp_lambda: number;
  /** Speed of the router's bias (0.001 in the V3 report). */
  readonly router_gamma: number;
}

export const supervisedDefaults: SupervisedOptions = {
  max_rows: 4096,
  max_grad_norm: 1,
  mtp_lambda: 0.3,
  router_gamma: 0.001,
};

/** Where a step stands in its run. */
export interface StepPlace {
  /** The number of this step, from 1. */
  readonly step: number;
  /** The schedule's factor on all learning rates. */
  readonly factor: number;
  /** Tokens the run has seen before. */
  readonly seen: number;
}

export interface SupervisedMetrics {
  /** Mean nats per counted token. */
  readonly loss: number;
  /** The same for the tokens further ahead, meaned over the modules; absent without modules. */
  readonly mtp_loss?: number;
  readonly grad_norm: number;
  readonly learning_rate: number;
  /** Tokens the run has seen, this step included, prompts too. */
  readonly num_tokens: number;
  /** Tokens and counted tokens of this step. */
  readonly tokens: number;
  readonly targets: number;
  /** Seconds. */
  readonly step_time: number;
  /** Largest load of an expert over the mean, less 1, in the worst layer; absent without experts. */
  readonly "router/max_violation"?: number;
}

/**
 * Learns from `sequences` in one optimizer step. The gradient is that of the mean over all counted tokens of the step.
 * @throws UserError when the loss or a gradient is not finite, naming step and tensor; the weights are then as before.
 */
export async function supervisedStep(
  decoder: Decoder,
  optimizer: Optimizer,
  sequences: readonly TrainingSequence[],
  place: StepPlace,
  options: SupervisedOptions,
): Promise<SupervisedMetrics> {
  const begun = performance.now();
  const lengths = sequences.map(({ ids }) => ids.length);
  const targets = countTargets(sequences);
  optimizer.zeroGrad();
  const sums: number[] = [];
  for (const { from, to } of microBatches(lengths, options.max_rows))
    await accumulate(decoder, sequences.slice(from, to), sequences, options, sums);
  const [loss = 0, ...ahead] = sums.map((sum, k) => sum / Math.max(1, countTargets(sequences, k)));
  const mtp = ahead.reduce((total, one) => total + one, 0);
  if (!Number.isFinite(loss + mtp))
    throw await notFinite(decoder.device, decoder.parameters.values(), "the loss", loss + mtp, place.step);
  const finished = await finishStep(decoder, optimizer, place, options);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return {
    loss,
    ...(ahead.length > 0 ? { mtp_loss: mtp / ahead.length } : {}),
    ...finished,
    num_tokens: place.seen + tokens,
    tokens,
    targets,
    step_time: (performance.now() - begun) / 1000,
  };
}

/** Mean nats per counted token, without learning. */
export async function meanLoss(
  decoder: Decoder,
  sequences: readonly TrainingSequence[],
  maxRows: number,
): Promise<number> {
  const { device } = decoder;
  let sum = 0;
  for (const { from, to } of microBatches(
    sequences.map(({ ids }) => ids.length),
    maxRows,
  )) {
    const part = sequences.slice(from, to);
    const mark = device.mark();
    try {
      const batch = packBatch(
        device,
        part.map(({ ids }) => ids),
        decoder.config.vocab_size,
      );
      const targets = device.scratchI32(batch.rows);
      device.write(targets, targetsOf(batch, part));
      const { logp } = decoder.logProbs(null, decoder.forward(null, batch), targets);
      sum = total(await device.read(logp), sum);
    } finally {
      device.release(mark);
    }
  }
  return sum / Math.max(1, countTargets(sequences));
}

/** Adds the gradient of one micro-batch, and its rows to the summed losses of the next token and of those further ahead. */
async function accumulate(
  decoder: Decoder,
  part: readonly TrainingSequence[],
  step: readonly TrainingSequence[],
  options: SupervisedOptions,
  sums: number[],
): Promise<void> {
  const { device } = decoder;
  const mark = device.mark();
  try {
    const tape = new Tape(device);
    const batch = packBatch(
      device,
      part.map(({ ids }) => ids),
      decoder.config.vocab_size,
    );
    const hostTargets = targetsOf(batch, part);
    const targets = device.scratchI32(batch.rows);
    device.write(targets, hostTargets);
    const hidden = decoder.forward(tape, batch); // (rows, hidden)
    const next = decoder.logProbs(tape, hidden, targets);
    const ahead = options.mtp_lambda > 0 ? decoder.mtpLogProbs(tape, hidden, batch, hostTargets) : [];
    for (const [k, { logp, dlogp }] of [next, ...ahead].entries()) {
      const share = k === 0 ? 1 : options.mtp_lambda / ahead.length;
      // rows without a target take no gradient, so one value does for all
      device.fill(dlogp, -share / Math.max(1, countTargets(step, k)));
      sums[k] = total(await device.read(logp), sums[k]);
    }
    tape.backward();
  } finally {
    device.release(mark);
  }
}

/** The sum of -log p, row after row from `before` on: however a step is cut, the same sum. */
const total = (logps: Float32Array, before = 0): number => logps.reduce((sum, logp) => sum - logp, before);

/**
 * Log-probabilities of given tokens from hidden states, chunk by chunk of rows: the (rows, vocabulary) softmax of a whole batch
 * is never stored, backward makes each chunk's logits again. A loss on log-probabilities (cross-entropy, GRPO) needs nothing else.
 */
import type { Device, F32, I32 } from "../kernels/kernels.ts";
import type { Pass } from "./space.ts";
import type { Tape } from "./tape.ts";
import type { Parameter, Tensor } from "./tensor.ts";
import { multiply, trainable, type Weight } from "./weight.ts";

/** Per row, in scratch memory. Whoever computes a loss reads logp, and writes d(loss)/d(logp) to dlogp before `Tape.backward`. */
export interface TokenLogProbs {
  readonly rows: number;
  /** log p(target) at the temperature; 0 where the target is -1. */
  readonly logp: F32;
  /** Of the whole distribution, in nats. */
  readonly entropy: F32;
  /** Starts as 0: a row nobody sets has no gradient. Rows with target -1 have none either. */
  readonly dlogp: F32;
}

/** Logits held at a time: 4 MB. */
const CHUNK_ELEMENTS = 1 << 20;

/** hidden (rows, width), head (vocabulary, width), targets (rows; -1: not scored) -> log-probabilities of logits / temperature. */
export function tokenLogProbs(
  pass: Pass,
  hidden: Tensor,
  head: Weight,
  targets: I32,
  temperature: number,
  chunkRows = Math.max(16, Math.floor(CHUNK_ELEMENTS / head.outputs)),
): TokenLogProbs {
  const { device, space, tape } = pass;
  const { rows, width } = hidden;
  const logp = space.tensor(rows, 1).buf;
  const entropy = space.tensor(rows, 1).buf;
  const dlogp = space.tensor(rows, 1).buf;
  const lse = space.tensor(rows, 1).buf;
  device.fill(dlogp, 0);
  space.enter();
  const logits = space.tensor(Math.min(chunkRows, rows), head.outputs).buf;
  for (let at = 0; at < rows; at += chunkRows) {
    const count = Math.min(chunkRows, rows - at);
    const part = <B extends F32 | I32>(buffer: B): B => device.slice(buffer, at, count);
    multiply(device, device.slice(hidden.buf, at * width, count * width), head, logits, count, width);
    device.tokenLogProbs(logits, part(targets), part(logp), part(lse), part(entropy), count, head.outputs, temperature);
  }
  space.leave();
  const result = { rows, logp, entropy, dlogp };
  if (tape !== null) recordLogProbs(tape, hidden, trainable(head), targets, temperature, chunkRows, lse, dlogp);
  return result;
}

/**
 * Cross-entropy: the mean of -logp over `scored` rows (those with a target; over all micro-batches of a step, where there are
 * several). Writes `weight` times its gradient to dlogp, and returns this batch's part of the mean, unweighted.
 */
export async function crossEntropy(device: Device, result: TokenLogProbs, scored: number, weight = 1): Promise<number> {
  device.fill(result.dlogp, -weight / scored);
  const logp = await device.read(result.logp);
  return logp.reduce((sum, value) => sum - value, 0) / scored;
}

function recordLogProbs(
  tape: Tape,
  hidden: Tensor,
  head: Parameter,
  targets: I32,
  temperature: number,
  chunkRows: number,
  lse: F32,
  dlogp: F32,
): void {
  const use = tape.use(head);
  tape.recordRoot(() => {
    const { device } = tape;
    const { rows, width } = hidden;
    const accumulate = tape.accumulates(hidden);
    const logits = tape.take(Math.min(chunkRows, rows) * head.outputs); // then their gradient
    for (let at = 0; at < rows; at += chunkRows) {
      const count = Math.min(chunkRows, rows - at);
      const part = <B extends F32 | I32>(buffer: B): B => device.slice(buffer, at, count);
      const x = device.slice(hidden.buf, at * width, count * width);
      const dx = device.slice(hidden.grad!, at * width, count * width);
      device.linear(x, head.buf, logits, count, width, head.outputs, width, false);
      device.tokenLogProbsGrad(logits, part(targets), part(lse), part(dlogp), logits, count, head.outputs, temperature);
      device.linearGradInput(logits, head.buf, dx, count, width, head.outputs, width, accumulate);
      if (head.trainable) device.linearGradWeight(logits, x, head.gradOf(use), count, width, head.outputs, width);
    }
    tape.give(logits);
  });
}

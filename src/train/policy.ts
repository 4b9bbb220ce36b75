// The optimisation of one generation batch: for each mini-batch, log-probabilities of the sampled tokens in the training pass,
// a loss on each sequence, one optimizer step. The same engine sampled them, so before the first update they are equal bit for bit.

import { packBatch } from "../model/batch.ts";
import type { Decoder } from "../model/decoder.ts";
import type { Random } from "../random.ts";
import { Tape } from "../tensor/tape.ts";
import { microBatches, type TrainingSequence, targetsOf } from "./batches.ts";
import type { Critic } from "./critic.ts";
import { type Importance, importance } from "./importance.ts";
import { sequenceWeights } from "./losses/aggregate.ts";
import { valueLoss } from "./losses/ppo.ts";
import type { LossOptions, PolicyLoss, SequenceLoss } from "./losses/types.ts";
import { notFinite } from "./not-finite.ts";
import type { Optimizer } from "./optimizer.ts";
import { completionMask } from "./overlong.ts";
import type { Rollout } from "./rollouts.ts";
import { finishStep } from "./step.ts";
import type { StepPlace } from "./supervised.ts";

export interface PolicyOptions {
  readonly loss: PolicyLoss;
  /** Clip bounds and KL weight; `loss.defaults` are the variant's own. */
  readonly loss_options: LossOptions;
  /** The temperature the rollouts were sampled at. */
  readonly temperature: number;
  /** mu: how often each rollout is learned from. */
  readonly num_iterations: number;
  /** Into how many optimizer steps the batch is split, at random. */
  readonly mini_batches: number;
  /** Leaves cut-off completions out of the loss (they still count in their group's mean). */
  readonly mask_truncated_completions: boolean;
  /** dr_grpo's constant: the longest completion allowed. */
  readonly max_completion_length: number;
  readonly max_rows: number;
  readonly max_grad_norm: number;
  /** Speed of the router's bias; 0 leaves it as pre-training made it, so that rollout and training route alike. */
  readonly router_gamma: number;
  /** The most a token counts where another engine sampled (importance.ts). */
  readonly importance_cap?: number;
  /** Of ppo: the critic, the weight of its loss beside the policy's, and how far a value may move from the sampled one. */
  readonly critic?: { readonly model: Critic; readonly value_coef: number; readonly value_clip: number };
}

/** TRL's names; means over the batch's optimizer steps, weighted by tokens where they are per token. */
export type PolicyMetrics = Readonly<Record<string, number>>;

/**
 * Learns from a generation batch. Sequences that cannot contribute (advantage 0 and no KL, or no counted token) are not run,
 * but count in every mean.
 * @throws UserError when the loss or a gradient is not finite, naming step and tensor.
 */
export async function policyStep(
  decoder: Decoder,
  optimizer: Optimizer,
  rollouts: readonly Rollout[],
  place: StepPlace,
  random: Random,
  options: PolicyOptions,
): Promise<PolicyMetrics> {
  const begun = performance.now();
  const samples = rollouts.map((rollout) => sampleOf(rollout, options));
  const scope = {
    generationTokens: samples.reduce((sum, { counted }) => sum + counted, 0),
    maxCompletionLength: options.max_completion_length,
  };
  const tally = new Tally();
  let finished: Record<string, number> = {};
  for (let iteration = 0; iteration < options.num_iterations; iteration++)
    for (const [i, part] of split(samples, options.mini_batches, random).entries()) {
      const fresh = iteration === 0 && i === 0; // nothing was updated since these were sampled
      optimizer.zeroGrad();
      const weights = sequenceWeights(options.loss.aggregation, {
        ...scope,
        lengths: part.map(({ counted }) => counted),
      });
      part.forEach((sample, s) => {
        sample.weight = weights[s]!;
      });
      // neighbours of like length share a micro-batch, so that threads finish together
      const active = part.filter(({ silent }) => !silent).sort((a, b) => a.sequence.ids.length - b.sequence.ids.length);
      for (const { from, to } of microBatches(
        active.map(({ sequence }) => sequence.ids.length),
        options.max_rows,
      ))
        await accumulate(decoder, active.slice(from, to), options, fresh, tally);
      if (!Number.isFinite(tally.loss))
        throw await notFinite(decoder.device, decoder.parameters.values(), "the loss", tally.loss, place.step);
      const { grad_norm, ...rest } = await finishStep(decoder, optimizer, place, options);
      tally.gradNorms.push(grad_norm);
      finished = rest;
    }
  const tokens = rollouts.reduce((sum, { prompt, completion }) => sum + prompt.length + completion.length, 0);
  return {
    ...tally.metrics(options),
    ...finished,
    num_tokens: place.seen + tokens,
    tokens,
    step_time: (performance.now() - begun) / 1000,
  };
}

/** log p of the completions under a model (the reference, or an old policy), in the rollouts' order. */
export async function scoreCompletions(
  decoder: Decoder,
  rollouts: readonly Pick<Rollout, "prompt" | "completion">[],
  temperature: number,
  maxRows: number,
): Promise<Float32Array[]> {
  const sequences = rollouts.map(({ prompt, completion }) => sequenceOf(prompt, completion, null));
  const scores: Float32Array[] = [];
  for (const { from, to } of microBatches(
    sequences.map(({ ids }) => ids.length),
    maxRows,
  )) {
    const mark = decoder.device.mark();
    try {
      const { logp, starts } = await forward(decoder, null, sequences.slice(from, to), temperature);
      for (let s = from; s < to; s++) {
        const at = starts[s - from]! + rollouts[s]!.prompt.length - 1;
        scores.push(logp.slice(at, at + rollouts[s]!.completion.length));
      }
    } finally {
      decoder.device.release(mark);
    }
  }
  return scores;
}

/** A rollout on its way through the steps. */
interface Sample {
  readonly rollout: Rollout;
  readonly sequence: TrainingSequence;
  readonly mask: Uint8Array;
  /** Tokens in the loss. */
  readonly counted: number;
  /** Cannot contribute to the gradient. */
  readonly silent: boolean;
  /** The aggregation's factor in the current mini-batch. */
  weight: number;
}

function sampleOf(rollout: Rollout, options: PolicyOptions): Sample {
  const { prompt, completion, truncated, advantage } = rollout;
  const mask = completionMask(completion.length, truncated, options.mask_truncated_completions);
  const counted = mask.reduce((sum, one) => sum + one, 0);
  const idle = advantage === 0 && options.loss_options.beta === 0 && options.critic === undefined;
  const silent = counted === 0 || idle;
  return { rollout, sequence: sequenceOf(prompt, completion, mask), mask, counted, silent, weight: 0 };
}

/** Prompt and completion as one sequence of which the completion is to be predicted. */
function sequenceOf(
  prompt: readonly number[],
  completion: readonly number[],
  mask: Uint8Array | null,
): TrainingSequence {
  const ids = [...prompt, ...completion];
  const counted = new Uint8Array(ids.length);
  for (let t = 0; t < completion.length; t++) counted[prompt.length + t] = mask === null ? 1 : mask[t]!;
  return { ids, counted };
}

function split(samples: readonly Sample[], parts: number, random: Random): Sample[][] {
  if (parts <= 1) return [[...samples]];
  const shuffled = random.shuffle(samples);
  return Array.from({ length: parts }, (_, i) =>
    shuffled.slice(Math.floor((i * shuffled.length) / parts), Math.floor(((i + 1) * shuffled.length) / parts)),
  ).filter((part) => part.length > 0);
}

async function forward(
  decoder: Decoder,
  tape: Tape | null,
  sequences: readonly TrainingSequence[],
  temperature: number,
) {
  const { device } = decoder;
  const batch = packBatch(
    device,
    sequences.map(({ ids }) => ids),
    decoder.config.vocab_size,
  );
  const targets = device.scratchI32(batch.rows);
  device.write(targets, targetsOf(batch, sequences));
  const hidden = decoder.forward(tape, batch);
  const scored = decoder.logProbs(tape, hidden, targets, temperature);
  return { hidden, scored, logp: await device.read(scored.logp), starts: batch.host.starts };
}

/** Adds the gradient of one micro-batch. */
async function accumulate(
  decoder: Decoder,
  part: readonly Sample[],
  { loss, loss_options, temperature, critic, importance_cap = Number.POSITIVE_INFINITY }: PolicyOptions,
  fresh: boolean,
  tally: Tally,
): Promise<void> {
  const { device } = decoder;
  const mark = device.mark();
  try {
    const tape = new Tape(device);
    const { hidden, scored, logp, starts } = await forward(
      decoder,
      tape,
      part.map(({ sequence }) => sequence),
      temperature,
    );
    const dlogp = new Float32Array(logp.length);
    const valued = critic?.model.run(tape, hidden); // (rows, 1)
    const values = valued === undefined ? null : await device.read(valued.buf);
    const dvalues = new Float32Array(logp.length);
    const losses = part.map(({ rollout, mask, weight }, s) => {
      const at = starts[s]! + rollout.prompt.length - 1; // the row before a token predicts it
      const now = logp.subarray(at, at + rollout.completion.length);
      const { logps, trainedLogps: oldLogp = logps, refLogps: refLogp, critique } = rollout;
      const weights = oldLogp === logps ? null : importance(oldLogp, logps, importance_cap);
      // a weight is positive, so it may stand before the advantage: the clip chooses as it would without it
      const advantage = rollout.advantage * (weights?.sequence ?? 1);
      const advantages =
        weights === null
          ? critique?.advantages
          : weights.tokens.map((one, t) => one * (critique?.advantages[t] ?? rollout.advantage));
      const one = loss.sequence({ logp: now, oldLogp, refLogp, mask, advantage, advantages }, loss_options);
      if (values !== null && critique !== undefined) {
        const own = {
          values: values.subarray(at, at + now.length),
          oldValues: critique.values,
          returns: critique.returns,
        };
        const { sum, dvalues: d, clipped } = valueLoss({ ...own, mask }, critic!.value_clip);
        for (let t = 0; t < now.length; t++) dvalues[at + t] = d[t]! * weight * critic!.value_coef;
        tally.value(sum * weight, clipped);
      }
      for (let t = 0; t < now.length; t++) dlogp[at + t] = one.dlogp[t]! * weight;
      if (fresh) tally.difference(now, logps, mask);
      if (fresh && weights !== null) tally.importance(weights);
      tally.loss += one.sum * weight;
      return one;
    });
    tally.microBatch(losses);
    device.write(scored.dlogp, dlogp);
    if (valued !== undefined) {
      tape.accumulates(valued);
      device.write(valued.grad!, dvalues);
    }
    tape.backward();
  } finally {
    device.release(mark);
  }
}

/** Sums over a generation batch. */
class Tally {
  loss = 0;
  readonly gradNorms: number[] = [];
  readonly #differences = { sum: 0, max: 0, count: 0 };
  readonly #low: [number, number][] = [];
  readonly #high: [number, number][] = [];
  #tokens = 0;
  #kl = 0;
  readonly #importance = { min: Number.POSITIVE_INFINITY, max: 0, sum: 0, kl: 0, count: 0 };
  #value: { loss: number; clipped: number } | null = null;

  value(loss: number, clipped: number): void {
    this.#value = { loss: (this.#value?.loss ?? 0) + loss, clipped: (this.#value?.clipped ?? 0) + clipped };
  }

  difference(now: ArrayLike<number>, then: ArrayLike<number>, mask: Uint8Array): void {
    for (let t = 0; t < now.length; t++) {
      if (!mask[t]) continue;
      const difference = Math.abs(now[t]! - then[t]!);
      this.#differences.sum += difference;
      this.#differences.max = Math.max(this.#differences.max, difference);
      this.#differences.count++;
    }
  }

  importance({ tokens, kl }: Importance): void {
    const all = this.#importance;
    for (const weight of tokens) {
      all.min = Math.min(all.min, weight);
      all.max = Math.max(all.max, weight);
      all.sum += weight;
    }
    all.count += tokens.length;
    all.kl += kl;
  }

  microBatch(losses: readonly SequenceLoss[]): void {
    const tokens = losses.reduce((sum, one) => sum + one.tokens, 0);
    this.#tokens += tokens;
    this.#kl += losses.reduce((sum, one) => sum + one.kl, 0);
    this.#low.push([losses.reduce((sum, one) => sum + one.clippedLow, 0), tokens]);
    this.#high.push([losses.reduce((sum, one) => sum + one.clippedHigh, 0), tokens]);
  }

  metrics({ loss_options }: PolicyOptions): Record<string, number> {
    const share = ([clipped, tokens]: readonly [number, number]) => clipped / Math.max(1, tokens);
    const all = (parts: readonly [number, number][]) =>
      share([parts.reduce((sum, [clipped]) => sum + clipped, 0), this.#tokens]);
    const { sum, max, count } = this.#differences;
    const steps = Math.max(1, this.gradNorms.length);
    return {
      loss: this.loss / steps,
      grad_norm: this.gradNorms.reduce((total, norm) => total + norm, 0) / steps,
      ...(this.#importance.count === 0
        ? {}
        : {
            "sampling/importance_sampling_ratio/min": this.#importance.min,
            "sampling/importance_sampling_ratio/mean": this.#importance.sum / this.#importance.count,
            "sampling/importance_sampling_ratio/max": this.#importance.max,
            mismatch_kl: this.#importance.kl / this.#importance.count,
          }),
      ...(this.#value === null
        ? {}
        : {
            value_loss: this.#value.loss / steps,
            value_clip_ratio: this.#value.clipped / Math.max(1, this.#tokens),
          }),
      ...(loss_options.beta > 0 ? { kl: this.#kl / Math.max(1, this.#tokens) } : {}),
      "clip_ratio/low_mean": all(this.#low),
      "clip_ratio/low_min": this.#low.length === 0 ? 0 : Math.min(...this.#low.map(share)),
      "clip_ratio/high_mean": all(this.#high),
      "clip_ratio/high_max": this.#high.length === 0 ? 0 : Math.max(...this.#high.map(share)),
      "clip_ratio/region_mean": all(this.#low) + all(this.#high),
      "sampling/sampling_logp_difference/mean": sum / Math.max(1, count),
      "sampling/sampling_logp_difference/max": max,
    };
  }
}

/** One step of R1-Zero: questions asked and judged, then learned from. Nothing here knows of files, so a browser runs it as it is. */
import { type Completion, generateBatch } from "../generate/batch.ts";
import type { Request } from "../generate/sequence.ts";
import type { Decoder } from "../model/decoder.ts";
import type { Random } from "../random.ts";
import type { FamilyShare } from "../tasks/corpus.ts";
import { makeInSplit } from "../tasks/sample.ts";
import type { TaskEntry } from "../tasks/task.ts";
import type { Speaker } from "../text/dialogue.ts";
import { type Advantages, batchAdvantages, groupAdvantages } from "../train/advantages.ts";
import type { Critic } from "../train/critic.ts";
import { policyLoss } from "../train/losses/choose.ts";
import { type Optimizer, optimizerDefaults } from "../train/optimizer.ts";
import { type PolicyMetrics, policyStep, scoreCompletions } from "../train/policy.ts";
import type { Rollout } from "../train/rollouts.ts";
import type { StepPlace } from "../train/supervised.ts";
import type { RlOptions } from "./options.ts";
import type { Judge } from "./rewards.ts";
import { worldDialogue } from "./world.ts";

/** A judged sample before its group's advantages are known. */
type Judged = Omit<Rollout, "advantage" | "refLogps" | "group">;

/** One question and its judged samples. */
export interface Group {
  readonly entry: TaskEntry;
  readonly samples: readonly (Judged & { readonly text: string; readonly reason: string })[];
}

/** What samples: a completion for each request, in their order; fewer where the signal cut it short. */
export type Sampler = (requests: readonly Request[], signal: AbortSignal) => Promise<readonly Completion[]>;

/** The trainer's own engine on a decoder's weights. */
export const ownSampler =
  (decoder: Decoder, { slots }: Pick<RlOptions, "slots">): Sampler =>
  (requests, signal) =>
    generateBatch(decoder, requests, { slots, signal });

/** Asks `count` questions, samples a group of answers to each and judges them; none where the signal cut the sampling short. */
export async function sampleGroups(
  sampler: Sampler,
  ask: () => TaskEntry,
  options: RlOptions,
  judge: Judge,
  random: Random,
  count: number,
  signal: AbortSignal,
  dialogue: Speaker = worldDialogue(),
): Promise<Group[]> {
  const entries = Array.from({ length: count }, ask);
  const requests = entries.flatMap((entry) => {
    const prompt = dialogue.prompt(entry.prompt);
    return Array.from({ length: options.group_size }, () => ({
      prompt,
      maxTokens: options.max_completion_length,
      sampling: { temperature: options.temperature, seed: random.bits() },
      stopIds: dialogue.stopIds,
    }));
  });
  const completions = await sampler(requests, signal);
  const groups: Group[] = [];
  if (signal.aborted) return groups;
  for (const [g, entry] of entries.entries()) {
    const samples: Group["samples"][number][] = [];
    for (let i = g * options.group_size; i < (g + 1) * options.group_size; i++) {
      const { ids: completion, finish, logps, entropies } = completions[i]!;
      const truncated = finish !== "stop";
      const text = dialogue.text(completion);
      const judged = await judge(entry, text, !truncated);
      samples.push({ prompt: requests[i]!.prompt, completion, logps, entropies, truncated, ...judged, text });
    }
    groups.push({ entry, samples });
  }
  return groups;
}

/** A training question of a random family, level and wording. */
export function question(families: readonly FamilyShare[], options: RlOptions, random: Random): TaskEntry {
  const { task } = families[random.weighted(families.map(({ weight }) => weight))]!;
  const level = Math.min(random.pick(options.tasks.levels), task.levels);
  const problem = makeInSplit(task, random, level, "train");
  const phrasing = task.phrasings === 1 || random.chance(options.canonical) ? 0 : random.int(1, task.phrasings - 1);
  const prompt = task.prompt(problem, phrasing);
  return { task: task.name, level, split: "train", seed: 0, index: 0, phrasing, prompt, ...problem };
}

/** One optimizer step (more, with `iterations`) on judged groups. @throws UserError when loss or gradients are not finite */
export async function learnFrom(
  decoder: Decoder,
  optimizer: Optimizer,
  groups: readonly Group[],
  options: RlOptions,
  place: StepPlace,
  random: Random,
  /** log p under the reference model, sample by sample; null without one. */
  references: readonly Float32Array[] | null,
  /** Of a loss that has one. */
  critic: Critic | null = null,
): Promise<{ readonly rollouts: Rollout[]; readonly advantages: Advantages; readonly metrics: PolicyMetrics }> {
  const loss = policyLoss(options.loss);
  const rewards = groups.map(({ samples }) => samples.map((one) => one.reward));
  const advantages =
    loss.baseline === "batch"
      ? batchAdvantages(
          rewards,
          groups.map(({ samples }) => samples.map((one) => one.completion.length)),
        )
      : groupAdvantages(rewards, {
          scale: options.scale_rewards,
          offset: options.scale_offset,
          leaveOneOut: loss.baseline === "leave_one_out",
        });
  const all = groups.flatMap(({ samples }) => samples);
  const { lambda, value_coef, value_clip } = options.ppo;
  const estimate = { beta: options.beta, lambda, maxRows: options.rows_per_pass };
  const elsewhere = options.rollout_weights !== "f32" || options.rollouts.url !== null; // sampled by other weights than are trained
  const trained = elsewhere ? await scoreCompletions(decoder, all, options.temperature, options.rows_per_pass) : null;
  const critiques = await critic?.critique(all, references, estimate);
  const rollouts = all.map((sample, i): Rollout => {
    const [group, member] = [Math.floor(i / options.group_size), i % options.group_size];
    const critique = critiques?.[i];
    const advantage = critique === undefined ? advantages.advantages[group]![member]! : mean(critique.advantages);
    return { ...sample, group, advantage, refLogps: references?.[i] ?? null, trainedLogps: trained?.[i], critique };
  });
  const metrics = await policyStep(decoder, optimizer, rollouts, place, random, {
    loss,
    loss_options: {
      ...loss.defaults,
      beta: critic === null ? options.beta : 0, // a critic's rewards hold the KL already
      epsLow: options.epsilon ?? loss.defaults.epsLow,
      epsHigh: options.epsilon_high ?? options.epsilon ?? loss.defaults.epsHigh,
    },
    temperature: options.temperature,
    num_iterations: options.iterations,
    mini_batches: 1,
    mask_truncated_completions: options.mask_truncated,
    max_completion_length: options.max_completion_length,
    max_rows: options.rows_per_pass,
    max_grad_norm: options.max_grad_norm,
    router_gamma: options.lora.r === 0 ? options.router_gamma : 0, // a frozen router keeps its balance
    importance_cap: options.importance_cap,
    critic: critic === null ? undefined : { model: critic, value_coef, value_clip },
  });
  return { rollouts, advantages, metrics };
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** The optimizer's settings for RL's options. */
export function optimizerOptions(options: RlOptions) {
  const adamw = { ...optimizerDefaults.adamw, lr: options.lr };
  return options.optimizer === "adamw" || options.lora.r > 0
    ? { muon: null, adamw, master: options.master_weights }
    : { muon: { ...optimizerDefaults.muon!, lr: options.lr }, adamw, master: options.master_weights };
}

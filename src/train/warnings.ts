// What a person watching the curves would call out: learning that stands still, answers cut off, thinking or entropy dying.
// A pure function of the lines of metrics.jsonl, so that a resumed run says the same. Trainers that keep silent here are what
// their users complain about most: a loss of 0, a format reward stuck at 0, a policy that stopped exploring.

import type { JsonRecord } from "./jsonl.ts";

export interface Warning {
  /** A stable machine name. */
  readonly kind: string;
  /** What is wrong and what to try. */
  readonly message: string;
}

/**
 * What is worth warning of after the last of `lines`, the metrics of a reinforcement-learning run in order.
 * @param evaluations the held-out evaluations so far, lines of evaluations.jsonl
 */
export function policyWarnings(lines: readonly JsonRecord[], evaluations: readonly JsonRecord[] = []): Warning[] {
  const last = lines.at(-1);
  if (last === undefined) return [];
  const recent = lines.slice(-WINDOW);
  const full = recent.length === WINDOW;
  const now = (key: string): number => figure(last, key);
  const lately = (key: string): number => mean(recent.map((line) => figure(line, key)));
  const atFirst = (key: string): number => mean(lines.slice(0, WINDOW).map((line) => figure(line, key)));
  const warnings: Warning[] = [];
  const warn = (kind: string, message: string): number => warnings.push({ kind, message });

  if (full && recent.every((line) => figure(line, "frac_reward_zero_std") === 1)) {
    const level = now("rewards/accuracy/mean") > 0.5 ? "harder" : "easier";
    warn(
      "zero_spread",
      `for ${WINDOW} steps no group had answers of different reward, so nothing is learned; ask ${level} questions or set dynamic_sampling=true`,
    );
  } else if (now("grad_norm") === 0 && now("frac_reward_zero_std") < 1)
    warn("zero_gradient", "rewards differ but the gradient is exactly 0: the loss lets none of the answers count");
  if (now("completions/clipped_ratio") > 0.5)
    warn(
      "truncation",
      `${percent(now("completions/clipped_ratio"))} of the answers were cut off and earned nothing; raise max_completion_length`,
    );
  if (full && recent.every((line) => figure(line, "rewards/format/mean") === 0))
    warn("no_format", `for ${WINDOW} steps no answer kept the form thinking, </think>, answer`);
  const [thought, thinks] = [atFirst("completions/mean_thinking"), lately("completions/mean_thinking")];
  if (lines.length >= 2 * WINDOW && thought >= 4 && thinks < thought / 2)
    warn(
      "thinking_collapse",
      `thinking fell from ${thought.toFixed(0)} to ${thinks.toFixed(0)} tokens: short answers earn more than careful ones; start from a base whose careful thinking is right more often`,
    );
  const [before, entropy] = [atFirst("entropy"), lately("entropy")];
  if (lines.length >= 2 * WINDOW && entropy < before / 10)
    warn(
      "entropy_collapse",
      `the entropy fell from ${before.toPrecision(2)} to ${entropy.toPrecision(2)} nats: the answers hardly differ any more; lower lr or raise epsilon_high`,
    );
  const [short, long] = [atFirst("completions/mean_length"), lately("completions/mean_length")];
  if (lines.length >= 2 * WINDOW && long > 2 * short && lately("reward") <= atFirst("reward"))
    warn(
      "length_explosion",
      `answers grew from ${short.toFixed(0)} to ${long.toFixed(0)} tokens and earn no more for it; lower lr, or loss=dr_grpo, which does not favour long wrong answers`,
    );
  const sampled = evaluations.filter(({ temperature }) => Number(temperature) > 0);
  const [tested, test] = [sampled[0], sampled.at(-1)];
  if (tested !== undefined && test !== undefined && lines.length >= 2 * WINDOW) {
    const noise = 2 * Math.hypot(figure(tested, "stderr"), figure(test, "stderr"));
    const [held, holds] = [figure(tested, "accuracy"), figure(test, "accuracy")];
    if (lately("reward") > atFirst("reward") && holds < held - noise)
      warn(
        "held_out_falls",
        `the reward rises, but held-out accuracy fell from ${held.toFixed(2)} to ${holds.toFixed(2)}: the reward is being gamed or the training questions learned by heart; read the rollouts`,
      );
  }
  const worker = full ? onlyWorker(recent) : null;
  if (worker !== null)
    warn(
      "one_family",
      `${worker} alone had nearly all groups with anything to learn from for ${WINDOW} steps; ask the other families at another level or weigh them differently`,
    );
  if (now("sampling/sampling_logp_difference/max") > 0 && last.mismatch_kl === undefined)
    warn(
      "logp_mismatch",
      `sampling and training disagree on a log-probability by ${now("sampling/sampling_logp_difference/max").toPrecision(2)}; they should be equal bit for bit`,
    );
  return warnings;
}

/** What only the last evaluation shows: warnings after it that the last line was written without. */
export function lateWarnings(lines: readonly JsonRecord[], evaluations: readonly JsonRecord[]): Warning[] {
  const known = new Set(((lines.at(-1)?.warnings ?? []) as readonly Warning[]).map(({ kind }) => kind));
  return policyWarnings(lines, evaluations).filter(({ kind }) => !known.has(kind));
}

/** Of how many steps a figure is meaned, and how long a state must last. */
const WINDOW = 3;

/** The family with more than nine tenths of the informative groups of the lines, where three or more were asked; null: none. */
function onlyWorker(lines: readonly JsonRecord[]): string | null {
  const counts = new Map<string, number>();
  for (const { informative } of lines)
    for (const [family, count] of Object.entries((informative ?? {}) as Record<string, number>))
      counts.set(family, (counts.get(family) ?? 0) + count);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (counts.size < 3 || total < 2 * WINDOW) return null;
  return [...counts].find(([, count]) => count > 0.9 * total)?.[0] ?? null;
}

const figure = (line: JsonRecord, key: string): number => (typeof line[key] === "number" ? line[key] : Number.NaN);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const percent = (share: number): string => `${Math.round(100 * share)} %`;

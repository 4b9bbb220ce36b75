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

/** What is worth warning of after the last of `lines`, the metrics of a reinforcement-learning run in order. */
export function policyWarnings(lines: readonly JsonRecord[]): Warning[] {
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
  if (now("sampling/sampling_logp_difference/max") > 0)
    warn(
      "logp_mismatch",
      `sampling and training disagree on a log-probability by ${now("sampling/sampling_logp_difference/max").toPrecision(2)}; they should be equal bit for bit`,
    );
  return warnings;
}

/** Of how many steps a figure is meaned, and how long a state must last. */
const WINDOW = 3;

const figure = (line: JsonRecord, key: string): number => (typeof line[key] === "number" ? line[key] : Number.NaN);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const percent = (share: number): string => `${Math.round(100 * share)} %`;

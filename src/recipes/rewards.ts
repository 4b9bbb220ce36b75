/**
 * What a sampled response earns, part by part. Questions with an answer: accuracy and form by rule (DeepSeek-R1, 2.2.2). Requests
 * without one: a preference on the answer alone and harmlessness on the whole response (2.3.4). Both, where asked for: the share of
 * thinking (of the answer, where there is nothing to think about) in the question's language (2.3.2). A part that does not apply is NaN and does not count.
 */
import { taskNamed } from "../tasks/catalogue.ts";
import { harmless } from "../tasks/families/requests.ts";
import { languageConsistency } from "../tasks/language.ts";
import { score } from "../tasks/score.ts";
import type { TaskEntry } from "../tasks/task.ts";
import { combineRewards } from "../train/advantages.ts";
import { type PreferenceModel, preferenceReward } from "../train/preference.ts";
import type { RlOptions } from "./options.ts";

export interface Reward {
  readonly parts: Readonly<Record<string, number>>;
  readonly reward: number;
  /** Why, in words. */
  readonly reason: string;
}

/** Judges a response; `ended`: by the model itself. */
export type Judge = (entry: TaskEntry, response: string, ended: boolean) => Reward | Promise<Reward>;

/** The judge of a stage's own rules; without a preference model rules judge requests too. */
export function judgeOf(
  options: RlOptions,
  preference: PreferenceModel | null,
): (entry: TaskEntry, response: string, ended: boolean) => Reward {
  return (entry, response, ended) => {
    const task = taskNamed(entry.task);
    const judged = score(entry, response, { ended });
    const general = task.general === true && preference !== null;
    const [thinking, answer] = parted(response);
    const parts: Record<string, number> = {
      accuracy: general ? Number.NaN : judged.parts.accuracy,
      format: judged.parts.format,
    };
    const weights = [options.accuracy_weight, options.format_weight];
    const add = (name: string, weight: number, value: () => number) => {
      if (weight === 0) return;
      parts[name] = value();
      weights.push(weight);
    };
    add("language", options.language_weight, () => {
      const language = task.language?.(entry.data);
      if (language === undefined) return Number.NaN;
      return ended ? languageConsistency(task.general ? answer : thinking, language) : 0;
    });
    add("preference", options.preference_weight, () => {
      if (!general) return Number.NaN;
      return ended ? preferenceReward(preference, entry.prompt, answer) : 0;
    });
    add("harmless", options.harmless_weight, () => (task.general ? Number(ended && harmless(response)) : Number.NaN));
    return { parts, reward: combineRewards(Object.values(parts), weights), reason: judged.reason };
  };
}

/** Thinking and answer of a response. */
export function parted(response: string): [thinking: string, answer: string] {
  const close = response.lastIndexOf("</think>");
  return close < 0 ? [response, ""] : [response.slice(0, close), response.slice(close + "</think>".length).trim()];
}

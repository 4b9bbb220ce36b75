/** Questions and judge of a reinforced stage: the procedural world's or a file's, and what is added from files to the rules. */

import { verifySafely } from "../tasks/math/safely.ts";
import { formOf } from "../tasks/score.ts";
import type { TaskEntry } from "../tasks/task.ts";
import { combineRewards } from "../train/advantages.ts";
import { readExamples } from "../train/examples.ts";
import { readPreferenceModel } from "../train/preference-file.ts";
import type { RlOptions } from "./options.ts";
import { RewardFile } from "./reward-file.ts";
import { type Judge, judgeOf, parted } from "./rewards.ts";

/** The task name of questions that come from a file. */
const OWN = "own";

/** The questions of a file, prompts with answers. @throws UserError naming the line that is none */
export const questionsOf = (file: string): TaskEntry[] =>
  readExamples(file).map(({ prompt, answer }, index) => ({
    ...{ task: OWN, level: 1, split: "train", seed: 0, index, phrasing: 0 },
    ...{ prompt, key: prompt, answer, data: null },
  }));

export interface OpenJudge {
  readonly judge: Judge;
  close(): Promise<void>;
}

/** The judge with what it reads from files; `thinks`: prompts end inside an open think block. @throws UserError where one of them is no good */
export async function openJudge(options: RlOptions, thinks = true): Promise<OpenJudge> {
  const { preference_model, reward_file, reward_seconds, reward_weight } = options;
  const ruled = judgeOf(options, preference_model === null ? null : readPreferenceModel(preference_model));
  const rules: Judge = (entry, response, ended) =>
    entry.task === OWN ? judgeOwn(options, thinks, entry, response, ended) : ruled(entry, response, ended);
  if (reward_file === null) return { judge: rules, close: async () => {} };
  const own = await RewardFile.open(reward_file, reward_seconds);
  const judge: Judge = async (entry, response, ended) => {
    const { parts, reward, reason } = await rules(entry, response, ended);
    const [thinking, answer] = parted(response);
    const { prompt, answer: gold, task } = entry;
    const value = await own.score({ prompt, response, thinking, answer, gold, task, ended });
    return { parts: { ...parts, own: value }, reward: combineRewards([reward, value], [1, reward_weight]), reason };
  };
  return { judge, close: () => own.close() };
}

/** A question of a file: the math verifier on the answer, which reads numbers, expressions and words, and the form. */
async function judgeOwn(options: RlOptions, thinks: boolean, entry: TaskEntry, response: string, ended: boolean) {
  // a model that was not put into a think block may answer without one, out of form
  const bare = !thinks && !/<\/?think>/.test(response);
  const { answer, reason, ...form } = formOf(bare ? `</think>${response}` : response, ended);
  const format = bare ? 0 : form.format;
  const verdict = answer === null ? { correct: false, reason } : await verifySafely(entry.answer, answer);
  const parts = { accuracy: Number(verdict.correct), format };
  const reward = combineRewards([parts.accuracy, parts.format], [options.accuracy_weight, options.format_weight]);
  return { parts, reward, reason: verdict.reason };
}

/** The procedural world the recipes train in: its tokenizer, its template, and the families of questions with their shares. */
import { taskNamed } from "../tasks/catalogue.ts";
import type { FamilyShare } from "../tasks/corpus.ts";
import type { Task } from "../tasks/task.ts";
import { bundledTokenizer, characterTokenizerConfig, characterTokenizerJson } from "../text/character-tokenizer.ts";
import { Dialogue } from "../text/dialogue.ts";
import { BUNDLED_TEMPLATE } from "../text/template.ts";
import type { ModelFiles } from "../train/checkpoint.ts";

/** The tokenizer of the procedural world, and its template as ids. */
export const worldDialogue = (): Dialogue => new Dialogue(bundledTokenizer());

/** Tokenizer, template and sampling defaults as saved beside the weights of a model of the procedural world. */
export function worldFiles(positions: number): ModelFiles {
  return {
    tokenizer: characterTokenizerJson(),
    tokenizerConfig: characterTokenizerConfig(BUNDLED_TEMPLATE, positions),
    chatTemplate: BUNDLED_TEMPLATE,
    generationConfig: { do_sample: true, temperature: 0.6, top_p: 0.95, bos_token_id: 0, eos_token_id: 1 },
  };
}

/** The families of a stage with their shares. @throws UserError for a family there is not */
export function weightedTasks(tasks: {
  readonly families: readonly string[];
  readonly weights: Readonly<Record<string, number>>;
  readonly document_levels?: Readonly<Record<string, readonly number[]>>;
}): FamilyShare[] {
  const { families, weights, document_levels = {} } = tasks;
  tasksNamed([...Object.keys(weights), ...Object.keys(document_levels)]);
  return tasksNamed(families).map((task) => ({
    task,
    weight: weights[task.name] ?? 1,
    levels: document_levels[task.name],
  }));
}

export const tasksNamed = (names: readonly string[]): Task[] => names.map(taskNamed);

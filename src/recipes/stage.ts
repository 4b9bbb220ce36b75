/** What every stage of a recipe shares: where it runs, whom it tells, the files beside its weights, and what it cost. */
import os from "node:os";
import process from "node:process";
import type { Device } from "../kernels/kernels.ts";
import { taskNamed } from "../tasks/catalogue.ts";
import type { Task } from "../tasks/task.ts";
import { bundledTokenizer, characterTokenizerConfig, characterTokenizerJson } from "../text/character-tokenizer.ts";
import { Dialogue } from "../text/dialogue.ts";
import { BUNDLED_TEMPLATE } from "../text/template.ts";
import type { ModelFiles } from "../train/checkpoint.ts";
import type { JsonRecord } from "../train/jsonl.ts";

/** Told of what happens while a stage runs; the command line draws it. */
export interface StageListener {
  /** A stage begins (or goes on at `done` of `total` steps). */
  begin(stage: string, done: number, total: number): void;
  /** A step ended: its line of metrics.jsonl. */
  step(metrics: JsonRecord): void;
  /** Something worth a line of its own. */
  note(text: string): void;
}

export interface StageContext {
  readonly device: Device;
  readonly seed: number;
  readonly preset: string | null;
  /** The run's folder. */
  readonly out: string;
  readonly resume: boolean;
  /** Aborted: the stage saves after the step under way and throws the signal's reason. */
  readonly signal: AbortSignal;
  readonly listener: StageListener;
}

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

export interface WeightedTask {
  readonly task: Task;
  readonly weight: number;
}

/** The families of a stage with their shares. @throws UserError for a family there is not */
export function weightedTasks(tasks: {
  readonly families: readonly string[];
  readonly weights: Readonly<Record<string, number>>;
}): WeightedTask[] {
  tasksNamed(Object.keys(tasks.weights));
  return tasksNamed(tasks.families).map((task) => ({ task, weight: tasks.weights[task.name] ?? 1 }));
}

export const tasksNamed = (names: readonly string[]): Task[] => names.map(taskNamed);

/** Seconds and core-seconds since it was made; a resumed run adds what was spent before. */
export class CostMeter {
  readonly #started = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #before: { readonly seconds: number; readonly core_seconds: number };

  constructor(before: unknown) {
    const spent = (before ?? {}) as { seconds?: number; core_seconds?: number };
    this.#before = { seconds: spent.seconds ?? 0, core_seconds: spent.core_seconds ?? 0 };
  }

  /** Wall-clock seconds and processor seconds of all threads. */
  spent(): { readonly seconds: number; readonly core_seconds: number } {
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      seconds: this.#before.seconds + (performance.now() - this.#started) / 1000,
      core_seconds: this.#before.core_seconds + (user + system) / 1e6,
    };
  }
}

/** What is needed to repeat a run on a like machine. */
export function versions(): Record<string, string> {
  return {
    reckon: "0.1.0",
    node: process.version,
    v8: process.versions.v8,
    machine: `${os.cpus().length} x ${os.cpus()[0]?.model ?? os.arch()}`,
  };
}

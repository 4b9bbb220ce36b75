/** What every stage of a recipe shares: where it runs, whom it tells, and what it cost. */
import os from "node:os";
import process from "node:process";
import type { Device } from "../kernels/kernels.ts";
import type { JsonRecord } from "../train/jsonl.ts";

/** Told of what happens while a stage runs; the command line draws it. */
export interface StageListener {
  /** A stage begins (or goes on at `done` of `total` steps). */
  begin(stage: string, done: number, total: number): void;
  /** A step ended: its line of metrics.jsonl. */
  step(metrics: JsonRecord): void;
  /** Something worth a line of its own. */
  note(text: string): void;
  /** An answer the step learned from, one a step; who draws it picks some. */
  sample?(sample: ShownSample): void;
}

export interface ShownSample {
  readonly prompt: string;
  readonly response: string;
  /** Reward parts by name; NaN where a part could not judge. */
  readonly parts: Readonly<Record<string, number>>;
  readonly reward: number;
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

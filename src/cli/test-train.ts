// Runs of `reckon train` as processes of their own, with settings that make a step take milliseconds.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { TINY_MODEL } from "../recipes/test-settings.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

export const set = (settings: readonly string[]): string[] => settings.flatMap((one) => ["--set", one]);
const TINY = set(TINY_MODEL);
const DIRECT = ["styles.direct=1", "styles.terse=0", "styles.careful=0"];
const document = (prefix: string, steps: number): string[] =>
  set(
    [...DIRECT, `tokens=${512 * steps}`, "tokens_per_step=512", "evaluation.items=8", "evaluation.max_tokens=12"].map(
      (one) => prefix + one,
    ),
  );
/** Pre-training of this many steps of some milliseconds. */
export const pretrain = (out: string, steps: number, ...settings: string[]): string[] => [
  ..."train pretrain --json --threads 1 --out".split(" "),
  ...[out, ...TINY, ...document("", steps), ...set(settings)],
];
/** A short base stage, then reinforcement learning. */
export const r1zero = (out: string, base: number, steps: number, ...settings: string[]): string[] => [
  ..."train r1-zero --json --threads 1 --out".split(" "),
  ...[out, ...TINY, ...document("pretrain.", base), ...set(["pretrain.checkpoint_every=16", `steps=${steps}`])],
  ...set([
    "prompts_per_step=6",
    "group_size=4",
    "max_completion_length=12",
    "evaluation.items=8",
    "evaluation.every=10",
  ]),
  ...set(["evaluation.max_tokens=12", "save_rollouts=4", "checkpoint_every=7", "lr=0.003", ...settings]),
];
export const resume = (recipe: string, out: string, ...more: string[]): string[] => [
  ...`train ${recipe} --json --threads 1 --resume --out`.split(" "),
  ...[out, ...more],
];

export interface End {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command; `onStep` sees each line of standard output and may signal the process. */
export function reckon(
  args: readonly string[],
  onStep?: (line: Record<string, unknown>, child: ChildProcess) => void,
): Promise<End> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let [out, err, read] = ["", "", 0];
    child.stdout.on("data", (bytes) => {
      out += bytes;
      for (let end = out.indexOf("\n", read); end >= 0; end = out.indexOf("\n", read)) {
        onStep?.(JSON.parse(out.slice(read, end)), child);
        read = end + 1;
      }
    });
    child.stderr.on("data", (bytes) => {
      err += bytes;
    });
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

/** Signals the process once, at the first line that fits. */
export function signalAt(signal: NodeJS.Signals, fits: (line: Record<string, unknown>) => boolean) {
  let sent = false;
  return (line: Record<string, unknown>, child: ChildProcess): void => {
    if (sent || !fits(line)) return;
    sent = true;
    child.kill(signal);
  };
}

/** Exactly one sentence on standard error, the same in JSON on standard output. */
export function assertSentence({ code, out, err }: End, exit: number, sentence: RegExp): void {
  assert.match(err, sentence);
  assert.equal(code, exit, err);
  assert.equal(err.trim().split("\n").length, 1, err);
  assert.doesNotMatch(err, /inside Reckon|\n\s+at /);
  const last = JSON.parse(out.trim().split("\n").at(-1)!);
  assert.equal(`reckon: ${last.error.message}`, err.trim());
}

/** Runs the jobs two at a time. */
export async function pool<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < jobs.length; i = next++) results[i] = await jobs[i]!();
  };
  await Promise.all([worker(), worker()]);
  return results;
}

/** Runs JavaScript and TypeScript programs with their tests in QuickJS, on a thread that is ended where it does not end by itself. */
import { Worker } from "node:worker_threads";
import type { JavaScriptJob } from "./javascript-worker.ts";
import { type CodeLimits, type CodeOutcome, LIMITS, type Program, shortError, tooLong } from "./outcome.ts";
import { Turns } from "./turns.ts";

/** Milliseconds beyond its limit for the thread to start, and for QuickJS to interrupt the program by itself. */
const GRACE = 3000;

const turns = new Turns();

/** Runs one, on a thread of its own; others wait for their turn where all processors are taken. Never throws for what a program does. */
export function runJavaScript(
  program: Program,
  options: { readonly typescript?: boolean; readonly limits?: CodeLimits } = {},
): Promise<CodeOutcome> {
  const limits = { ...LIMITS, ...options.limits };
  return turns.take(() => runNow({ program, typescript: options.typescript ?? false, limits }));
}

function runNow(job: JavaScriptJob): Promise<CodeOutcome> {
  const worker = new Worker(new URL("./javascript-worker.ts", import.meta.url), {
    workerData: job,
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: {},
  });
  return new Promise((resolve) => {
    const end = (outcome: CodeOutcome): void => {
      clearTimeout(alarm);
      worker.removeAllListeners();
      worker.on("error", () => undefined);
      void worker.terminate();
      resolve(outcome);
    };
    const failed = (reason: string): void => end({ passed: false, reason, output: "" });
    const alarm = setTimeout(() => failed(tooLong(job.limits.ms)), job.limits.ms + GRACE);
    worker.once("message", end);
    worker.once("error", (error) => failed(`the sandbox ended it (${shortError(error.message)})`));
    worker.once("exit", () => failed("the sandbox ended it"));
  });
}

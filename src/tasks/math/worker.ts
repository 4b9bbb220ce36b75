/** The thread that judges for `Verifier` (safely.ts): it says which job it is at in shared memory, and posts each verdict. */
import { parentPort, workerData } from "node:worker_threads";
import { clock } from "./clock.ts";
import { type MathVerdict, type VerifyOptions, verify } from "./verify.ts";

/** What the worker is started with. */
export interface WorkerStart {
  /** The number of the job being judged and, in milliseconds modulo 2^31, when it was begun. */
  readonly progress: Int32Array;
}

export interface Job {
  readonly number: number;
  readonly gold: string;
  readonly answer: string;
  readonly options: VerifyOptions;
}

/** null: the worker is ready. */
export type Report = { readonly number: number; readonly verdict: MathVerdict } | null;

if (parentPort !== null) {
  const port = parentPort;
  const { progress } = workerData as WorkerStart;
  port.on("message", (jobs: readonly Job[]) => {
    for (const { number, gold, answer, options } of jobs) {
      Atomics.store(progress, 1, clock());
      Atomics.store(progress, 0, number);
      port.postMessage({ number, verdict: verify(gold, answer, options) } satisfies Report);
    }
  });
  port.postMessage(null satisfies Report);
}

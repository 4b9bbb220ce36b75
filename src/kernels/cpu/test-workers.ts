/** For tests of what happens when kernel threads end: takes hold of those that are started, and starts some that are to end. */
import { syncBuiltinESMExports } from "node:module";
import threads, { type Worker } from "node:worker_threads";
import { EPOCH, GATE } from "./assembly/addresses.ts";

/**
 * Runs `start` and gives the worker threads it started too.
 * @param preload a module that each of them runs before its own
 * @param armed seen by the module as `workerData.armed`
 */
export async function withWorkers<T>(
  start: () => Promise<T>,
  preload?: string,
  armed?: Int32Array,
): Promise<{ readonly result: T; readonly started: readonly Worker[] }> {
  const started: Worker[] = [];
  const { Worker: Plain } = threads;
  threads.Worker = class extends Plain {
    constructor(url: URL, options: ConstructorParameters<typeof Plain>[1] = {}) {
      const { execArgv = [], workerData } = options;
      super(url, {
        ...options,
        workerData: { ...workerData, armed },
        execArgv: preload === undefined ? execArgv : [...execArgv, "--import", `data:text/javascript,${preload}`],
      });
      started.push(this);
    }
  };
  syncBuiltinESMExports();
  try {
    return { result: await start(), started };
  } finally {
    threads.Worker = Plain;
    syncBuiltinESMExports();
  }
}

/** A kernel thread that takes part in no kernel but one, once it is armed (or has no arming), and ends in it. */
export const DIES_IN_A_KERNEL = encodeURIComponent(`
  import { workerData } from "node:worker_threads";
  const { memory, armed = new Int32Array([1]) } = workerData;
  const words = new Int32Array(memory.buffer);
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (module, imports) {
    if (imports?.env?.stillWaiting === undefined) return new Instance(module, imports); // Node's own
    const workerLoop = () => {
      for (;;) {
        const epoch = Atomics.load(words, ${EPOCH >> 2});
        const gate = Atomics.load(words, ${GATE >> 2});
        const open = gate >>> 8 === (epoch & 0xffffff) && (gate & 128) === 0 && epoch > 0;
        if (Atomics.load(armed, 0) === 0 || !open) Atomics.wait(words, ${EPOCH >> 2}, epoch, 1);
        else if (Atomics.compareExchange(words, ${GATE >> 2}, gate, gate + 1) === gate) process.exit(1);
      }
    };
    return { exports: { workerLoop } };
  };
`);

// A worker thread: says that it is ready, then lives inside the wasm's workerLoop until the pool is closed. Only the thread that
// dispatches looks whether the others are alive, so `stillWaiting` is nothing here. Plain JavaScript that imports nothing of ours:
// a thread that strips types holds 18 MB more for the rest of its life.
import { parentPort, workerData } from "node:worker_threads";

/** @type {import("./host.ts").ThreadStart} */
const { module, memory, epochAt, failedAt } = workerData;
const words = new Int32Array(memory.buffer);
const instance = new WebAssembly.Instance(module, { env: { memory, stillWaiting() {} } });
const kernels = /** @type {import("./pool.ts").KernelExports} */ (/** @type {unknown} */ (instance.exports));
const epoch = Atomics.load(words, epochAt >> 2);
parentPort?.postMessage("ready");
try {
  kernels.workerLoop(epoch);
} catch (error) {
  // Whoever waits for this thread looks at this word once a second.
  Atomics.store(words, failedAt >> 2, 1);
  throw error;
}

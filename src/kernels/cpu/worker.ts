/**
 * A worker thread: says that it is ready, then lives inside the wasm's workerLoop until the pool is closed. Only the thread that
 * dispatches looks whether the others are alive, so `stillWaiting` is nothing here.
 */
import { parentPort, workerData } from "node:worker_threads";
import { EPOCH, FAILED } from "./assembly/addresses.ts";
import type { WorkerStart } from "./host.ts";
import type { KernelExports } from "./pool.ts";

const { module, memory } = workerData as WorkerStart;
const words = new Int32Array(memory.buffer);
const kernels = new WebAssembly.Instance(module, { env: { memory, stillWaiting() {} } })
  .exports as unknown as KernelExports;
const epoch = Atomics.load(words, EPOCH >> 2);
parentPort?.postMessage("ready");
try {
  kernels.workerLoop(epoch);
} catch (error) {
  // Whoever waits for this thread looks at this word once a second.
  Atomics.store(words, FAILED >> 2, 1);
  throw error;
}

/** worker.mjs for the browser: a kernel thread, which gets module and memory in its first message. */
import { EPOCH, FAILED } from "./assembly/addresses.ts";
import type { WorkerStart } from "./host.ts";
import type { KernelExports } from "./pool.ts";

self.onmessage = ({ data }) => {
  const { module, memory } = data as WorkerStart;
  const words = new Int32Array(memory.buffer);
  const kernels = new WebAssembly.Instance(module, { env: { memory, stillWaiting() {} } })
    .exports as unknown as KernelExports;
  const epoch = Atomics.load(words, EPOCH >> 2);
  self.postMessage("ready");
  try {
    kernels.workerLoop(epoch);
  } catch (error) {
    // Whoever waits for this thread looks at this word once a second.
    Atomics.store(words, FAILED >> 2, 1);
    throw error;
  }
};

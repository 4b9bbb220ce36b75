/** The CPU device: memory and kernels over WebAssembly SIMD and worker threads. Kernels run as they are called. */
import { usageError } from "../../error.ts";
import type { Device } from "../kernels.ts";
import { attentionKernels } from "./attention.ts";
import { elementKernels } from "./element.ts";
import { processors } from "./host.ts";
import { linearKernels } from "./linear.ts";
import { lossKernels } from "./loss.ts";
import { CpuMemory } from "./memory.ts";
import { moeKernels } from "./moe.ts";
import { optimizerKernels } from "./optimizer.ts";
import { type Build, startPool } from "./pool.ts";
import { quantKernels } from "./quant.ts";

/**
 * Starts a CPU device. `threads` (1 to 64) defaults to the processors this process may use; `build` to the best this
 * machine runs. Throws UserError on a bad thread count and where the kernels are not built.
 */
export async function cpuDevice(options: { readonly threads?: number; readonly build?: Build } = {}): Promise<Device> {
  const threads = options.threads ?? Math.min(processors(), 64);
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw usageError(`--threads takes a whole number from 1 to 64, not ${threads}.`, "threads");
  const pool = await startPool(threads, options.build);
  const memory = new CpuMemory(pool.memory, pool.heap);
  const kernels = {
    ...linearKernels(pool, memory),
    ...quantKernels(pool, memory),
    ...elementKernels(pool, memory),
    ...attentionKernels(pool, memory),
    ...moeKernels(pool),
    ...lossKernels(pool),
    ...optimizerKernels(pool, memory),
  };
  return Object.assign(memory, kernels, {
    name: "cpu" as const,
    threads,
    finish: () => Promise.resolve(),
    lost: pool.lost,
    close: () => pool.close(),
  } satisfies Partial<Device>) as unknown as Device;
}

/** Matrix products on the CPU. */
import type { LinearKernels } from "../kernels.ts";
import type { CpuMemory } from "./memory.ts";
import type { Pool } from "./pool.ts";

export function linearKernels(_pool: Pool, _memory: CpuMemory): Partial<LinearKernels> {
  return {};
}

/** Elementwise kernels, norms, rotary embedding, SwiGLU and token embedding on the CPU. */
import type { ElementKernels } from "../kernels.ts";
import type { Pool } from "./pool.ts";

export function elementKernels(_pool: Pool): Partial<ElementKernels> {
  return {};
}

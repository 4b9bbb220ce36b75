/** A look inside a pass: what tests compare with other implementations layer by layer, and what tools may plot. */
import type { F32, I32 } from "../kernels/kernels.ts";

/**
 * Called in order with `embed`, then for each layer N `layerN.attn`, `layerN.gate.indices`, `layerN.gate.weights` (where it has
 * a router), `layerN.ffn`, `layerN` (after both residual sums), and `norm`. The buffer is reused: call `device.read` at once.
 */
export type Observe = (name: string, values: F32 | I32) => void;

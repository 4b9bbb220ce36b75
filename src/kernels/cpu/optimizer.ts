/** AdamW and Muon's momentum on the CPU: the step's constants are computed here in double precision. */
import type { OptimizerKernels } from "../kernels.ts";
import * as op from "./assembly/operations.ts";
import type { CpuMemory } from "./memory.ts";
import type { Pool } from "./pool.ts";

export function optimizerKernels({ int, float, run }: Pool, memory: CpuMemory): OptimizerKernels {
  return {
    adamw(p, g, m, v, lr, beta1, beta2, eps, weightDecay, step) {
      int.set([p.handle, g.handle, m.handle, v.handle, p.length]);
      float[5] = 1 - beta1;
      float[6] = beta2;
      float[7] = 1 - beta2;
      float[8] = 1 / Math.sqrt(1 - beta2 ** step);
      float[9] = eps;
      float[10] = 1 - lr * weightDecay;
      float[11] = -lr / (1 - beta1 ** step);
      run(op.ADAMW, p.length > 8192);
      memory.changed(p);
    },
    muonMomentum(g, buffer, out, momentum, nesterov) {
      int.set([g.handle, buffer.handle, out.handle, g.length]);
      float[4] = 1 - momentum;
      float[5] = momentum;
      int[6] = Number(nesterov);
      run(op.MUON_MOMENTUM, g.length > 8192);
    },
  };
}

/** Log-probabilities of target tokens and their gradient on the CPU. */
import type { LossKernels } from "../kernels.ts";
import * as op from "./assembly/operations.ts";
import type { Pool } from "./pool.ts";

export function lossKernels({ int, float, run }: Pool): LossKernels {
  return {
    tokenLogProbs(logits, targets, logp, lse, entropy, rows, vocabulary, temperature) {
      int.set([logits.handle, targets.handle, logp.handle, lse.handle, entropy.handle, rows, vocabulary]);
      float[7] = 1 / temperature;
      run(op.TOKEN_LOG_PROBS, rows * vocabulary > 4096);
    },
    tokenLogProbsGrad(logits, targets, lse, dlogp, dlogits, rows, vocabulary, temperature) {
      int.set([logits.handle, targets.handle, lse.handle, dlogp.handle, dlogits.handle, rows, vocabulary]);
      float[7] = 1 / temperature;
      run(op.TOKEN_LOG_PROBS_GRAD, rows * vocabulary > 4096);
    },
  };
}

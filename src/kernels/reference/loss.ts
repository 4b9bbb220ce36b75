/** Log-probability of a target token per row with its entropy, and the gradient, in plain loops. */
import type { LossKernels } from "../kernels.ts";

export const tokenLogProbs: LossKernels["tokenLogProbs"] = (
  logits,
  targets,
  logp,
  lse,
  entropy,
  rows,
  vocabulary,
  temperature,
) => {
  for (let r = 0; r < rows; r++) {
    const scaled = Array.from(logits.host!.subarray(r * vocabulary, (r + 1) * vocabulary), (l) => l / temperature);
    const max = scaled.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const total = max + Math.log(scaled.reduce((sum, l) => sum + Math.exp(l - max), 0));
    lse.host![r] = total;
    logp.host![r] = targets.host![r]! < 0 ? 0 : scaled[targets.host![r]!]! - total;
    entropy.host![r] = total - scaled.reduce((sum, l) => sum + Math.exp(l - total) * l, 0);
  }
};

export const tokenLogProbsGrad: LossKernels["tokenLogProbsGrad"] = (
  logits,
  targets,
  lse,
  dlogp,
  dlogits,
  rows,
  vocabulary,
  temperature,
) => {
  for (let r = 0; r < rows; r++)
    for (let v = 0; v < vocabulary; v++) {
      const p = Math.exp(logits.host![r * vocabulary + v]! / temperature - lse.host![r]!);
      dlogits.host![r * vocabulary + v] =
        targets.host![r]! < 0 ? 0 : (dlogp.host![r]! * ((v === targets.host![r] ? 1 : 0) - p)) / temperature;
    }
};

/** AdamW as torch.optim.AdamW computes it, and Muon's momentum as torch.optim.Muon does, in plain loops. */
import type { OptimizerKernels } from "../kernels.ts";

export const adamw: OptimizerKernels["adamw"] = (p, g, m, v, lr, beta1, beta2, eps, weightDecay, step) => {
  const [correction1, correction2] = [1 - beta1 ** step, 1 - beta2 ** step];
  for (let i = 0; i < p.length; i++) {
    m.host![i] = beta1 * m.host![i]! + (1 - beta1) * g.host![i]!;
    v.host![i] = beta2 * v.host![i]! + (1 - beta2) * g.host![i]! ** 2;
    const update = m.host![i]! / correction1 / (Math.sqrt(v.host![i]! / correction2) + eps);
    p.host![i] = p.host![i]! * (1 - lr * weightDecay) - lr * update;
  }
};

export const muonMomentum: OptimizerKernels["muonMomentum"] = (g, buffer, out, momentum, nesterov) => {
  for (let i = 0; i < g.length; i++) {
    buffer.host![i]! += (1 - momentum) * (g.host![i]! - buffer.host![i]!);
    out.host![i] = nesterov ? g.host![i]! + momentum * (buffer.host![i]! - g.host![i]!) : buffer.host![i]!;
  }
};

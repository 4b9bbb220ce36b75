// The end every optimizer step has in common, once gradients are summed: clip, move the weights, move the router's bias.

import type { Decoder } from "../model/decoder.ts";
import type { Optimizer } from "./optimizer.ts";

export interface FinishedStep {
  readonly grad_norm: number;
  readonly learning_rate: number;
  readonly "router/max_violation"?: number;
}

/** @throws UserError when a gradient is not finite, before anything is changed. */
export async function finishStep(
  decoder: Decoder,
  optimizer: Optimizer,
  place: { readonly step: number; readonly factor: number },
  options: { readonly max_grad_norm: number; readonly router_gamma: number },
): Promise<FinishedStep> {
  const grad_norm = await optimizer.clip(options.max_grad_norm, place.step);
  optimizer.step(place.factor);
  await optimizer.round();
  const loads = await decoder.updateRouterBias(options.router_gamma);
  const violations = loads.map(({ loads: counts }) => {
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    return mean === 0 ? 0 : Math.max(...counts) / mean - 1;
  });
  return {
    grad_norm,
    learning_rate: optimizer.learningRate(place.factor),
    ...(violations.length > 0 ? { "router/max_violation": Math.max(...violations) } : {}),
  };
}

// When a loss or a gradient is no number: which weight is to blame, looked for only then, because reading them all is slow.

import { UserError } from "../error.ts";
import type { Device } from "../kernels/kernels.ts";
import type { Parameter } from "../tensor/tensor.ts";

/**
 * The error that stops a run whose numbers went bad: names the step, what is not finite ("the loss", "the gradient of ..."),
 * and the first weight that is not, if one is.
 */
export async function notFinite(
  device: Device,
  parameters: Iterable<Parameter>,
  what: string,
  value: number,
  step: number,
): Promise<UserError> {
  let blame = "all weights are finite";
  for (const { name, buf } of parameters) {
    if ((await device.read(buf)).every((one) => Number.isFinite(one))) continue;
    blame = `the weight ${name} is not finite`;
    break;
  }
  return new UserError(
    `Training stopped at step ${step}: ${what} is ${Number.isNaN(value) ? "NaN" : "infinite"} (${blame}). The last checkpoint is kept; resume from it with a lower learning rate.`,
    { type: "not_finite", param: what },
  );
}

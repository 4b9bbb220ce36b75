// When a loss or a gradient is no number: which weight is to blame, looked for only then, because reading them all is slow.

import { UserError } from "../error.ts";
import type { Device } from "../kernels/kernels.ts";
import type { Parameter } from "../tensor/tensor.ts";

/**
 * The error that stops a run whose numbers went bad: names the step, what is not finite ("the loss", "the gradient of ..."),
 * and the first weight that is not; where all are, the largest, because weights that outgrew the format are the usual cause.
 */
export async function notFinite(
  device: Device,
  parameters: Iterable<Parameter>,
  what: string,
  value: number,
  step: number,
): Promise<UserError> {
  let blame = "";
  let largest = 0;
  for (const { name, buf } of parameters) {
    const values = await device.read(buf);
    const own = values.reduce((most, one) => Math.max(most, Math.abs(one)), 0); // NaN where there is one
    if (!Number.isFinite(own)) {
      blame = `the weight ${name} is not finite`;
      break;
    }
    if (own < largest) continue;
    largest = own;
    blame = `all weights are finite, the largest in ${name}: ${own.toPrecision(2)}`;
  }
  return new UserError(
    `Training stopped at step ${step}: ${what} is ${Number.isNaN(value) ? "NaN" : "infinite"} (${blame}).`,
    { type: "not_finite", param: what },
  );
}

/**
 * Gradient checkpointing (arXiv 1604.06174): of a layer only the input is kept, and its activations are made again when its gradient is
 * wanted. Memory for one layer instead of all, for a second forward pass; the same ops on the same numbers, so the same bits.
 */
import type { Pass } from "./space.ts";
import { Tape } from "./tape.ts";
import { Tensor } from "./tensor.ts";

/** `run` on x (rows, width) -> (rows, width); without a tape it leaves its result in its argument's memory, with one it does not touch that. */
export function recomputed(pass: Pass, tape: Tape, x: Tensor, run: (pass: Pass, x: Tensor) => Tensor): Tensor {
  const { device, space } = pass;
  const result = space.tensor(x.rows, x.width);
  device.copy(x.buf, result.buf);
  run({ ...pass, tape: null }, result);
  tape.record([result], () => {
    const accumulate = tape.accumulates(x); // before the mark: it outlives this step
    const mark = device.mark();
    const own = new Tape(device);
    const input = new Tensor(x.buf, x.rows, x.width);
    const output = run({ device, tape: own, space }, input);
    own.accumulates(output);
    device.copy(result.grad!, output.grad!);
    own.backward();
    if (accumulate) device.axpy(1, input.grad!, x.grad!);
    else device.copy(input.grad!, x.grad!);
    device.release(mark);
  });
  return result;
}

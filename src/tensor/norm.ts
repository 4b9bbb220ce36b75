/** RMSNorm, and the pair of norms side by side that opens a multi-token-prediction module. */
import type { Pass } from "./space.ts";
import type { Tape } from "./tape.ts";
import type { Parameter, Tensor } from "./tensor.ts";

/** y = w * x / sqrt(mean(x^2) + eps) per row; (rows, width) -> (rows, width). */
export function rmsNorm(pass: Pass, x: Tensor, w: Parameter, eps: number): Tensor {
  const y = pass.space.tensor(x.rows, x.width);
  pass.device.rmsNorm(x.buf, w.buf, y.buf, x.rows, x.width, eps, x.width, x.width);
  if (pass.tape !== null) recordNorm(pass.tape, x, w, eps, y);
  return y;
}

function recordNorm(tape: Tape, x: Tensor, w: Parameter, eps: number, y: Tensor): void {
  tape.record([y], () => {
    const accumulate = tape.accumulates(x);
    tape.device.rmsNormGrad(y.grad!, x.buf, w.buf, x.grad!, w.grad, x.rows, x.width, eps, x.width, x.width, accumulate);
  });
}

/** RMSNorm of every head alone: x (rows, heads, w's width) -> the same shape. */
export function headNorm(pass: Pass, x: Tensor, w: Parameter, eps: number): Tensor {
  const y = pass.space.tensor(x.rows, x.width);
  const [heads, width] = [x.buf.length / w.inputs, w.inputs];
  pass.device.rmsNorm(x.buf, w.buf, y.buf, heads, width, eps, width, width);
  if (pass.tape !== null) recordHeadNorm(pass.tape, x, w, eps, y);
  return y;
}

function recordHeadNorm(tape: Tape, x: Tensor, w: Parameter, eps: number, y: Tensor): void {
  tape.record([y], () => {
    const accumulate = tape.accumulates(x);
    const [heads, width] = [x.buf.length / w.inputs, w.inputs];
    tape.device.rmsNormGrad(y.grad!, x.buf, w.buf, x.grad!, w.grad, heads, width, eps, width, width, accumulate);
  });
}

/** [norm(a) ; norm(b)]: two (rows, width) -> (rows, 2 width). */
export function normPair(
  pass: Pass,
  a: Tensor,
  aWeight: Parameter,
  b: Tensor,
  bWeight: Parameter,
  eps: number,
): Tensor {
  const [rows, width] = [a.rows, a.width];
  const y = pass.space.tensor(rows, 2 * width);
  pass.device.rmsNorm(a.buf, aWeight.buf, y.buf, rows, width, eps, width, 2 * width);
  pass.device.rmsNorm(b.buf, bWeight.buf, y.tail(pass.device, width), rows, width, eps, width, 2 * width);
  if (pass.tape !== null) recordPair(pass.tape, a, aWeight, b, bWeight, eps, y);
  return y;
}

function recordPair(
  tape: Tape,
  a: Tensor,
  aWeight: Parameter,
  b: Tensor,
  bWeight: Parameter,
  eps: number,
  y: Tensor,
): void {
  tape.record([y], () => {
    const { device } = tape;
    const [rows, width] = [a.rows, a.width];
    const dy = y.grad!;
    const dyB = device.slice(dy, width, dy.length - width);
    const addA = tape.accumulates(a);
    device.rmsNormGrad(dy, a.buf, aWeight.buf, a.grad!, aWeight.grad, rows, width, eps, width, 2 * width, addA);
    const addB = tape.accumulates(b);
    device.rmsNormGrad(dyB, b.buf, bWeight.buf, b.grad!, bWeight.grad, rows, width, eps, width, 2 * width, addB);
  });
}

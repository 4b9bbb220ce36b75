/** The linear layer, the residual sum and the gated feed-forward: each a forward that records its backward. */
import type { Pass } from "./space.ts";
import type { Tape } from "./tape.ts";
import type { Parameter, Tensor } from "./tensor.ts";

/** y = x w^T: x (rows, inputs), w (outputs, inputs) -> y (rows, outputs), into `y` where given. */
export function linear(pass: Pass, x: Tensor, w: Parameter, y: Tensor = pass.space.tensor(x.rows, w.outputs)): Tensor {
  pass.device.linear(x.buf, w.buf, y.buf, x.rows, w.inputs, w.outputs, w.inputs, false);
  if (pass.tape !== null) recordLinear(pass.tape, x, w, y);
  return y;
}

// dx = dy w, dw = dy^T x
function recordLinear(tape: Tape, x: Tensor, w: Parameter, y: Tensor): void {
  tape.record([y], () => {
    const { device } = tape;
    const dy = y.grad!;
    const accumulate = tape.accumulates(x);
    device.linearGradInput(dy, w.buf, x.grad!, x.rows, w.inputs, w.outputs, w.inputs, accumulate);
    if (w.trainable) device.linearGradWeight(dy, x.buf, w.grad, x.rows, w.inputs, w.outputs, w.inputs);
  });
}

/**
 * The residual sum x + branch. While recording, the sum takes the branch's memory (no backward reads the branch itself);
 * otherwise it takes x's. Returns the tensor that holds the sum.
 */
export function addResidual(pass: Pass, x: Tensor, branch: Tensor): Tensor {
  if (pass.tape === null) {
    pass.device.add(x.buf, branch.buf, x.buf);
    return x;
  }
  pass.device.add(x.buf, branch.buf, branch.buf);
  recordResidual(pass.tape, x, branch);
  return branch;
}

// dx = dbranch = d(sum)
function recordResidual(tape: Tape, x: Tensor, sum: Tensor): void {
  tape.recordInPlace(sum, () => {
    if (tape.accumulates(x)) tape.device.axpy(1, sum.grad!, x.grad!);
    else tape.device.copy(sum.grad!, x.grad!);
  });
}

/** y = down(silu(gate x) * up x): x (rows, hidden) -> y (rows, hidden), into `y` where given. */
export function feedForward(
  pass: Pass,
  x: Tensor,
  gate: Parameter,
  up: Parameter,
  down: Parameter,
  y: Tensor = pass.space.tensor(x.rows, down.outputs),
): Tensor {
  const { device, space, tape } = pass;
  const [rows, hidden, inner] = [x.rows, gate.inputs, gate.outputs];
  if (tape === null) space.enter();
  const g = space.tensor(rows, inner);
  const u = space.tensor(rows, inner);
  space.enter();
  const product = space.tensor(rows, inner); // made again in backward, cheaper than keeping it
  device.linear(x.buf, gate.buf, g.buf, rows, hidden, inner, hidden, false);
  device.linear(x.buf, up.buf, u.buf, rows, hidden, inner, hidden, false);
  device.swiglu(g.buf, u.buf, product.buf);
  device.linear(product.buf, down.buf, y.buf, rows, inner, hidden, inner, false);
  space.leave();
  if (tape === null) space.leave();
  else recordFeedForward(tape, x, gate, up, down, g, u, y);
  return y;
}

function recordFeedForward(
  tape: Tape,
  x: Tensor,
  gate: Parameter,
  up: Parameter,
  down: Parameter,
  g: Tensor,
  u: Tensor,
  y: Tensor,
): void {
  tape.record([y], () => {
    const { device } = tape;
    const [rows, hidden, inner] = [x.rows, gate.inputs, gate.outputs];
    const dy = y.grad!;
    const product = tape.take(g.buf.length); // then its own gradient
    device.swiglu(g.buf, u.buf, product);
    if (down.trainable) device.linearGradWeight(dy, product, down.grad, rows, inner, hidden, inner);
    device.linearGradInput(dy, down.buf, product, rows, inner, hidden, inner, false);
    const [dg, du] = [tape.take(g.buf.length), tape.take(u.buf.length)];
    device.swigluGrad(product, g.buf, u.buf, dg, du);
    if (gate.trainable) device.linearGradWeight(dg, x.buf, gate.grad, rows, hidden, inner, hidden);
    if (up.trainable) device.linearGradWeight(du, x.buf, up.grad, rows, hidden, inner, hidden);
    const accumulate = tape.accumulates(x);
    device.linearGradInput(dg, gate.buf, x.grad!, rows, hidden, inner, hidden, accumulate);
    device.linearGradInput(du, up.buf, x.grad!, rows, hidden, inner, hidden, true);
    for (const buffer of [product, dg, du, g.buf, u.buf]) tape.give(buffer);
  });
}

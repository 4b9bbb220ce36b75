/** The linear layer, the residual sum and the gated feed-forward: each a forward that records its backward. */
import { addAdapter } from "./adapter.ts";
import type { Pass } from "./space.ts";
import type { Tape } from "./tape.ts";
import type { Parameter, Tensor } from "./tensor.ts";
import { multiply, trainable, type Weight } from "./weight.ts";

/** y = x w^T (+ bias): x (rows, inputs), w (outputs, inputs), bias (outputs) -> y (rows, outputs), into `y` where given. */
export function linear(
  pass: Pass,
  x: Tensor,
  w: Weight,
  y: Tensor = pass.space.tensor(x.rows, w.outputs),
  bias: Parameter | null = null,
): Tensor {
  multiply(pass.device, x.buf, w, y.buf, x.rows, w.inputs);
  if (bias !== null) pass.device.addBias(y.buf, bias.buf, x.rows, w.outputs);
  if (pass.tape !== null) recordLinear(pass.tape, x, trainable(w), bias, y);
  if (w.adapter !== null) addAdapter(pass, x, w.adapter, y);
  return y;
}

// dx = dy w, dw = dy^T x, dbias = the sum of dy over rows
function recordLinear(tape: Tape, x: Tensor, w: Parameter, bias: Parameter | null, y: Tensor): void {
  tape.record([y], () => {
    const { device } = tape;
    const dy = y.grad!;
    const accumulate = tape.accumulates(x);
    device.linearGradInput(dy, w.buf, x.grad!, x.rows, w.inputs, w.outputs, w.inputs, accumulate);
    if (w.trainable) device.linearGradWeight(dy, x.buf, w.grad, x.rows, w.inputs, w.outputs, w.inputs);
    if (bias?.trainable) device.biasGrad(dy, bias.grad, x.rows, w.outputs);
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

/** The three matrices of a gated feed-forward, and their biases where the model has them. */
export interface GatedWeights {
  readonly gate: Weight;
  readonly up: Weight;
  readonly down: Weight;
  readonly biases: { readonly gate: Parameter; readonly up: Parameter; readonly down: Parameter } | null;
}

/** y = down(silu(gate x) * up x): x (rows, hidden) -> y (rows, hidden), into `y` where given. */
export function feedForward(
  pass: Pass,
  x: Tensor,
  weights: GatedWeights,
  y: Tensor = pass.space.tensor(x.rows, weights.down.outputs),
): Tensor {
  const { device, space, tape } = pass;
  const { gate, up, down, biases } = weights;
  if (gate.adapter !== null || up.adapter !== null || down.adapter !== null)
    return adaptedFeedForward(pass, x, weights, y);
  const [rows, inner] = [x.rows, gate.outputs];
  if (tape === null) space.enter();
  const g = space.tensor(rows, inner);
  const u = space.tensor(rows, inner);
  space.enter();
  const product = space.tensor(rows, inner); // made again in backward, cheaper than keeping it
  multiply(device, x.buf, gate, g.buf, rows, gate.inputs);
  multiply(device, x.buf, up, u.buf, rows, gate.inputs);
  if (biases !== null) {
    device.addBias(g.buf, biases.gate.buf, rows, inner);
    device.addBias(u.buf, biases.up.buf, rows, inner);
  }
  device.swiglu(g.buf, u.buf, product.buf);
  multiply(device, product.buf, down, y.buf, rows, inner);
  if (biases !== null) device.addBias(y.buf, biases.down.buf, rows, down.outputs);
  space.leave();
  if (tape === null) space.leave();
  else recordFeedForward(tape, x, weights, g, u, y);
  return y;
}

function recordFeedForward(tape: Tape, x: Tensor, weights: GatedWeights, g: Tensor, u: Tensor, y: Tensor): void {
  const { biases } = weights;
  const [gate, up, down] = [trainable(weights.gate), trainable(weights.up), trainable(weights.down)];
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
    if (biases?.gate.trainable) device.biasGrad(dg, biases.gate.grad, rows, inner);
    if (biases?.up.trainable) device.biasGrad(du, biases.up.grad, rows, inner);
    if (biases?.down.trainable) device.biasGrad(dy, biases.down.grad, rows, hidden);
    const accumulate = tape.accumulates(x);
    device.linearGradInput(dg, gate.buf, x.grad!, rows, hidden, inner, hidden, accumulate);
    device.linearGradInput(du, up.buf, x.grad!, rows, hidden, inner, hidden, true);
    for (const buffer of [product, dg, du, g.buf, u.buf]) tape.give(buffer);
  });
}

/** The same from single ops, each of which minds its own matrix's adapter. */
function adaptedFeedForward(pass: Pass, x: Tensor, { gate, up, down, biases }: GatedWeights, y: Tensor): Tensor {
  const { device, space, tape } = pass;
  if (tape === null) space.enter();
  const g = linear(pass, x, gate, undefined, biases?.gate);
  const u = linear(pass, x, up, undefined, biases?.up);
  const product = space.tensor(x.rows, gate.outputs);
  device.swiglu(g.buf, u.buf, product.buf);
  if (tape !== null) recordProduct(tape, g, u, product);
  linear(pass, product, down, y, biases?.down);
  if (tape === null) space.leave();
  return y;
}

function recordProduct(tape: Tape, g: Tensor, u: Tensor, product: Tensor): void {
  tape.record([product], () => {
    if (tape.accumulates(g) || tape.accumulates(u)) throw new Error("gate and up have one reader");
    tape.device.swigluGrad(product.grad!, g.buf, u.buf, g.grad!, u.grad!);
  });
}

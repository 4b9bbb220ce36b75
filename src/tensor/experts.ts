/**
 * The routed experts of a mixture as one op: rows are sorted by expert, each expert multiplies its block of rows, and the
 * results return weighted. What backward can make again cheaply (the sorted rows, the gated product) is not kept.
 */
import type { F32, I32, RouterShape } from "../kernels/kernels.ts";
import type { Pass } from "./space.ts";
import type { Tape } from "./tape.ts";
import type { Tensor } from "./tensor.ts";
import { multiplyGroups, trainable, type Weight } from "./weight.ts";

/** Which experts each row goes to, and the sorting that follows from it. */
export interface Routing {
  readonly shape: RouterShape;
  /** (rows, topK), best first. */
  readonly indices: I32;
  readonly weights: Tensor;
  readonly order: I32;
  readonly position: I32;
  readonly offsets: I32;
}

/** Chooses experts from router logits (rows, experts); `bias` moves the choice only. loads[e] += rows that chose e. */
export function route(pass: Pass, logits: Tensor, bias: F32 | null, loads: I32, shape: RouterShape): Routing {
  const { device, space } = pass;
  const { experts, topK } = shape;
  const pairs = logits.rows * topK;
  const indices = space.ints(pairs);
  const weights = space.tensor(logits.rows, topK);
  const [order, position, offsets] = [space.ints(pairs), space.ints(pairs), space.ints(experts + 1)];
  device.router(logits.buf, bias, indices, weights.buf, logits.rows, shape);
  device.moePlan(indices, order, position, offsets, loads, logits.rows, topK, experts);
  return { shape, indices, weights, order, position, offsets };
}

/** The stacked matrices of all experts: gate, up (experts, inner, hidden), down (experts, hidden, inner). */
export interface ExpertWeights {
  readonly gate: Weight;
  readonly up: Weight;
  readonly down: Weight;
}

/**
 * y[r] (+)= sum_j weight[r,j] expert_j(x[r]): x (rows, hidden) -> y (rows, hidden). With `accumulate` y holds the shared
 * experts' output, which a recorded op made. The gradient reaches the router's logits through the weights.
 */
export function experts(
  pass: Pass,
  x: Tensor,
  logits: Tensor,
  routing: Routing,
  { gate, up, down }: ExpertWeights,
  y: Tensor,
  accumulate: boolean,
): void {
  const { device, space, tape } = pass;
  const { order, position, offsets, weights, shape } = routing;
  const [rows, topK, groups] = [x.rows, shape.topK, shape.experts];
  const [pairs, hidden, inner] = [rows * topK, gate.inputs, gate.outputs];
  if (tape === null) space.enter();
  const g = space.tensor(pairs, inner);
  const u = space.tensor(pairs, inner);
  const e = space.tensor(pairs, hidden);
  space.enter();
  const sorted = space.tensor(pairs, hidden);
  const product = space.tensor(pairs, inner);
  device.moeGather(x.buf, order, sorted.buf, rows, topK, hidden);
  multiplyGroups(device, sorted.buf, gate, g.buf, offsets, groups, pairs);
  multiplyGroups(device, sorted.buf, up, u.buf, offsets, groups, pairs);
  device.swiglu(g.buf, u.buf, product.buf);
  multiplyGroups(device, product.buf, down, e.buf, offsets, groups, pairs);
  device.moeCombine(e.buf, position, weights.buf, y.buf, rows, topK, hidden, accumulate);
  space.leave();
  if (tape === null) space.leave();
  else recordExperts(tape, x, logits, routing, { gate, up, down }, g, u, e, y, accumulate);
}

function recordExperts(
  tape: Tape,
  x: Tensor,
  logits: Tensor,
  { indices, weights, order, position, offsets, shape }: Routing,
  stacked: ExpertWeights,
  g: Tensor,
  u: Tensor,
  e: Tensor,
  y: Tensor,
  accumulate: boolean,
): void {
  const [gate, up, down] = [trainable(stacked.gate), trainable(stacked.up), trainable(stacked.down)];
  const backward = (): void => {
    const { device } = tape;
    const [rows, topK, groups] = [x.rows, shape.topK, shape.experts];
    const [pairs, hidden, inner] = [rows * topK, gate.inputs, gate.outputs];

    const [de, dWeights] = [tape.take(pairs * hidden), tape.take(pairs)];
    device.moeCombineGrad(y.grad!, e.buf, position, weights.buf, de, dWeights, rows, topK, hidden);
    if (tape.accumulates(logits)) throw new Error("the router's logits have one reader");
    device.routerGrad(dWeights, logits.buf, indices, weights.buf, logits.grad!, rows, shape);

    const product = tape.take(pairs * inner); // then its own gradient
    device.swiglu(g.buf, u.buf, product);
    if (down.trainable) device.groupedLinearGradWeight(de, product, down.grad, offsets, groups, pairs, inner, hidden);
    device.groupedLinearGradInput(de, down.buf, product, offsets, groups, pairs, inner, hidden, false);
    const [dg, du] = [tape.take(pairs * inner), tape.take(pairs * inner)];
    device.swigluGrad(product, g.buf, u.buf, dg, du);

    const sorted = de; // its values are used up; then the gradient of the sorted rows
    device.moeGather(x.buf, order, sorted, rows, topK, hidden);
    if (gate.trainable) device.groupedLinearGradWeight(dg, sorted, gate.grad, offsets, groups, pairs, hidden, inner);
    if (up.trainable) device.groupedLinearGradWeight(du, sorted, up.grad, offsets, groups, pairs, hidden, inner);
    device.groupedLinearGradInput(dg, gate.buf, sorted, offsets, groups, pairs, hidden, inner, false);
    device.groupedLinearGradInput(du, up.buf, sorted, offsets, groups, pairs, hidden, inner, true);
    const add = tape.accumulates(x);
    device.moeGatherGrad(sorted, position, x.grad!, rows, topK, hidden, add);
    for (const buffer of [de, dWeights, product, dg, du, g.buf, u.buf, e.buf]) tape.give(buffer);
  };
  if (accumulate) tape.recordInPlace(y, backward);
  else tape.record([y], backward);
}

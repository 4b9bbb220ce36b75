/**
 * LoRA (arXiv 2106.09685): beside a frozen matrix W (outputs, inputs) two thin ones are learned, A (r, inputs) and B (outputs, r), and
 * y = x W^T + (alpha / r) (x A^T) B^T. The same two products in training and in decoding, so rollouts have training's bits here too.
 */
import type { Device } from "../kernels/kernels.ts";
import type { Pass } from "./space.ts";
import type { Tape } from "./tape.ts";
import { type Adapter, Parameter, type Tensor } from "./tensor.ts";

/** An adapter of rank r beside a matrix; zeros until written, and while B is zero it changes nothing. */
export function newAdapter(device: Device, of: Parameter, r: number, alpha: number): Adapter {
  const name = of.name.replace(/\.weight$/, "");
  return {
    a: new Parameter(device, `${name}.lora_A.weight`, [r, of.inputs]),
    b: new Parameter(device, `${name}.lora_B.weight`, [of.outputs, r]),
    scale: alpha / r,
  };
}

/** y += scale (x A^T) B^T: x (rows, inputs), y (rows, outputs), which already holds x W^T. */
export function addAdapter(pass: Pass, x: Tensor, adapter: Adapter, y: Tensor): void {
  const { device, space, tape } = pass;
  const { a, b, scale } = adapter;
  if (tape === null) space.enter();
  const h = space.tensor(x.rows, a.outputs); // (rows, r)
  device.linear(x.buf, a.buf, h.buf, x.rows, a.inputs, a.outputs, a.inputs, false);
  device.scale(h.buf, scale);
  device.linear(h.buf, b.buf, y.buf, x.rows, b.inputs, b.outputs, b.inputs, true);
  if (tape === null) space.leave();
  else recordAdapter(tape, x, adapter, h, y);
}

// dB = dy^T h, dh = scale dy B, dA = dh^T x, dx += dh A
function recordAdapter(tape: Tape, x: Tensor, { a, b, scale }: Adapter, h: Tensor, y: Tensor): void {
  tape.recordInPlace(y, () => {
    const { device } = tape;
    const [dy, rows] = [y.grad!, x.rows];
    device.linearGradWeight(dy, h.buf, b.grad, rows, b.inputs, b.outputs, b.inputs);
    const dh = tape.take(h.buf.length);
    device.linearGradInput(dy, b.buf, dh, rows, b.inputs, b.outputs, b.inputs, false);
    device.scale(dh, scale);
    device.linearGradWeight(dh, x.buf, a.grad, rows, a.inputs, a.outputs, a.inputs);
    const accumulate = tape.accumulates(x);
    device.linearGradInput(dh, a.buf, x.grad!, rows, a.inputs, a.outputs, a.inputs, accumulate);
    tape.give(dh);
    tape.give(h.buf);
  });
}

/** W + scale B A on the host, in float32; W itself where there is no adapter. */
export async function mergedValues(device: Device, { adapter, buf }: Parameter): Promise<Float32Array> {
  if (adapter === null) return device.read(buf);
  const { a, b, scale } = adapter;
  const columns = await device.read(b.buf);
  const rows = Float32Array.from(columns, (_, i) => {
    const [k, n] = [Math.floor(i / b.outputs), i % b.outputs];
    return scale * columns[n * b.inputs + k]!;
  }); // scale B^T (r, outputs)
  const mark = device.mark();
  try {
    const [left, merged] = [device.scratchF32(rows.length), device.scratchF32(buf.length)];
    device.write(left, rows);
    device.copy(buf, merged);
    device.linearGradWeight(left, a.buf, merged, b.inputs, a.inputs, b.outputs, a.inputs);
    return await device.read(merged);
  } finally {
    device.release(mark);
  }
}

// Master weights held to bfloat16's 8 bits of mantissa, as trainers hold them that have no float32 copy. Rounded at random, up as often as the
// rest is long, so that updates far smaller than a last digit still arrive on average (nearest would drop all of them). The dice are
// a hash of step, tensor and element: a resumed run throws the same.

import type { Device } from "../kernels/kernels.ts";
import type { Parameter } from "../tensor/tensor.ts";

/** Rounds every parameter after an optimizer step. */
export async function roundParameters(device: Device, parameters: readonly Parameter[], step: number): Promise<void> {
  for (const [i, { buf }] of parameters.entries()) {
    const values = buf.host ?? (await device.read(buf));
    roundStochastically(values, mix(step * 0x9e3779b1 + i));
    if (values === buf.host) device.changed(buf);
    else device.write(buf, values);
  }
}

/** Rounds finite float32 values in place to one of the two bfloat16 neighbours; what is bfloat16 already stays. */
export function roundStochastically(values: Float32Array, seed: number): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const rest = bits[i]! & 0xffff;
    if (rest === 0) continue;
    const up = (mix(seed ^ Math.imul(i + 1, 0x85ebca6b)) & 0xffff) < rest;
    bits[i] = (bits[i]! & 0xffff0000) + (up ? 0x10000 : 0);
  }
}

/** Murmur3's finaliser: 32 well-mixed bits. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

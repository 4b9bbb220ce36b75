/** Test helper: makes the same kernel call with the same random inputs on several devices and compares what comes out. */
import assert from "node:assert/strict";
import type { Device, F32, I32 } from "./kernels.ts";

/** Makes inputs on the device under test: the same numbers on every device that the call is made on. */
export interface Inputs {
  /** A buffer of normally distributed numbers times `scale`. */
  f32(length: number, scale?: number): F32;
  /** The same as a parameter (a weight). */
  parameter(length: number, scale?: number): F32;
  /** Integers in [0, below). */
  i32(length: number, below: number): I32;
  /** A buffer with given values. */
  ints(values: readonly number[]): I32;
  floats(values: readonly number[]): F32;
  /** A buffer that the kernel is to overwrite: not-a-number, so that what it misses shows. */
  output(length: number): F32;
  outputInts(length: number): I32;
  /** A uniform number in [0, 1). */
  uniform(): number;
}

/** A kernel call: makes its inputs, runs, names the buffers that hold results. */
export type KernelCall = (device: Device, inputs: Inputs) => readonly (F32 | I32)[];

/** The results of a call, read back; its buffers are freed. */
export async function outputsOf(
  device: Device,
  seed: number,
  call: KernelCall,
): Promise<readonly (Float32Array | Int32Array)[]> {
  const made: (F32 | I32)[] = [];
  const outputs = call(device, inputsFor(device, seed, made));
  const values: (Float32Array | Int32Array)[] = [];
  for (const output of outputs)
    values.push(output.type === "f32" ? await device.read(output) : await device.read(output));
  for (const buffer of made) device.free(buffer);
  return values;
}

/**
 * Asserts that `device` gives what `truth` gives: integers equal, floats within tolerance * (|truth| + root mean square of
 * the truth), which allows for rounding in sums that cancel.
 */
export async function compareKernel(
  truth: Device,
  device: Device,
  seed: number,
  call: KernelCall,
  tolerance = 1e-5,
): Promise<void> {
  const expected = await outputsOf(truth, seed, call);
  const actual = await outputsOf(device, seed, call);
  assert.equal(actual.length, expected.length);
  expected.forEach((values, output) => {
    assert.equal(actual[output]!.length, values.length, `length of output ${output}`);
    if (values instanceof Int32Array) {
      assert.deepEqual(actual[output], values, `output ${output}`);
      return;
    }
    let squares = 0;
    for (const value of values) if (Number.isFinite(value)) squares += value * value;
    const typical = Math.sqrt(squares / Math.max(1, values.length));
    values.forEach((value, i) => {
      const error = Math.abs(actual[output]![i]! - value);
      const allowed = tolerance * (Math.abs(value) + typical);
      // Written so that a NaN on one side only fails; both NaN (a place nobody writes) passes.
      if (!(error <= allowed || Object.is(actual[output]![i], value)))
        assert.fail(
          `output ${output}[${i}] is ${actual[output]![i]}, truth ${value}, allowed ${allowed} (seed ${seed})`,
        );
    });
  });
}

/** Asserts that a call gives the same bits on every device. */
export async function sameBits(devices: readonly Device[], seed: number, call: KernelCall): Promise<void> {
  const [first, ...others] = await Promise.all(devices.map((device) => outputsOf(device, seed, call)));
  for (const other of others)
    other.forEach((values, output) => {
      assertSameBits(values, first![output]!, `output ${output} (seed ${seed})`);
    });
}

/** Asserts that two arrays are equal bit for bit. */
export function assertSameBits(
  actual: Float32Array | Int32Array,
  expected: Float32Array | Int32Array,
  what = "",
): void {
  assert.equal(actual.length, expected.length, what);
  const bits = (x: Float32Array | Int32Array) => new Int32Array(x.slice().buffer);
  const [a, b] = [bits(actual), bits(expected)];
  for (let i = 0; i < a.length; i++)
    if (a[i] !== b[i]) assert.fail(`${what} [${i}]: ${actual[i]} and ${expected[i]} differ`);
}

function inputsFor(device: Device, seed: number, made: (F32 | I32)[]): Inputs {
  const uniform = mulberry32(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const keep = <B extends F32 | I32>(buffer: B, value: (i: number) => number): B => {
    device.write(
      buffer,
      Array.from({ length: buffer.length }, (_, i) => value(i)),
    );
    made.push(buffer);
    return buffer;
  };
  return {
    f32: (length, scale = 1) => keep(device.f32(length), () => normal() * scale),
    parameter: (length, scale = 1) => keep(device.parameter(length), () => normal() * scale),
    i32: (length, below) => keep(device.i32(length), () => Math.floor(uniform() * below)),
    ints: (values) => keep(device.i32(values.length), (i) => values[i]!),
    floats: (values) => keep(device.f32(values.length), (i) => values[i]!),
    output: (length) => keep(device.f32(length), () => Number.NaN),
    outputInts: (length) => keep(device.i32(length), () => -1),
    uniform,
  };
}

/** Tommy Ettinger's mulberry32: a small generator with a 32-bit state. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

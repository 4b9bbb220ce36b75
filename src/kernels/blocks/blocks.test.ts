import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readTestJson, testData } from "../../checkpoint/test-data.ts";
import { UserError } from "../../error.ts";
import { dequantize } from "./dequantize.ts";
import { f32BitsToBf16, HALF, toHalf } from "./half.ts";
import { quantize, WRITABLE_TYPES, type WritableType } from "./quantize.ts";
import { blockBytes, blockInfo, GGML_TYPES, type GgmlType, typeOfId } from "./types.ts";

interface Golden {
  readonly ggml_type: number;
  readonly block_elems: number;
  readonly block_bytes: number;
  readonly [set: string]: number | { readonly blocks: string; readonly deq: string };
}

interface Goldens {
  readonly inputs: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, Golden>>;
}

const GOLDENS = "oracles/gguf_quant_goldens.json.gz";
const { skip } = testData(GOLDENS);
const goldens = (): Goldens => readTestJson<Goldens>(GOLDENS);
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));
const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

test("every format dequantises to the bits of ggml's C reference, random blocks included", { skip }, () => {
  for (const [name, golden] of Object.entries(goldens().types)) {
    const type = name.toUpperCase() as GgmlType;
    assert.deepEqual(blockInfo(type), {
      id: golden.ggml_type,
      elements: golden.block_elems,
      bytes: golden.block_bytes,
    });
    assert.equal(typeOfId(golden.ggml_type), type);
    for (const set of ["cos", "gauss", "random"]) {
      const { blocks, deq } = golden[set] as { blocks: string; deq: string };
      const out = new Float32Array(bytesOf(deq).length / 4 + 1);
      dequantize(type, bytesOf(blocks), out, 1);
      assert.equal(out[0], 0);
      assert.equal(hex(new Uint8Array(out.buffer, 4)), hex(bytesOf(deq)), `${type} ${set}`);
    }
  }
});

test("every writable format quantises to the bytes of ggml's C reference", { skip }, () => {
  const { inputs, types } = goldens();
  const names = Object.keys(types).map((name) => name.toUpperCase());
  const writable = WRITABLE_TYPES.filter((type) => names.includes(type));
  assert.equal(writable.length, WRITABLE_TYPES.length - 3); // F32, F16 and BF16 have no golden
  for (const type of writable) {
    const name = Object.keys(types).find((one) => one.toUpperCase() === type)!;
    for (const set of ["cos", "gauss"]) {
      const values = new Float32Array(bytesOf(inputs[set]).buffer);
      const { blocks } = types[name][set] as { blocks: string };
      assert.equal(hex(quantize(type, values)), hex(bytesOf(blocks)), `${type} ${set}`);
    }
  }
});

test("a quantised number is as near as the format's step allows", () => {
  // of the largest magnitude in the block; K-quants minimise a weighted sum, so single numbers may be off by more
  const steps: Partial<Record<WritableType, number>> = { F16: 2 ** -11, BF16: 2 ** -8, Q8_0: 1 / 253, Q4_0: 1 / 7.9 };
  for (const [type, step] of Object.entries(steps) as [WritableType, number][]) {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 32, maxLength: 32, noNaN: true, min: -1000, max: 1000 }),
        fc.integer({ min: -8, max: 5 }),
        (raw, power) => {
          const values = raw.map((v) => v * 2 ** power);
          const back = new Float32Array(32);
          dequantize(type, quantize(type, values), back);
          const largest = values.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
          for (const [i, v] of values.entries()) {
            assert.ok(Math.abs(back[i] - v) <= largest * step + 2 ** -24 * 16, `${type}: ${v} became ${back[i]}`);
          }
        },
      ),
      { seed: 7, numRuns: 100 },
    );
  }
});

test("a matrix of zeros stays one in every writable format", () => {
  for (const type of WRITABLE_TYPES) {
    const back = new Float32Array(256).fill(1);
    dequantize(type, quantize(type, new Float32Array(256)), back);
    assert.ok(
      back.every((v) => v === 0),
      type,
    );
  }
});

test("halves and bfloat16 round to nearest, ties to even", () => {
  const view = new DataView(new ArrayBuffer(8));
  for (let half = 0; half < 65536; half++) {
    view.setUint16(0, half);
    assert.ok(Object.is(HALF[half], view.getFloat16(0)));
    if (!Number.isNaN(HALF[half])) assert.equal(toHalf(HALF[half]), half);
  }
  fc.assert(
    fc.property(fc.float(), (value) => {
      view.setFloat16(0, value);
      assert.equal(toHalf(value), Number.isNaN(value) ? 0x7e00 : view.getUint16(0));
      view.setFloat32(4, value);
      const short = f32BitsToBf16(view.getUint32(4));
      view.setUint32(0, short << 16);
      const back = view.getFloat32(0);
      if (Number.isNaN(value)) assert.ok(Number.isNaN(back));
      else if (Math.abs(value) < 3.3e38) {
        assert.ok(Math.abs(back - value) <= Math.max(Math.abs(value), 2 ** -126) * 2 ** -8);
      }
    }),
    { seed: 3, numRuns: 2000 },
  );
});

test("sizes that do not fit are refused with a sentence", () => {
  const is = (message: RegExp) => (error: unknown) => error instanceof UserError && message.test(error.message);
  assert.throws(() => dequantize("Q8_0", new Uint8Array(33), new Float32Array(32)), is(/33 bytes of Q8_0/));
  assert.throws(() => dequantize("Q8_0", new Uint8Array(34), new Float32Array(31)), is(/do not fit 31 numbers/));
  assert.throws(() => quantize("Q4_K", new Float32Array(255)), is(/255 numbers/));
  assert.throws(() => blockInfo("IQ1_S"), is(/IQ1_S is not known/));
  assert.equal(blockBytes("Q6_K", 512), 420);
  assert.equal(new Set(GGML_TYPES.map((type) => blockInfo(type).id)).size, GGML_TYPES.length);
});

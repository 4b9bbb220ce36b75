import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { UserError } from "../error.ts";
import { HALF } from "../kernels/blocks/half.ts";
import { bytesToF32, DTYPE_BYTES, type Dtype, f32ToBytes } from "./dtypes.ts";
import { openSafetensors, openSafetensorsIndex, writeSafetensors } from "./safetensors.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-safetensors-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, "a.safetensors");

const product = (shape: readonly number[]): number => shape.reduce((all, extent) => all * extent, 1);

/** A file with the given header text and this many bytes of data. */
function writeRaw(header: string, dataBytes: number, claimed = Buffer.byteLength(header)): void {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(claimed));
  fs.writeFileSync(file, Buffer.concat([head, Buffer.from(header), Buffer.alloc(dataBytes)]));
}

const opens = (): void => openSafetensors(file).close();

test("any set of tensors comes back bit for bit, with its metadata", () => {
  const dtype = fc.constantFrom(...(Object.keys(DTYPE_BYTES) as Dtype[]));
  const tensor = fc
    .record({ name: fc.string(), dtype, shape: fc.array(fc.nat(5), { maxLength: 3 }) })
    .chain(({ name, dtype, shape }) => {
      const bytes = product(shape) * DTYPE_BYTES[dtype];
      return fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((data) => ({ name, dtype, shape, data }));
    });
  const set = fc.uniqueArray(tensor, { selector: (one) => one.name, maxLength: 6 });
  fc.assert(
    fc.property(set, fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }), (tensors, metadata) => {
      fc.pre(tensors.every((one) => one.name !== "__metadata__"));
      writeSafetensors(file, tensors, metadata);
      const opened = openSafetensors(file);
      try {
        assert.deepEqual({ ...opened.metadata }, { ...metadata });
        assert.deepEqual(new Set(opened.tensors.keys()), new Set(tensors.map((one) => one.name)));
        for (const { name, dtype, shape, data } of tensors) {
          assert.deepEqual(opened.tensors.get(name)?.shape, shape);
          assert.equal(opened.tensors.get(name)?.dtype, dtype);
          assert.deepEqual(opened.readRaw(name), data);
          assert.equal(opened.readF32(name).length, product(shape));
        }
      } finally {
        opened.close();
      }
    }),
    { numRuns: 60 },
  );
});

test("a metadata key named __proto__ is a key like any other", () => {
  writeSafetensors(file, [], Object.fromEntries([["__proto__", "kept"]]));
  const opened = openSafetensors(file);
  opened.close();
  assert.deepEqual(Object.entries(opened.metadata), [["__proto__", "kept"]]);
});

test("float32 data written as BF16 or F16 is rounded to the nearest, ties to even, on every value", () => {
  const scratch = new Float32Array(1);
  fc.assert(
    fc.property(fc.float(), fc.constantFrom("BF16" as const, "F16" as const), (value, dtype) => {
      scratch[0] = value;
      const bits = new Uint16Array(f32ToBytes(dtype, scratch).slice().buffer)[0];
      const decode = (code: number): number => {
        const out = new Float32Array(1);
        bytesToF32(dtype, new Uint8Array(Uint16Array.of(code).buffer), out);
        return out[0];
      };
      const got = decode(bits);
      if (Number.isNaN(value)) return void assert.ok(Number.isNaN(got));
      const largest = dtype === "F16" ? 65504 : decode(0x7f7f);
      if (!Number.isFinite(got)) return void assert.ok(Math.abs(value) > largest);
      const distance = Math.abs(got - value);
      for (const neighbour of [bits - 1, bits + 1]) {
        const other = decode(neighbour & 0xffff);
        if (!Number.isFinite(other)) continue;
        const away = Math.abs(other - value);
        assert.ok(
          distance < away || (distance === away && bits % 2 === 0) || other === got,
          `${value}: ${got} against ${other}`,
        );
      }
    }),
    { numRuns: 2000 },
  );
  const edges = Float32Array.of(0, -0, Infinity, -Infinity, NaN, 1.00390625, 1.01171875, 3.4e38);
  assert.deepEqual(
    [...new Uint16Array(f32ToBytes("BF16", edges).slice().buffer)],
    [0, 0x8000, 0x7f80, 0xff80, 0x7fc0, 0x3f80, 0x3f82, 0x7f80],
  );
  const halves = Float32Array.of(65504, 65520, 2 ** -24, 2 ** -25, 6.1e-5);
  assert.deepEqual([...new Uint16Array(f32ToBytes("F16", halves).slice().buffer)], [0x7bff, 0x7c00, 1, 0, 0x3ff]);
});

test("every finite half and BF16 code survives the way to float32 and back", () => {
  for (const dtype of ["F16", "BF16"] as const) {
    const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);
    const floats = new Float32Array(65536);
    bytesToF32(dtype, new Uint8Array(codes.buffer), floats);
    const back = new Uint16Array(f32ToBytes(dtype, floats).slice().buffer);
    for (let code = 0; code < 65536; code++) if (!Number.isNaN(floats[code])) assert.equal(back[code], code);
  }
  assert.equal(HALF[0x3555], 0.333251953125);
});

test("F64, integers and FP8 read as float32", () => {
  const cases: [Dtype, ArrayBufferView, number[]][] = [
    ["F64", Float64Array.of(0.1, -2), [Math.fround(0.1), -2]],
    ["I64", BigInt64Array.of(-5n, 7n), [-5, 7]],
    ["I32", Int32Array.of(-5, 7), [-5, 7]],
    ["I8", Int8Array.of(-5, 7), [-5, 7]],
    ["BOOL", Uint8Array.of(0, 1), [0, 1]],
    ["F8_E4M3", Uint8Array.of(0x38, 0x7e, 0x01, 0xb8), [1, 448, 2 ** -9, -1]],
    ["F8_E8M0", Uint8Array.of(127, 0, 254), [1, 2 ** -127, 2 ** 127]],
    ["F8_E5M2", Uint8Array.of(0x3c, 0x7b), [1, 57344]],
  ];
  writeSafetensors(
    file,
    cases.map(([dtype, data, values]) => ({ name: dtype, dtype, shape: [values.length], data })),
  );
  const opened = openSafetensors(file);
  for (const [dtype, , values] of cases) assert.deepEqual([...opened.readF32(dtype)], values);
  const shared = new Float32Array(new SharedArrayBuffer(8));
  assert.deepEqual([...opened.readF32("F64", shared)], [Math.fround(0.1), -2]);
  assert.throws(() => opened.readF32("F64", new Float32Array(3)), /has 2 elements, but room for 3/);
  assert.throws(() => opened.readF32("absent"), /holds no tensor named absent/);
  opened.close();
});

test("data in shared memory is written as any other", () => {
  const data = new Float32Array(new SharedArrayBuffer(16)).fill(1.5);
  writeSafetensors(file, [
    { name: "a", dtype: "F32", shape: [4], data },
    { name: "b", dtype: "BF16", shape: [2, 2], data: () => data },
  ]);
  const opened = openSafetensors(file);
  assert.deepEqual([...opened.readF32("a"), ...opened.readF32("b")], Array(8).fill(1.5));
  opened.close();
});

test("every lie of a header is one sentence naming the file and the tensor", () => {
  const t = (dtype: unknown, shape: unknown, offsets: unknown) =>
    JSON.stringify({ dtype, shape, data_offsets: offsets });
  const lies: [string, number, RegExp][] = [
    ["{]", 0, /header is not JSON/],
    ["[]", 0, /not a JSON object/],
    [`{"w":${t("F32", [2], [0, 8])}}`, 4, /tensor w ends at byte 8 but the file holds 4 bytes.*cut short/],
    [`{"w":${t("F32", [2], [0, 8])}}`, 12, /4 bytes after the last tensor/],
    [`{"w":${t("F32", [3], [0, 8])}}`, 8, /tensor w of shape \[3\] and dtype F32 needs 12 bytes but claims 8/],
    [`{"w":${t("F31", [2], [0, 8])}}`, 8, /unknown dtype "F31"/],
    [`{"w":${t("F32", [-2], [0, 8])}}`, 8, /not a list of whole numbers/],
    [`{"w":${t("F32", [2], [8, 0])}}`, 8, /ends \(0\) before it begins/],
    [`{"w":${t("F32", [2], [0])}}`, 8, /no pair of data_offsets/],
    [`{"w":7}`, 8, /tensor w has no description/],
    [`{"v":${t("F32", [1], [0, 4])},"w":${t("F32", [1], [0, 4])}}`, 4, /tensor w overlaps/],
    [`{"v":${t("F32", [1], [0, 4])},"w":${t("F32", [1], [8, 12])}}`, 12, /4 bytes before the tensor w/],
    [`{"w":${t("F32", [1], [0, 4])},"w":${t("F32", [1], [4, 8])}}`, 8, /names the tensor w twice/],
    [
      `{"w":${t("F32", [2 ** 40, 2 ** 40], [0, 8])}}`,
      8,
      /needs 4835703278458516698824704 bytes but claims 8|needs 4.8\S+ bytes but claims 8/,
    ],
    [`{"__metadata__":{"a":1}}`, 0, /__metadata__ entry a is not text/],
  ];
  for (const [header, bytes, sentence] of lies) {
    writeRaw(header, bytes);
    assert.throws(
      opens,
      (error) => error instanceof UserError && sentence.test(error.message) && error.message.startsWith(file),
      header,
    );
  }
  writeRaw("{}", 0, 2 ** 40);
  assert.throws(opens, /header claims 1099511627776 bytes, so this is not a safetensors file/);
  writeRaw("{}", 0, 1000);
  assert.throws(opens, /only 2 follow, so the file is cut short/);
  fs.writeFileSync(file, "abc");
  assert.throws(opens, /only 3 bytes/);
  assert.throws(() => openSafetensors(path.join(folder, "none.safetensors")), /does not exist/);
  assert.throws(() => openSafetensors(folder), /is a folder/);
});

test("a corrupted or shortened file is read, or refused with a UserError, never anything else", () => {
  writeSafetensors(file, [
    { name: "model.a", dtype: "F32", shape: [3, 2], data: new Float32Array(6) },
    { name: "model.b", dtype: "BF16", shape: [5], data: new Float32Array(5) },
  ]);
  const good = fs.readFileSync(file);
  const flip = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(flip, fc.nat(good.length), (flips, length) => {
      const bytes = Buffer.from(good.subarray(0, length < 40 ? length : good.length));
      for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
      fs.writeFileSync(file, bytes);
      try {
        const opened = openSafetensors(file);
        for (const name of opened.tensors.keys()) opened.readF32(name);
        opened.close();
      } catch (error) {
        assert.ok(error instanceof UserError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("shards open as one file, and a missing or lying shard is one sentence", () => {
  const index = path.join(folder, "model.safetensors.index.json");
  const write = (map: Record<string, unknown>): void => fs.writeFileSync(index, JSON.stringify({ weight_map: map }));
  writeSafetensors(path.join(folder, "s1.safetensors"), [
    { name: "a", dtype: "F32", shape: [1], data: Float32Array.of(1) },
  ]);
  writeSafetensors(path.join(folder, "s2.safetensors"), [
    { name: "b", dtype: "F32", shape: [1], data: Float32Array.of(2) },
  ]);
  write({ a: "s1.safetensors", b: "s2.safetensors" });
  const opened = openSafetensorsIndex(index);
  assert.deepEqual([opened.readF32("a")[0], opened.readF32("b")[0]], [1, 2]);
  opened.close();
  write({ a: "s1.safetensors", b: "s3.safetensors" });
  assert.throws(() => openSafetensorsIndex(index), /lists the shard s3\.safetensors, which is not in the folder/);
  write({ a: "s1.safetensors", b: "s1.safetensors" });
  assert.throws(() => openSafetensorsIndex(index), /says the tensor b is in s1/);
  write({ a: "../../etc/passwd" });
  assert.throws(() => openSafetensorsIndex(index), /no file name/);
  fs.writeFileSync(index, "{}");
  assert.throws(() => openSafetensorsIndex(index), /has no weight_map/);
});

test("a full disk is one sentence, keeps the former file and leaves nothing half-written", () => {
  const place = fs.mkdtempSync(path.join(folder, "full-"));
  const target = path.join(place, "w.safetensors");
  const tensor = { name: "w", dtype: "F32" as const, shape: [1000], data: new Float32Array(1000) };
  writeSafetensors(target, [tensor]);
  const before = fs.readFileSync(target);
  let room = 100;
  const fullDisk = {
    writeSync: (fd: number, bytes: Uint8Array, offset: number, length: number): number => {
      if (room <= 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      const n = fs.writeSync(fd, bytes, offset, Math.min(length, room));
      room -= n;
      return n;
    },
    fsyncSync: fs.fsyncSync,
  };
  assert.throws(
    () => writeSafetensors(target, [tensor], {}, fullDisk),
    (error) => error instanceof UserError && /the disk is full; free some space/.test(error.message),
  );
  assert.deepEqual(fs.readdirSync(place), ["w.safetensors"]);
  assert.deepEqual(fs.readFileSync(target), before);
});

test("a tensor whose data does not fit its shape is not written", () => {
  const wrong = { name: "w", dtype: "F32" as const, shape: [3], data: new Float32Array(2) };
  assert.throws(() => writeSafetensors(path.join(folder, "x.safetensors"), [wrong]), /needs 12 bytes but 8 were given/);
  assert.throws(
    () =>
      writeSafetensors(path.join(folder, "x.safetensors"), [
        { ...wrong, shape: [2] },
        { ...wrong, shape: [2] },
      ]),
    /two tensors are named w/,
  );
  assert.equal(fs.existsSync(path.join(folder, "x.safetensors")), false);
});

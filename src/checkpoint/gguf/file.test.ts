import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { UserError } from "../../error.ts";
import { openGguf } from "./file.ts";
import { bool, f32, i32, type RawGguf, type RawTensor, rawGguf, text, texts, u32 } from "./test-files.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-gguf-"));
after(() => fs.rmSync(root, { recursive: true, force: true }));
let files = 0;
const written = (bytes: Uint8Array, name = `${files++}.gguf`): string => {
  const file = path.join(root, name);
  fs.writeFileSync(file, bytes);
  return file;
};

const KEYS: RawGguf["keys"] = [
  ["my_key_0", u32(7)],
  ["my_key_1", i32(-7)],
  ["my_key_2", f32(0.5)],
  ["my_key_3", bool(true)],
  ["my_key_4", text("ü≈")],
  ["my_key_5", texts(["a", "", "bc"])],
  ["my_key_6", { type: 10, bytes: Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255) }],
  ["my_key_7", { type: 9, of: 2, count: 2n, bytes: Uint8Array.of(1, 0, 2, 1) }],
  ["my_key_8", { type: 12, bytes: new Uint8Array(Float64Array.of(0.1).buffer) }],
  ["my_key_9", { type: 11, bytes: Uint8Array.of(254, 255, 255, 255, 255, 255, 255, 255) }],
];
const TENSORS: readonly RawTensor[] = [
  { name: "my_tensor_0", extents: [3, 5], data: new Uint8Array(60).fill(1) },
  { name: "my_tensor_1", type: "Q8_0", extents: [64, 2, 3], data: new Uint8Array(408).fill(2) },
  { name: "my_tensor_2", type: "F16", extents: [7], data: new Uint8Array(14).fill(3) },
];
const ALIGNED = (value: number): RawGguf["keys"] => [...KEYS!, ["general.alignment", u32(value)]];
const MAX = 0xffffffffffffffffn;

test("a well-formed file gives its values, its tensors outermost extent first, and their bytes", () => {
  for (const [keys, alignment] of [
    [KEYS, 32],
    [ALIGNED(1), 1],
    [ALIGNED(64), 64],
  ] as const) {
    const gguf = openGguf(written(rawGguf({ keys, tensors: TENSORS, alignment })));
    assert.deepEqual(gguf.metadata.get("my_key_7"), Uint16Array.of(1, 258));
    assert.deepEqual(
      ["my_key_0", "my_key_1", "my_key_2", "my_key_3", "my_key_4", "my_key_6", "my_key_8", "my_key_9"].map((key) =>
        gguf.metadata.get(key),
      ),
      [7, -7, 0.5, true, "ü≈", MAX, 0.1, -2],
    );
    assert.deepEqual(gguf.metadata.strings("my_key_5"), ["a", "", "bc"]);
    const second = gguf.tensors.get("my_tensor_1")!;
    assert.deepEqual([second.type, second.shape, second.elements, second.bytes], ["Q8_0", [3, 2, 64], 384, 408]);
    for (const [i, tensor] of [...gguf.tensors.values()].entries()) {
      const bytes = new Uint8Array(tensor.bytes - 4);
      gguf.readBytes(tensor, bytes, 4);
      assert.deepEqual(bytes, new Uint8Array(tensor.bytes - 4).fill(i + 1));
    }
    gguf.close();
  }
});

test("version 2, no keys, no tensors and extents of zero are well-formed", () => {
  openGguf(written(rawGguf({ version: 2, keys: KEYS, tensors: TENSORS }))).close();
  openGguf(written(rawGguf({}))).close();
  const zero = openGguf(written(rawGguf({ tensors: [{ name: "zero", extents: [32, 0] }] })));
  assert.deepEqual(zero.tensors.get("zero")?.shape, [0, 32]);
  zero.close();
});

/** The handcrafted files of llama.cpp's tests/test-gguf.cpp that must not open, under its names, with what the sentence must say. */
const BAD: Readonly<Record<string, readonly [RawGguf, RegExp]>> = {
  HEADER_BAD_MAGIC: [{ magic: "FUGG" }, /starts with "FUGG"/],
  HEADER_BAD_VERSION_0: [{ version: 0 }, /version 0/],
  HEADER_BAD_VERSION_1: [{ version: 1 }, /version 1/],
  HEADER_BAD_VERSION_FUTURE: [{ version: 4 }, /version 4/],
  HEADER_BIG_ENDIAN: [{ version: 0x03000000 }, /big-endian/],
  HEADER_BAD_N_TENSORS: [{ tensorCount: MAX }, /tensors/],
  HEADER_BAD_N_KV: [{ keyCount: MAX }, /metadata keys/],
  HEADER_N_KV_PAST_THE_END: [{ keyCount: 1000n }, /claims 1000 metadata keys/],
  KV_BAD_KEY_SIZE: [{ keys: KEYS, keyLength: MAX }, /metadata key number 1/],
  KV_EMPTY_KEY: [{ keys: [["", u32(1)]] }, /metadata key number 1 is empty/],
  KV_BAD_TYPE: [{ keys: [["my_key", { type: 13, bytes: new Uint8Array(8) }]] }, /my_key has the unknown type 13/],
  KV_BAD_ARRAY_TYPE: [
    { keys: [["my_key", { type: 9, of: 13, count: 1n, bytes: new Uint8Array(8) }]] },
    /my_key is a list of the unknown type 13/,
  ],
  KV_BAD_VALUE_SIZE: [
    { keys: [["my_key", { type: 9, of: 4, count: MAX, bytes: new Uint8Array(8) }]] },
    /my_key claims .* elements/,
  ],
  KV_VALUE_PAST_THE_END: [
    { keys: [["my_key", { type: 9, of: 4, count: 1000n, bytes: new Uint8Array(8) }]] },
    /my_key claims 1000 elements/,
  ],
  KV_NESTED_TOO_DEEP: [
    {
      keys: [
        [
          "my_key",
          {
            ...{ type: 9, of: 9, count: 1n },
            bytes: Buffer.concat(Array.from({ length: 9 }, () => Uint8Array.of(9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0))),
          },
        ],
      ],
    },
    /nested more than 4 deep/,
  ],
  KV_DUPLICATE_KEY: [{ keys: [...KEYS!, ["my_key_3", u32(1)]] }, /my_key_3 is there twice/],
  KV_BAD_ALIGN: [{ keys: ALIGNED(13) }, /general.alignment is 13/],
  KV_ZERO_ALIGN: [{ keys: ALIGNED(0) }, /general.alignment is 0/],
  KV_WRONG_TYPE_ALIGN: [{ keys: [["general.alignment", i32(32)]] }, /general.alignment has the type 5/],
  TENSORS_BAD_NAME_SIZE: [{ tensors: [{ name: "n".repeat(64), extents: [1] }] }, /tensor number 1 is longer than 63/],
  TENSORS_BAD_N_DIMS: [{ tensors: [{ name: "t", extents: [1], dimensions: 5 }] }, /tensor t has 5 dimensions/],
  TENSORS_BAD_SHAPE: [{ tensors: [{ name: "t", extents: [MAX, MAX] }] }, /tensor t claims .* along one dimension/],
  TENSORS_NE_TOO_BIG: [
    { tensors: [{ name: "t", extents: [4n * 0x7fffffffn, 4n * 0x7fffffffn] }] },
    /tensor t claims .* along one dimension/,
  ],
  TENSORS_NBYTES_TOO_BIG: [{ tensors: [{ name: "t", extents: [2 ** 32, 2 ** 32] }] }, /tensor t of shape .* needs/],
  TENSORS_NBYTES_PAD_WRAP: [
    { tensors: [{ name: "t", extents: [4, 1073741823, 1073741825, 1] }] },
    /tensor t of shape .* needs/,
  ],
  TENSORS_BAD_TYPE: [{ tensors: [{ name: "t", extents: [1], typeId: 99 }] }, /tensor t has the unknown type 99/],
  TENSORS_TYPE_NOT_READ: [{ tensors: [{ name: "t", extents: [256], typeId: 19 }] }, /tensor t is stored as IQ1_S/],
  TENSORS_HALF_A_BLOCK: [{ tensors: [{ name: "t", type: "Q4_K", extents: [128] }] }, /tensor t has rows of 128/],
  TENSORS_BAD_OFFSET: [{ tensors: [{ name: "t", extents: [1], offset: MAX }] }, /tensor t claims/],
  TENSORS_OVERLAP: [
    { tensors: [TENSORS[0], { ...TENSORS[1], offset: 0n }] },
    /my_tensor_1 claims to start at byte 0 .* its place is 64/,
  ],
  TENSORS_DUPLICATE_NAME: [{ tensors: [TENSORS[0], TENSORS[0]] }, /my_tensor_0 is there twice/],
  TENSORS_BAD_ALIGN: [{ keys: ALIGNED(13), tensors: TENSORS, alignment: 13 }, /general.alignment is 13/],
  TENSORS_INCONSISTENT_ALIGN: [{ keys: KEYS, tensors: TENSORS, alignment: 1 }, /my_tensor_1 claims to start at/],
  DATA_NOT_ENOUGH_DATA: [
    { tensors: [{ name: "t", extents: [8], data: new Uint8Array(32) }], cut: 1 },
    /tensor t ends at byte 32 but the file holds 31/,
  ],
  DATA_MEM_SIZE_OVERFLOW: [{ tensors: [{ name: "t", extents: [0x7fffffffffffffc0n] }] }, /tensor t claims/],
};

for (const [name, [raw, message]] of Object.entries(BAD)) {
  test(`${name} is refused with one sentence naming the file and the field`, () => {
    const file = written(rawGguf(raw));
    assert.throws(
      () => openGguf(file),
      (error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(`${file} is not a valid GGUF file: `), error.message);
        assert.equal(error.message.split(/\.(?= [A-Z])/).length, 1, error.message);
        return true;
      },
    );
  });
}

test("a file cut anywhere in its header is refused, wherever the cut is", () => {
  const whole = rawGguf({ keys: KEYS, tensors: TENSORS });
  for (let length = 0; length < whole.length - 32; length += 3) {
    const file = written(whole.subarray(0, length), "cut.gguf");
    assert.throws(() => openGguf(file), UserError, `${length} bytes`);
  }
});

test("the getters of the metadata name the key that is missing or of another kind", () => {
  const gguf = openGguf(written(rawGguf({ keys: KEYS })));
  const { metadata } = gguf;
  const is = (message: RegExp) => (error: unknown) => error instanceof UserError && message.test(error.message);
  assert.throws(() => metadata.string("absent"), is(/the metadata key absent is missing/));
  assert.throws(() => metadata.count("my_key_1"), is(/my_key_1 holds -7, but must be a whole number/));
  assert.throws(() => metadata.number("my_key_4"), is(/my_key_4 holds "ü≈", but must be a number/));
  assert.throws(() => metadata.strings("my_key_7"), is(/my_key_7 holds a list of 2, but must be a list of texts/));
  assert.throws(() => metadata.numbers("my_key_5"), is(/my_key_5 holds a list of 3/));
  assert.throws(() => metadata.boolean("my_key_0"), is(/my_key_0 holds 7, but must be true or false/));
  assert.equal(metadata.count("absent", 3), 3);
  gguf.close();
});

test("a model split into files opens by its first one, and a missing, foreign or later part is one sentence", () => {
  const folder = fs.mkdtempSync(path.join(root, "split-"));
  const part = (no: number, extra: Partial<RawGguf> = {}): Uint8Array =>
    rawGguf({
      keys: [
        ["split.no", { type: 2, bytes: Uint8Array.of(no, 0) }],
        ["split.count", { type: 2, bytes: Uint8Array.of(3, 0) }],
        ["split.tensors.count", i32(3)],
      ],
      tensors: [TENSORS[no]],
      ...extra,
    });
  const name = (no: number): string => path.join(folder, `m-0000${no + 1}-of-00003.gguf`);
  fs.writeFileSync(name(0), part(0));
  fs.writeFileSync(name(1), part(1));
  assert.throws(() => openGguf(name(0)), /first of 3 parts, of which 1 \(m-00003-of-00003.gguf\) are not beside it/);
  fs.writeFileSync(name(2), part(2));
  const gguf = openGguf(name(0));
  assert.deepEqual(
    [...gguf.tensors.keys()],
    TENSORS.map((tensor) => tensor.name),
  );
  assert.equal(
    gguf.fileBytes,
    [0, 1, 2].reduce((sum, no) => sum + fs.statSync(name(no)).size, 0),
  );
  const last = new Uint8Array(14);
  gguf.readBytes(gguf.tensors.get("my_tensor_2")!, last);
  assert.deepEqual(last, new Uint8Array(14).fill(3));
  gguf.close();
  assert.throws(() => openGguf(name(1)), /part 2 of a model split into 3; name the first part/);
  fs.writeFileSync(name(2), part(2, { tensors: [TENSORS[0]] }));
  assert.throws(() => openGguf(name(0)), /my_tensor_0 is in another part too/);
  fs.writeFileSync(name(2), part(1, { tensors: [TENSORS[2]] }));
  assert.throws(() => openGguf(name(0)), /it says it is not part 3 of 3/);
  fs.copyFileSync(name(0), path.join(folder, "renamed.gguf"));
  assert.throws(() => openGguf(path.join(folder, "renamed.gguf")), /its name must end in -00001-of-00003.gguf/);
});

test("a missing file, a folder and an empty file are one sentence each", () => {
  assert.throws(() => openGguf(path.join(root, "none.gguf")), /does not exist; check the path/);
  assert.throws(() => openGguf(root), /is a folder, not a GGUF file/);
  assert.throws(() => openGguf(written(new Uint8Array(0))), /only 0 bytes/);
});

// Damaged files for tests: bytes flipped, overwritten, cut, doubled; JSON with values of other kinds and sizes; and a guard that ends a
// read which asks for more memory than a file of that size could need.

import fc from "fast-check";

/** A change to a run of bytes; `at` is a fraction of its length. */
type ByteChange =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "put"; readonly at: number; readonly value: bigint; readonly width: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "remove" | "double"; readonly at: number; readonly length: number };

/** Numbers that counts, lengths and offsets must not be believed at. */
const TELLING = [
  0n,
  1n,
  2n,
  13n,
  255n,
  65535n,
  2n ** 31n - 1n,
  2n ** 32n - 1n,
  2n ** 40n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
// most of what a reader believes stands in front
const early = fc.oneof({ weight: 3, arbitrary: place.map((at) => at * at * at) }, { weight: 1, arbitrary: place });

/** One to four changes. */
export const byteChanges: fc.Arbitrary<readonly ByteChange[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("flip" as const), at: early, bit: fc.nat(7) }),
    fc.record({
      ...{ kind: fc.constant("put" as const), at: early },
      ...{ value: fc.constantFrom(...TELLING), width: fc.constantFrom(1, 4, 8) },
    }),
    fc.record({ kind: fc.constant("cut" as const), at: place }),
    fc.record({
      kind: fc.constantFrom("remove" as const, "double" as const),
      at: early,
      length: fc.integer({ min: 1, max: 40 }),
    }),
  ),
  { minLength: 1, maxLength: 4 },
);

/** A damaged copy. */
export function damaged(bytes: Uint8Array, changes: readonly ByteChange[]): Uint8Array {
  let out = Buffer.from(bytes);
  for (const change of changes) {
    if (out.length === 0) break;
    const at = Math.floor(change.at * out.length);
    switch (change.kind) {
      case "flip":
        out[at] ^= 1 << change.bit;
        break;
      case "put":
        for (let i = 0; i < change.width && at + i < out.length; i++)
          out[at + i] = Number((change.value >> BigInt(8 * i)) & 255n);
        break;
      case "cut":
        out = out.subarray(0, at);
        break;
      case "remove":
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + change.length)]);
        break;
      case "double":
        out = Buffer.concat([out.subarray(0, at + change.length), out.subarray(at)]);
    }
  }
  return out;
}

/** A change to one value of a JSON document, found by a walk of fractions from its root. */
interface JsonChange {
  readonly path: readonly number[];
  readonly value: unknown;
}

/** Stands for taking the value away. */
const GONE = Symbol("gone");

export const jsonChanges: fc.Arbitrary<readonly JsonChange[]> = fc.array(
  fc.record({
    path: fc.array(place, { minLength: 1, maxLength: 5 }),
    value: fc.oneof(
      fc.constantFrom<unknown>(
        GONE,
        null,
        true,
        0,
        -1,
        1,
        2,
        0.5,
        3e9,
        1e300,
        -1e-300,
        "",
        "x",
        [],
        {},
        [[]],
        { a: 1 },
        2 ** 53,
      ),
      fc.string({ maxLength: 8, unit: "binary" }),
      fc.nat(300),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

/** A changed copy of a parsed JSON document, as text. */
export function changedJson(json: unknown, changes: readonly JsonChange[]): string {
  const copy: unknown = structuredClone(json);
  for (const { path, value } of changes) {
    let parent: Record<string, unknown> | null = null;
    let key = "";
    let here: unknown = copy;
    for (const step of path) {
      if (typeof here !== "object" || here === null) break;
      const keys = Object.keys(here);
      if (keys.length === 0) break;
      parent = here as Record<string, unknown>;
      key = keys[Math.floor(step * keys.length)];
      here = parent[key];
    }
    if (parent === null) continue;
    if (value === GONE) delete parent[key];
    else parent[key] = structuredClone(value); // one change must not show in another's value
  }
  return JSON.stringify(copy);
}

const KINDS = [
  "Uint8Array",
  "Int8Array",
  "Uint16Array",
  "Int16Array",
  "Uint32Array",
  "Int32Array",
  "Float32Array",
] as const;

/** Runs with typed arrays and buffers counted. @throws Error where together they would take more than `limit` bytes */
export function withMemoryLimit<T>(limit: number, run: () => T): T {
  const scope = globalThis as unknown as Record<string, unknown>;
  const originals = new Map<string, unknown>();
  let taken = 0;
  const count = (bytes: number): void => {
    taken += bytes;
    if (taken > limit)
      throw new Error(`asked for ${taken} bytes, of which ${bytes} at once, where ${limit} are plenty`);
  };
  const { allocUnsafe, alloc } = Buffer;
  for (const kind of KINDS) {
    const original = globalThis[kind];
    originals.set(kind, original);
    scope[kind] = new Proxy(original, {
      construct(target, args: unknown[]) {
        if (typeof args[0] === "number") count(args[0] * original.BYTES_PER_ELEMENT);
        return Reflect.construct(target, args) as object;
      },
    });
  }
  Buffer.allocUnsafe = (size) => {
    count(size);
    return allocUnsafe(size);
  };
  Buffer.alloc = (size, ...rest) => {
    count(size);
    return alloc(size, ...rest);
  };
  try {
    return run();
  } finally {
    for (const [kind, original] of originals) scope[kind] = original;
    Buffer.allocUnsafe = allocUnsafe;
    Buffer.alloc = alloc;
  }
}

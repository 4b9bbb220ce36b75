// The JSON header of a safetensors file, believed only after every claim it makes about the file has been checked: a lying
// header must end in one sentence, never in a wrong tensor or a huge allocation. https://github.com/huggingface/safetensors

import { reasonOf, UserError } from "../error.ts";
import { DTYPE_BYTES, type Dtype, isDtype } from "./dtypes.ts";

export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Product of the shape. */
  readonly elements: number;
  /** Where the bytes start, counted from the start of the data section. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Longest header the format allows. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Checks the 8-byte length prefix against the file's size and returns it. @throws UserError */
export function headerLength(prefix: Uint8Array, fileBytes: number, file: string): number {
  if (fileBytes < 8) throw broken(file, `it has only ${fileBytes} bytes, too few for a header`);
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES) || length < 2n) {
    throw broken(file, `its header claims ${length} bytes, so this is not a safetensors file`);
  }
  if (length > BigInt(fileBytes - 8)) {
    throw broken(file, `its header claims ${length} bytes but only ${fileBytes - 8} follow, so the file is cut short`);
  }
  return Number(length);
}

/** Parses the header; `dataBytes` is how many bytes follow it. @throws UserError naming the file and the tensor that lies. */
export function parseHeader(bytes: Uint8Array, dataBytes: number, file: string): Header {
  const json = parseJson(bytes, file);
  const tensors = new Map<string, TensorInfo>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = parseMetadata(value, file);
    else tensors.set(name, parseTensor(name, value, dataBytes, file));
  }
  checkLayout(tensors, dataBytes, file);
  return { tensors, metadata };
}

/** The sentence every defect of a file ends in. */
export const broken = (file: string, what: string, tensor: string | null = null): UserError =>
  new UserError(`${file} is not a valid safetensors file: ${what}; download or write it again.`, {
    param: tensor ?? file,
    type: "invalid_checkpoint",
  });

function parseJson(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (error) {
    throw broken(file, `its header is not JSON (${reasonOf(error, 80)})`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw broken(file, "its header is not a JSON object");
  const twice = duplicateKey(text);
  if (twice !== null) throw broken(file, `its header names the tensor ${twice} twice`, twice);
  return json as Record<string, unknown>;
}

/** JSON.parse keeps the last of two equal keys in silence, so the keys of the outermost object are read again here. */
function duplicateKey(text: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  let expectsKey = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') {
      const start = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
      if (depth === 1 && expectsKey) {
        const key = JSON.parse(text.slice(start, i + 1)) as string;
        if (seen.has(key)) return key;
        seen.add(key);
        expectsKey = false;
      }
    } else if (c === "{" || c === "[") {
      depth++;
      expectsKey = depth === 1;
    } else if (c === "}" || c === "]") depth--;
    else if (c === "," && depth === 1) expectsKey = true;
  }
  return null;
}

function parseMetadata(value: unknown, file: string): Record<string, string> {
  if (!isRecord(value)) throw broken(file, "its __metadata__ is not an object");
  const entries = Object.entries(value).map(([key, text]): [string, string] => {
    if (typeof text !== "string") throw broken(file, `its __metadata__ entry ${key} is not text`);
    return [key, text];
  });
  // not by assignment: a key named __proto__ would be lost
  return Object.fromEntries(entries);
}

function parseTensor(name: string, value: unknown, dataBytes: number, file: string): TensorInfo {
  const fail = (what: string): UserError => broken(file, `the tensor ${name} ${what}`, name);
  if (!isRecord(value)) throw fail("has no description");
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) throw fail(`has the unknown dtype ${JSON.stringify(dtype) ?? "(none)"}`);
  if (!isCounts(shape)) throw fail("has a shape that is not a list of whole numbers");
  if (!isCounts(offsets) || offsets.length !== 2) throw fail("has no pair of data_offsets");
  const [begin, end] = offsets;
  if (begin > end) throw fail(`ends (${end}) before it begins (${begin})`);
  if (end > dataBytes)
    throw fail(`ends at byte ${end} but the file holds ${dataBytes} bytes of data, so the file is cut short`);
  const elements = shape.reduce((product, extent) => product * extent, 1);
  if (elements * DTYPE_BYTES[dtype] !== end - begin) {
    throw fail(
      `of shape [${shape}] and dtype ${dtype} needs ${elements * DTYPE_BYTES[dtype]} bytes but claims ${end - begin}`,
    );
  }
  return { dtype, shape, elements, begin, end };
}

function checkLayout(tensors: ReadonlyMap<string, TensorInfo>, dataBytes: number, file: string): void {
  const order = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const [name, { begin, end }] of order) {
    if (begin < at) throw broken(file, `the tensor ${name} overlaps the one before it`, name);
    if (begin > at) throw broken(file, `${begin - at} bytes before the tensor ${name} belong to no tensor`, name);
    at = end;
  }
  if (at !== dataBytes) throw broken(file, `${dataBytes - at} bytes after the last tensor belong to no tensor`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);

// The key-value part of a GGUF file, read through getters that name the key and the file where a value is missing or of another kind.

import { UserError } from "../../error.ts";
import { PackedTexts } from "../../text/packed-texts.ts";

export type GgufNumbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** 64-bit integers that a double holds exactly are numbers, others bigint. Arrays of arrays nest. */
export type GgufValue = number | bigint | boolean | string | GgufNumbers | PackedTexts | readonly GgufValue[];

export class GgufMetadata {
  /** The file, for error messages. */
  readonly file: string;
  readonly #values: ReadonlyMap<string, GgufValue>;

  constructor(file: string, values: ReadonlyMap<string, GgufValue>) {
    this.file = file;
    this.#values = values;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  keys(): Iterable<string> {
    return this.#values.keys();
  }

  /** The value as it is, undefined where there is none. */
  get(key: string): GgufValue | undefined {
    return this.#values.get(key);
  }

  /** A text. @throws UserError where the key is missing (and no `otherwise` is given) or holds something else */
  string(key: string, otherwise?: string): string {
    return this.#typed(key, "text", (value) => (typeof value === "string" ? value : undefined), otherwise);
  }

  /** A number. @throws UserError as string() */
  number(key: string, otherwise?: number): number {
    return this.#typed(key, "a number", (value) => (typeof value === "number" ? value : undefined), otherwise);
  }

  /** A whole number of at least 0. @throws UserError as string() */
  count(key: string, otherwise?: number): number {
    const whole = (value: GgufValue): number | undefined =>
      typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
    return this.#typed(key, "a whole number of at least 0", whole, otherwise);
  }

  /** @throws UserError as string() */
  boolean(key: string, otherwise?: boolean): boolean {
    return this.#typed(key, "true or false", (value) => (typeof value === "boolean" ? value : undefined), otherwise);
  }

  /** A list of texts, such as tokenizer.ggml.tokens. @throws UserError as string() */
  strings(key: string, otherwise?: readonly string[]): readonly string[] {
    return this.#typed(key, "a list of texts", (value) => (isTexts(value) ? [...value] : undefined), otherwise);
  }

  /** A list of numbers as the file's type has them, such as tokenizer.ggml.scores. @throws UserError as string() */
  numbers(key: string, otherwise?: ArrayLike<number>): ArrayLike<number> {
    const list = (value: GgufValue): ArrayLike<number> | undefined =>
      ArrayBuffer.isView(value) && !(value instanceof BigUint64Array) && !(value instanceof BigInt64Array)
        ? value
        : undefined;
    return this.#typed<ArrayLike<number>>(key, "a list of numbers", list, otherwise);
  }

  #typed<T>(key: string, kind: string, pick: (value: GgufValue) => T | undefined, otherwise: T | undefined): T {
    const value = this.#values.get(key);
    if (value === undefined) {
      if (otherwise !== undefined) return otherwise;
      throw this.#fail(key, "is missing, so this GGUF file cannot be used here");
    }
    const picked = pick(value);
    if (picked === undefined) throw this.#fail(key, `holds ${shown(value)}, but must be ${kind}`);
    return picked;
  }

  #fail(key: string, what: string): UserError {
    return new UserError(`${this.file}: the metadata key ${key} ${what}; use a file a current converter wrote.`, {
      param: key,
      type: "invalid_checkpoint",
    });
  }
}

const isTexts = (value: GgufValue): value is PackedTexts | readonly string[] =>
  value instanceof PackedTexts || (Array.isArray(value) && (value.length === 0 || typeof value[0] === "string"));

function shown(value: GgufValue): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === "object") return `a list of ${value.length}`;
  return String(value);
}

/**
 * Reads the fields of a parsed JSON object, each by a function that takes the value and gives it back as it is used, or throws what
 * would mend it. A library of schemas does this too, but importing one takes a tenth of the memory that answering with a small model does.
 */
import { UserError } from "../error.ts";

/** Reads one field; `undefined` is a field that is not there. */
export type Field<T> = (value: unknown) => T;

/** What an object of fields is read as. */
export type Read<F extends Readonly<Record<string, Field<unknown>>>> = { [K in keyof F]: ReturnType<F[K]> };

/** Why a field cannot be read; readFields makes a sentence of it. */
class Wrong extends Error {
  /** The place within a list, where it is there. */
  readonly within: number | null;

  constructor(remedy: string, within: number | null = null) {
    super(remedy);
    this.within = within;
  }
}

const ofKind = (kind: string): Wrong => new Wrong(`put a ${kind} there, as the published config.json has it`);

/** A number within limits, `whole` where none of its digits are after the point. */
export function number({
  whole = false,
  least = Number.NEGATIVE_INFINITY,
  above = Number.NEGATIVE_INFINITY,
  most = Number.POSITIVE_INFINITY,
} = {}): Field<number> {
  return (value) => {
    if (typeof value !== "number" || !Number.isFinite(value)) throw ofKind("number");
    if (whole && !Number.isSafeInteger(value)) throw ofKind("whole number");
    if (value <= above) throw new Wrong(`it must be above ${above}`);
    if (value < least) throw new Wrong(`it must be at least ${least}`);
    if (value > most) throw new Wrong(`it must be at most ${most}`);
    return value;
  };
}

export const flag: Field<boolean> = (value) => {
  if (typeof value !== "boolean") throw ofKind("boolean");
  return value;
};

export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Field<T> {
  return (value) => {
    if (!values.includes(value as T)) {
      throw new Wrong(`supported: ${values.map((one) => JSON.stringify(one)).join(", ")}`);
    }
    return value as T;
  };
}

export function listOf<T>(field: Field<T>): Field<T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw ofKind("list");
    return value.map((one, i) => {
      try {
        return field(one);
      } catch (error) {
        throw error instanceof Wrong ? new Wrong(error.message, i) : error;
      }
    });
  };
}

/** An object whose fields are read elsewhere. */
export const record: Field<Record<string, unknown>> = (value) => {
  if (!isRecord(value)) throw ofKind("record");
  return value;
};

/** A field that may be null or not there. */
export const orNothing =
  <T>(field: Field<T>): Field<T | null | undefined> =>
  (value) =>
    value === undefined || value === null ? value : field(value);

/** What counts where the field is not there. */
export const otherwise =
  <T>(field: Field<T>, value: T): Field<T> =>
  (given) =>
    given === undefined ? value : field(given);

/** The sentence of a field that is missing or wrong: its name, its value, the remedy. */
export const badField = (file: string, field: string, value: unknown, remedy: string): UserError =>
  new UserError(
    value === undefined || value === null
      ? `${file}: "${field}" is missing; ${remedy}.`
      : `${file}: "${field}" is ${JSON.stringify(value)}; ${remedy}.`,
    { param: field, type: "invalid_config" },
  );

/** Reads the fields listed and leaves out all others. `prefix` goes before their names in errors. @throws UserError for the first that is wrong */
export function readFields<F extends Readonly<Record<string, Field<unknown>>>>(
  fields: F,
  json: unknown,
  file: string,
  prefix = "",
): Read<F> {
  if (!isRecord(json)) throw badField(file, prefix, json, "put an object there, as the published config.json has it");
  const read: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const given = Object.hasOwn(json, name) ? json[name] : undefined;
    try {
      const value = fields[name](given);
      if (value !== undefined) read[name] = value;
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      const { message, within } = error;
      if (within === null) throw badField(file, prefix + name, given, message);
      throw badField(file, `${prefix + name}.${within}`, (given as unknown[])[within], message);
    }
  }
  return read as Read<F>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

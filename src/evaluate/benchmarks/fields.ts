/** The fields of a benchmark's record, each asked for by the names it goes by, with one sentence for what is missing or wrong. */
import { UserError } from "../../error.ts";
import type { BenchmarkRecord } from "./records.ts";

/** A text, or a number as text; null where none of the names is there. @throws UserError for anything else */
export function optionalText({ fields, where }: BenchmarkRecord, ...names: readonly string[]): string | null {
  const name = names.find((one) => fields[one] !== undefined && fields[one] !== null);
  if (name === undefined) return null;
  const value = fields[name];
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  throw wrong(where, name, "a text", value);
}

/** The same, and there and not empty. @throws UserError */
export function text(record: BenchmarkRecord, ...names: readonly string[]): string {
  const value = optionalText(record, ...names);
  if (value === null) {
    const having = Object.keys(record.fields).join(", ") || "none";
    throw fault(
      record,
      `${record.where}: the field ${names.join(" or ")} is missing (the fields there are ${having}).`,
    );
  }
  if (value.trim() === "") throw fault(record, `${record.where}: the field ${names.join(" or ")} is empty.`);
  return value;
}

/** A list of whole numbers, written as a JSON list or as numbers with commas or spaces between. @throws UserError */
export function wholeNumbers({ fields, where }: BenchmarkRecord, ...names: readonly string[]): readonly number[] {
  const name = names.find((one) => fields[one] !== undefined) ?? names[0]!;
  const value = fields[name];
  const list =
    typeof value === "string"
      ? value
          .trim()
          .split(/[\s,]+/)
          .map(Number)
      : value;
  if (Array.isArray(list) && list.length > 0 && list.every((one) => Number.isSafeInteger(one))) return list as number[];
  throw wrong(where, name, "whole numbers", value);
}

/** Labels for those of the names that are there. */
export function labelsOf(record: BenchmarkRecord, ...names: readonly string[]): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const name of names) {
    const value = optionalText(record, name);
    if (value !== null) labels[name.toLowerCase()] = value;
  }
  return labels;
}

/** Whether a record has all the fields. */
export const has = ({ fields }: BenchmarkRecord, ...names: readonly string[]): boolean =>
  names.every((name) => fields[name] !== undefined);

/** An error about one record. */
export const fault = ({ where }: BenchmarkRecord, message: string): UserError =>
  new UserError(message, { type: "bad_input", param: where });

const wrong = (where: string, name: string, wanted: string, value: unknown): UserError =>
  new UserError(`${where}: ${name} must be ${wanted}, not ${JSON.stringify(value)?.slice(0, 60)}.`, {
    type: "bad_input",
    param: where,
  });

// What the keywords of a JSON schema say, read with care: schemas come from outside.

import { UserError } from "../../error.ts";
import type { Bound } from "./numbers.ts";
import { lengthsOf, type RegexNode } from "./regex.ts";
import { isObject, type SchemaObject } from "./schema-merge.ts";

/** Keywords that say nothing about which values are valid. */
export const ANNOTATIONS = new Set([
  "$schema",
  "$id",
  "$anchor",
  "$comment",
  "$defs",
  "definitions",
  "title",
  "description",
  "default",
  "example",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "contentEncoding",
  "contentMediaType",
]);

/** Keywords that restrict values in a way no grammar here holds to. */
const REFUSED = [
  "not",
  "if",
  "then",
  "else",
  "contains",
  "minContains",
  "maxContains",
  "uniqueItems",
  "dependentRequired",
  "dependentSchemas",
  "dependencies",
  "patternProperties",
  "unevaluatedItems",
  "$dynamicRef",
  "$recursiveRef",
];

export function checkKeywords(schema: SchemaObject, at: string): void {
  for (const keyword of REFUSED) {
    const value = schema[keyword];
    if (value === undefined || (keyword === "uniqueItems" && value === false)) continue;
    throw refused(
      `${at}/${keyword}`,
      "cannot be held to while an answer is written; take it out and check it afterwards",
    );
  }
}

const TYPES = ["object", "array", "string", "number", "boolean", "null"];

export function typesOf(schema: SchemaObject, at: string): readonly string[] {
  const nullable = schema.nullable === true ? ["null"] : []; // OpenAPI's
  if (typeof schema.type === "string") return [schema.type, ...nullable];
  if (Array.isArray(schema.type) && schema.type.length > 0)
    return [...new Set([...schema.type.map(String), ...nullable])];
  if (schema.type !== undefined) throw impossible(`${at}/type`, "names no type");
  const implied = Object.entries(IMPLIED).find(([, keywords]) => keywords.some((keyword) => keyword in schema));
  return implied === undefined ? TYPES : [implied[0], ...nullable];
}

/** Without a type, keywords of one type mean that type: what the writer of the schema had in mind, and still valid. */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"],
  array: ["items", "prefixItems", "minItems", "maxItems"],
  string: ["pattern", "minLength", "maxLength", "format"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
};

export function hasType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  return type === "object" ? isObject(value) : typeof value === type;
}

export function bound(
  schema: SchemaObject,
  closed: string,
  open: string,
  tighter: (a: number, b: number) => boolean,
  at: string,
): Bound | null {
  const limit = (keyword: string): number | null => {
    const value = schema[keyword];
    if (value === undefined || value === false) return null;
    if (value === true) return typeof schema[closed] === "number" ? schema[closed] : null; // draft 4
    if (typeof value !== "number" || !Number.isFinite(value)) throw refused(`${at}/${keyword}`, "is no number");
    return value;
  };
  const [a, b] = [limit(closed), limit(open)];
  if (b === null) return a === null ? null : { value: a, open: false };
  return a === null || !tighter(a, b) ? { value: b, open: true } : { value: a, open: false };
}

export function count(schema: SchemaObject, keyword: string, otherwise: number, at: string): number {
  const value = schema[keyword];
  if (value === undefined) return otherwise;
  if (typeof value !== "number" || !(value >= 0) || !Number.isInteger(value)) {
    throw refused(`${at}/${keyword}`, "is no whole number of at least 0");
  }
  return value;
}

/** A pattern whose matches have the lengths asked for; null where that cannot be said. */
export function withLength(node: RegexNode, least: number, most: number): RegexNode | null {
  const [shortest, longest] = lengthsOf(node);
  if (shortest >= least && longest <= most) return node;
  if (node.kind === "sequence" && node.parts.length === 1) return withLength(node.parts[0], least, most);
  if (node.kind !== "repeat" || node.part.kind !== "class") return null;
  const [low, high] = [Math.max(node.low, least), Math.min(node.high, most)];
  return low <= high ? { ...node, low, high } : null;
}

export const isPlain = (letter: string): boolean => {
  const code = letter.codePointAt(0)!;
  return code >= 32 && code !== 34 && code !== 92 && code !== 127 && !(code >= 0xd800 && code < 0xe000);
};

export function plainExcept(codes: readonly number[]): [number, number][] {
  const out = [...codes, 34, 92, 127].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  let next = 32;
  for (const code of out) {
    if (code > next) ranges.push([next, code - 1]);
    next = Math.max(next, code + 1);
  }
  ranges.push([next, 0xd7ff], [Math.max(next, 0xe000), 0x10ffff]);
  return ranges.filter(([first, last]) => first <= last);
}

export const UNSATISFIABLE = "unsatisfiable_schema";

const place = (at: string): string => (at === "" ? "The JSON schema" : `The JSON schema at ${at}`);

export const refused = (at: string, why: string): UserError =>
  new UserError(`${place(at)} ${why}.`, { param: "schema", type: "invalid_request" });

export const impossible = (at: string, why: string): UserError =>
  new UserError(`${place(at)} ${why}.`, { param: "schema", type: UNSATISFIABLE });

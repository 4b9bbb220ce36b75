// Two JSON schemas as one that both must hold: what allOf, and keywords beside anyOf or $ref, mean.

export type SchemaObject = { readonly [keyword: string]: unknown };
export type Schema = boolean | SchemaObject;

/** Whether a value is an object, lists left out. */
export const isObject = (value: unknown): value is SchemaObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A schema of the values that are valid under both; null where keywords meet that cannot be put into one. */
export function intersection(a: Schema, b: Schema): Schema | null {
  if (a === true) return b;
  if (b === true) return a;
  if (a === false || b === false) return false;
  const result: Record<string, unknown> = { ...a };
  for (const [keyword, value] of Object.entries(b)) {
    if (!(keyword in a) || same(a[keyword], value)) {
      result[keyword] = value;
      continue;
    }
    const merged = merge(keyword, a[keyword], value);
    if (merged === undefined) return null;
    result[keyword] = merged;
  }
  return narrowed(result, a, b);
}

/** additionalProperties of one speaks of the properties that only the other names. */
function narrowed(result: Record<string, unknown>, a: SchemaObject, b: SchemaObject): SchemaObject | null {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ]) {
    const additional = one.additionalProperties;
    if (additional === undefined || additional === true || !isObject(other.properties)) continue;
    const own = isObject(one.properties) ? one.properties : {};
    const properties: Record<string, unknown> = { ...(result.properties as SchemaObject) };
    for (const name of Object.keys(other.properties)) {
      if (name in own) continue;
      const both = intersection(properties[name] as Schema, additional as Schema);
      if (both === null) return null;
      if (both === false) delete properties[name];
      else properties[name] = both;
    }
    result.properties = properties;
  }
  return result;
}

function merge(keyword: string, a: unknown, b: unknown): unknown {
  switch (keyword) {
    case "minimum":
    case "exclusiveMinimum":
    case "minLength":
    case "minItems":
    case "minProperties":
      return typeof a === "number" && typeof b === "number" ? Math.max(a, b) : undefined;
    case "maximum":
    case "exclusiveMaximum":
    case "maxLength":
    case "maxItems":
    case "maxProperties":
      return typeof a === "number" && typeof b === "number" ? Math.min(a, b) : undefined;
    case "required":
      return Array.isArray(a) && Array.isArray(b) ? [...new Set([...a, ...b])] : undefined;
    case "enum":
      return Array.isArray(a) && Array.isArray(b) ? a.filter((one) => b.some((other) => same(one, other))) : undefined;
    case "type":
      return types(a, b);
    case "properties":
      return properties(a, b);
    case "items":
    case "additionalProperties":
    case "propertyNames":
      return isSchema(a) && isSchema(b) ? (intersection(a, b) ?? undefined) : undefined;
    case "$defs":
    case "definitions":
      return isObject(a) && isObject(b) ? { ...a, ...b } : undefined;
    case "title":
    case "description":
    case "default":
    case "examples":
    case "example":
    case "$comment":
    case "$id":
    case "$schema":
      return a;
    default:
      return undefined;
  }
}

function types(a: unknown, b: unknown): readonly unknown[] {
  const [one, other] = [[a].flat(), [b].flat()];
  const common = one.filter((type) => other.includes(type) || (type === "integer" && other.includes("number")));
  if (other.includes("integer") && one.includes("number") && !common.includes("integer")) common.push("integer");
  return common;
}

function properties(a: unknown, b: unknown): SchemaObject | undefined {
  if (!isObject(a) || !isObject(b)) return undefined;
  const result: Record<string, unknown> = { ...a };
  for (const [name, schema] of Object.entries(b)) {
    const both = name in a ? intersection(a[name] as Schema, schema as Schema) : (schema as Schema);
    if (both === null) return undefined;
    result[name] = both;
  }
  return result;
}

const isSchema = (value: unknown): value is Schema => typeof value === "boolean" || isObject(value);
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

// Jinja2's filters that go through lists: map, select, sort, groupby and their like.

import { Bound } from "./arguments.ts";
import type { Filter, FilterContext } from "./filter.ts";
import { type CallArguments, equal, Float, fail, isNumber, iterate, Lazy, numberOf, order, Tuple, text, truth, typeName, Undefined, type Value } from "./values.ts"; // biome-ignore format: a list

/** By name. */
export const LIST_FILTERS: readonly (readonly [string, Filter])[] = [
  ["list", (value, args, context) => {
    new Bound("list()", args, []);
    return [...iterate(value, context.budget)];
  }],
  ["first", (value, _, context) => firstOf(iterate(value, context.budget), "first")],
  ["last", (value, _, context) => firstOf(iterate(value, context.budget).slice(-1), "last")],
  ["reverse", (value, _, context) => (typeof value === "string" ? Array.from(value).reverse().join("") : new Lazy([...iterate(value, context.budget)].reverse()))],
  ["join", (value, args, context) => {
    const bound = new Bound("join()", args, ["d", "attribute"]);
    const pick = picker(bound.get("attribute"), context);
    const { budget } = context;
    return budget.join(iterate(value, context.budget).map((one) => text(pick(one), budget)), text(bound.valueOr("d", ""), budget));
  }],
  ["sort", (value, args, context) => {
    const bound = new Bound("sort()", args, ["reverse", "case_sensitive", "attribute"]);
    return sorted(iterate(value, context.budget), keyed(bound, context), bound.flag("reverse"), context);
  }],
  ["unique", (value, args, context) => {
    const key = keyed(new Bound("unique()", args, ["case_sensitive", "attribute"]), context);
    const seen: Value[] = [];
    return new Lazy(iterate(value, context.budget).filter((one) => {
      const mine = key(one);
      if (seen.some((other) => equal(other, mine, context.budget))) return false;
      seen.push(mine);
      return true;
    }));
  }],
  ["min", (value, args, context) => extreme(value, new Bound("min()", args, ["case_sensitive", "attribute"]), context, -1)],
  ["max", (value, args, context) => extreme(value, new Bound("max()", args, ["case_sensitive", "attribute"]), context, 1)],
  ["sum", (value, args, context) => {
    const bound = new Bound("sum()", args, ["attribute", "start"]);
    const pick = picker(bound.get("attribute"), context);
    let isFloat = false;
    let total = 0;
    for (const one of [bound.valueOr("start", 0), ...iterate(value, context.budget).map(pick)]) {
      if (!isNumber(one)) throw fail(`unsupported operand type(s) for +: 'int' and '${typeName(one)}'`);
      isFloat ||= one instanceof Float;
      total += numberOf(one);
    }
    return isFloat ? new Float(total) : total;
  }],
  ["map", (value, args, context) => new Lazy(iterate(value, context.budget).map(mapper(args, context)))],
  ["select", (value, args, context) => selected(value, args, context, true, false)],
  ["reject", (value, args, context) => selected(value, args, context, false, false)],
  ["selectattr", (value, args, context) => selected(value, args, context, true, true)],
  ["rejectattr", (value, args, context) => selected(value, args, context, false, true)],
  ["groupby", (value, args, context) => groupBy(value, new Bound("groupby()", args, ["attribute", "default", "case_sensitive"]), context)],
  ["batch", (value, args, context) => {
    const bound = new Bound("batch()", args, ["linecount", "fill_with"]);
    return new Lazy(chunks([...iterate(value, context.budget)], bound.integer("linecount"), bound.valueOr("fill_with", null)));
  }],
  ["slice", (value, args, context) => {
    const bound = new Bound("slice()", args, ["slices", "fill_with"]);
    return new Lazy(slices([...iterate(value, context.budget)], bound.integer("slices"), bound.valueOr("fill_with", null)));
  }],
  ["dictsort", (value, args, context) => {
    const bound = new Bound("dictsort()", args, ["case_sensitive", "by", "reverse"]);
    const by = bound.text("by", "key");
    if (by !== "key" && by !== "value") throw fail('You can only sort by either "key" or "value"');
    if (!(value instanceof Map)) throw fail(`'${typeName(value)}' object has no attribute 'items'`);
    const pairs = [...value].map((pair) => new Tuple(pair));
    const fold = folder(bound.flag("case_sensitive"));
    return sorted(pairs, (pair) => fold((pair as Tuple).items[by === "key" ? 0 : 1]), bound.flag("reverse"), context);
  }],
]; // biome-ignore format: one filter an entry

const firstOf = (items: readonly Value[], which: string): Value =>
  items.length > 0 ? items[0] : new Undefined(`No ${which} item, sequence was empty.`);

/** Upper and lower case count as the same unless asked for. */
const folder =
  (caseSensitive: boolean) =>
  (value: Value): Value =>
    typeof value === "string" && !caseSensitive ? value.toLowerCase() : value;

/** How a filter's `attribute` argument picks from an item: by dotted names and numbers. */
function picker(attribute: Value | undefined, context: FilterContext, otherwise?: Value): (value: Value) => Value {
  if (attribute === undefined || attribute === null) return (value) => value;
  const path =
    typeof attribute === "string"
      ? attribute.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part))
      : [attribute];
  return (value) => {
    let picked = value;
    for (const part of path) {
      picked = context.attribute(picked, part);
      if (picked instanceof Undefined && otherwise !== undefined) picked = otherwise;
    }
    return picked;
  };
}

/** As `picker`, of several attributes with commas between too, as sort takes them. */
function keyed(bound: Bound, context: FilterContext): (value: Value) => Value {
  const fold = folder(bound.flag("case_sensitive"));
  const attribute = bound.get("attribute");
  const parts = typeof attribute === "string" && attribute.includes(",") ? attribute.split(",") : null;
  if (parts === null) {
    const pick = picker(attribute, context);
    return (value) => fold(pick(value));
  }
  const picks = parts.map((part) => picker(part.trim(), context));
  return (value) => picks.map((pick) => fold(pick(value)));
}

function sorted(
  items: readonly Value[],
  key: (value: Value) => Value,
  reverse: boolean,
  context: FilterContext,
): Value[] {
  // as lists of one, which Python does not order where they are equal, undefined or not
  const keys = items.map((value) => ({ value, key: [key(value)] }));
  // Python keeps equal ones in their order even when it sorts in reverse
  keys.sort((a, b) => (reverse ? -1 : 1) * order(a.key, b.key, "<", context.budget));
  return keys.map((one) => one.value);
}

function extreme(value: Value, bound: Bound, context: FilterContext, sign: number): Value {
  const items = iterate(value, context.budget);
  if (items.length === 0) return new Undefined("No aggregated item, sequence was empty.");
  const key = keyed(bound, context);
  return items.reduce((best, one) => (sign * order(key(one), key(best), "<", context.budget) > 0 ? one : best));
}

function mapper(args: CallArguments, context: FilterContext): (value: Value) => Value {
  const [name, ...positional] = args.positional;
  if (name === undefined) {
    const attribute = args.named.get("attribute");
    if (attribute === undefined) throw fail("map requires a filter argument");
    return picker(attribute, context, args.named.get("default"));
  }
  if (typeof name !== "string") throw fail("map(): the filter's name must be a text");
  return (value) => context.filter(name, value, { positional, named: args.named });
}

function selected(
  value: Value,
  args: CallArguments,
  context: FilterContext,
  keep: boolean,
  byAttribute: boolean,
): Lazy {
  const given = [...args.positional];
  const pick = byAttribute ? picker(given.shift(), context) : (one: Value): Value => one;
  if (byAttribute && args.positional.length === 0) throw fail("Missing parameter for attribute name");
  const [name, ...positional] = given;
  const holds = (one: Value): boolean => {
    if (name === undefined) return truth(pick(one));
    return context.test(text(name, context.budget), pick(one), { positional, named: args.named });
  };
  return new Lazy(iterate(value, context.budget).filter((one) => holds(one) === keep));
}

function groupBy(value: Value, bound: Bound, context: FilterContext): Value[] {
  const attribute = bound.value("attribute");
  const pick = picker(attribute, context, bound.get("default"));
  const fold = folder(bound.flag("case_sensitive"));
  const groups: { readonly key: Value; readonly first: Value; readonly items: Value[] }[] = [];
  for (const one of sorted(iterate(value, context.budget), (item) => fold(pick(item)), false, context)) {
    const key = fold(pick(one));
    const last = groups.at(-1);
    if (last !== undefined && equal(last.key, key, context.budget)) last.items.push(one);
    else groups.push({ key, first: pick(one), items: [one] });
  }
  return groups.map(({ first, items }) => new Tuple([first, items]));
}

function chunks(items: readonly Value[], size: number, fill: Value): Value[][] {
  if (size < 1) throw fail("batch(): 'linecount' must be at least 1");
  const rows: Value[][] = [];
  for (let i = 0; i < items.length; i += size) rows.push(items.slice(i, i + size));
  if (fill !== null) for (const row of rows.slice(-1)) while (row.length < size) row.push(fill);
  return rows;
}

function slices(items: readonly Value[], count: number, fill: Value): Value[][] {
  if (count < 1 || count > 100_000) throw fail("slice(): 'slices' must be at least 1");
  const each = Math.floor(items.length / count);
  const longer = items.length % count;
  const columns: Value[][] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = at + each + (i < longer ? 1 : 0);
    const column = items.slice(at, end);
    if (fill !== null && i >= longer && longer > 0) column.push(fill);
    columns.push(column);
    at = end;
  }
  return columns;
}

// `value[start:stop:step]`.

import type { Budget } from "./budget.ts";
import { fail, Tuple, typeName, Undefined, type Value } from "./values.ts";

/** The part of a text, list or tuple that Python's slice is; null bounds are left out. @throws TemplateRuntimeError */
export function sliced(
  value: Value,
  start: number | null,
  stop: number | null,
  step: number | null,
  budget: Budget,
): Value {
  if (step === 0) throw fail("slice step cannot be zero");
  const items = itemsOf(value);
  if (items === null) {
    if (value instanceof Undefined) throw fail(value.message);
    // Jinja2 then looks for an attribute of that name, which nothing has
    return new Undefined(`'${typeName(value)}' object has no slices`);
  }
  const by = step ?? 1;
  const { length } = items;
  const place = (given: number | null, otherwise: number): number => {
    if (given === null) return otherwise;
    const at = given < 0 ? given + length : given;
    return by > 0 ? Math.min(Math.max(at, 0), length) : Math.min(Math.max(at, -1), length - 1);
  };
  const from = place(start, by > 0 ? 0 : length - 1);
  const to = place(stop, by > 0 ? length : -1);
  budget.step(length >> 3);
  const picked: Value[] = [];
  for (let i = from; by > 0 ? i < to : i > to; i += by) picked.push(items[i]);
  if (typeof value === "string") return (picked as string[]).join("");
  return value instanceof Tuple ? new Tuple(picked) : picked;
}

function itemsOf(value: Value): readonly Value[] | null {
  if (typeof value === "string") return Array.from(value);
  if (Array.isArray(value)) return value;
  return value instanceof Tuple ? value.items : null;
}

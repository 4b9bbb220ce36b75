// `value.name` and `value[key]` as Jinja2's sandbox resolves them: methods before keys after a dot, keys before methods in
// brackets; what would change a list or dict is not to be had.

import { Bound } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { loopAttribute } from "./scope.ts";
import { STRING_METHODS } from "./strings.ts";
import { type CallArguments, Callable, type Dict, equal, fail, LoopState, lookUp, Namespace, numberOf, sequenceOf, Tuple, typeName, Undefined, type Value, View } from "./values.ts"; // biome-ignore format: a list

/** `value.name`. */
export function attributeOf(value: Value, name: string, budget: Budget): Value {
  if (value instanceof Undefined) throw fail(value.message);
  const method = methodOf(value, name, budget);
  const found = method === undefined ? keyOf(value, name, budget) : method;
  return found === undefined ? missing(value, name) : found;
}

/** `value[key]`. */
export function itemOf(value: Value, key: Value, budget: Budget): Value {
  if (value instanceof Undefined) throw fail(value.message);
  const found = keyOf(value, key, budget);
  if (found !== undefined) return found;
  const method = typeof key === "string" ? methodOf(value, key, budget) : undefined;
  return method === undefined ? missing(value, key) : method;
}

/** The filter attr: no keys. */
export function onlyAttributeOf(value: Value, name: string, budget: Budget): Value {
  if (value instanceof Undefined) throw fail(value.message);
  const method = methodOf(value, name, budget);
  return method === undefined ? missing(value, name) : method;
}

function missing(value: Value, name: Value): Undefined {
  if (typeof name === "string") return new Undefined(`'${typeName(value)} object' has no attribute '${name}'`);
  return new Undefined(`${typeName(value)} object has no element ${typeof name === "number" ? name : typeName(name)}`);
}

function keyOf(value: Value, key: Value, budget: Budget): Value | undefined {
  if (value instanceof Map) return Array.isArray(key) || key instanceof Map ? undefined : lookUp(value, key);
  if (typeof key !== "number" && typeof key !== "boolean") return undefined;
  const at = numberOf(key);
  if (typeof value === "string") {
    // most texts have no characters outside the basic plane
    budget.step(value.length >> 8);
    return Array.from(value).at(at);
  }
  if (value instanceof View) return undefined;
  return Array.isArray(value) || value instanceof Tuple ? sequenceOf(value)!.at(at) : undefined;
}

function methodOf(value: Value, name: string, budget: Budget): Value | undefined {
  if (name.startsWith("_")) return undefined;
  if (typeof value === "string") {
    const method = STRING_METHODS.get(name);
    return method === undefined
      ? undefined
      : new Callable(name, (args) => {
          budget.text(value);
          return method(value, args, budget);
        });
  }
  if (value instanceof Namespace) return value.values.get(name);
  if (value instanceof LoopState) return loopAttribute(value, name);
  if (value instanceof Map) return dictMethod(value, name);
  const items = Array.isArray(value) || value instanceof Tuple ? sequenceOf(value)! : null;
  return items === null ? undefined : listMethod(value, items, name, budget);
}

const CHANGES_DICT = new Set(["clear", "pop", "popitem", "setdefault", "update"]);
const CHANGES_LIST = new Set(["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"]);

const unsafe = (name: string, type: string): Undefined =>
  new Undefined(`access to attribute '${name}' of '${type}' object is unsafe.`);

function dictMethod(dict: Dict, name: string): Value | undefined {
  if (CHANGES_DICT.has(name)) return unsafe(name, "dict");
  const view = (kind: View["kind"], items: () => Value[]): Callable =>
    new Callable(name, (args: CallArguments) => {
      new Bound(`${name}()`, args, []);
      return new View(kind, items());
    });
  switch (name) {
    case "items":
      return view("dict_items", () => [...dict].map((pair) => new Tuple(pair)));
    case "keys":
      return view("dict_keys", () => [...dict.keys()]);
    case "values":
      return view("dict_values", () => [...dict.values()]);
    case "copy":
      return new Callable(name, () => new Map(dict));
    case "get":
      return new Callable(name, (args) => {
        const bound = new Bound("get()", args, ["key", "default"]);
        const found = lookUp(dict, bound.value("key"));
        return found === undefined ? bound.valueOr("default", null) : found;
      });
    default:
      return undefined;
  }
}

function listMethod(list: Value, items: readonly Value[], name: string, budget: Budget): Value | undefined {
  if (Array.isArray(list) && CHANGES_LIST.has(name)) return unsafe(name, "list");
  const same = (args: CallArguments): ((one: Value) => boolean) => {
    const wanted = new Bound(`${name}()`, args, ["value"]).value("value");
    return (one) => equal(one, wanted, budget);
  };
  switch (name) {
    case "copy":
      return Array.isArray(list) ? new Callable(name, () => [...items]) : undefined;
    case "count":
      return new Callable(name, (args) => items.filter(same(args)).length);
    case "index":
      return new Callable(name, (args) => {
        const at = items.findIndex(same(args));
        if (at < 0) throw fail("the value is not in the list");
        return at;
      });
    default:
      return undefined;
  }
}

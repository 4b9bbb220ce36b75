// Variables where a template runs, and the text it has made so far.

import type { Budget } from "./budget.ts";
import { Callable, equal, fail, type LoopState, Tuple, Undefined, type Value } from "./values.ts";

/** Variables of one block, and of those around it. */
export class Scope {
  readonly #values = new Map<string, Value>();
  readonly #outer: Scope | null;

  constructor(outer: Scope | null) {
    this.#outer = outer;
  }

  get(name: string): Value | undefined {
    for (let scope: Scope | null = this; scope !== null; scope = scope.#outer) {
      const value = scope.#values.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}

/** Where a body's text goes. */
export class Output {
  readonly #parts: string[] = [];
  readonly #budget: Budget;
  #size = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  add(part: string): void {
    this.#size += part.length;
    this.#budget.size(this.#size, part.length);
    this.#parts.push(part);
  }

  text(): string {
    return this.#parts.join("");
  }
}

/** loop.changed(...): whether the values differ from those of its last call. */
export function changedFunction(budget: Budget): Callable {
  let last: Value | undefined;
  return new Callable("changed", ({ positional }) => {
    const value = new Tuple(positional);
    const same = last !== undefined && equal(last, value, budget);
    last = value;
    return !same;
  });
}

/** An attribute of `loop`; undefined where it has none of this name. */
export function loopAttribute({ items, index, depth, changed }: LoopState, name: string): Value | undefined {
  const { length } = items;
  switch (name) {
    case "index":
      return index + 1;
    case "index0":
      return index;
    case "revindex":
      return length - index;
    case "revindex0":
      return length - index - 1;
    case "first":
      return index === 0;
    case "last":
      return index === length - 1;
    case "length":
      return length;
    case "depth":
      return depth;
    case "depth0":
      return depth - 1;
    case "previtem":
      return index > 0 ? items[index - 1] : new Undefined("there is no previous item");
    case "nextitem":
      return index + 1 < length ? items[index + 1] : new Undefined("there is no next item");
    case "changed":
      return changed;
    case "cycle":
      return new Callable("cycle", ({ positional }) => {
        if (positional.length === 0) throw fail("no items for cycling given");
        return positional[index % positional.length];
      });
    default:
      return undefined;
  }
}

/**
 * A grammar as networks of states over bytes, one for each rule: an arrow takes a byte, or calls a rule and goes on where it leads.
 * States from which no text can be finished are left out, so that following arrows never ends in a blind alley.
 */
import { UserError } from "../../error.ts";
import type { Range } from "./ebnf.ts";
import type { Grammar, GrammarNode } from "./grammar.ts";

/** One state. Arrows lead to states by number. */
export interface State {
  /** Bytes from `low` to `high` lead to `to`. */
  readonly bytes: { readonly low: number; readonly high: number; readonly to: number }[];
  /** The rule that starts at `start` is matched, then it goes on at `to`. */
  readonly calls: { readonly start: number; readonly to: number }[];
  /** Leads on without taking anything; gone after building. */
  readonly empty: number[];
  /** The rule may end here. */
  ends: boolean;
}

export interface Network {
  readonly states: readonly State[];
  readonly start: number;
}

/** States a network may have, since each repetition is laid out, and arrows that may be added to them. */
const MOST_STATES = 300_000;
const MOST_ARROWS = 2_000_000;

const tooLarge = (): UserError =>
  new UserError("The constraint is too large: its repetitions multiply to more than an automaton can hold.", {
    param: "constraint",
    type: "invalid_request",
  });

/**
 * The networks of a grammar. `writable[b]` tells whether any token has byte b: what cannot be written counts as not there.
 * @throws UserError where a rule begins with itself, or nothing can be matched
 */
export function buildNetwork(grammar: Grammar, writable: ArrayLike<number>): Network {
  const builder = new Builder(grammar, writable);
  return builder.build();
}

class Builder {
  readonly #grammar: Grammar;
  readonly #writable: ArrayLike<number>;
  readonly #states: State[] = [];
  readonly #starts = new Map<string, number>();

  constructor(grammar: Grammar, writable: ArrayLike<number>) {
    this.#grammar = grammar;
    this.#writable = writable;
  }

  build(): Network {
    for (const name of this.#grammar.keys()) this.#starts.set(name, this.#state());
    for (const [name, node] of this.#grammar) {
      const end = this.#state();
      this.#states[end].ends = true;
      this.#lay(node, this.#starts.get(name)!, end);
    }
    this.#closeEmpty();
    this.#prune();
    const start = this.#starts.get("root")!;
    this.#refuseLeftRecursion();
    return { states: this.#states, start };
  }

  #state(): number {
    if (this.#states.length >= MOST_STATES) throw tooLarge();
    return this.#states.push({ bytes: [], calls: [], empty: [], ends: false }) - 1;
  }

  /** Lays `node` between two states. */
  #lay(node: GrammarNode, from: number, to: number): void {
    switch (node.kind) {
      case "class":
        for (const bytes of node.ranges.flatMap(utf8Sequences)) this.#layBytes(bytes, from, to);
        return;
      case "rule":
        this.#states[from].calls.push({ start: this.#starts.get(node.name)!, to });
        return;
      case "either":
        for (const part of node.parts) this.#lay(part, from, to);
        return;
      case "sequence": {
        let at = from;
        for (const [i, part] of node.parts.entries()) {
          const next = i === node.parts.length - 1 ? to : this.#state();
          this.#lay(part, at, next);
          at = next;
        }
        if (node.parts.length === 0) this.#states[from].empty.push(to);
        return;
      }
      case "repeat":
        this.#layRepeat(node, from, to);
    }
  }

  #layRepeat({ part, low, high }: GrammarNode & { readonly kind: "repeat" }, from: number, to: number): void {
    let at = from;
    const step = (): void => {
      const next = this.#state();
      this.#lay(part, at, next);
      at = next;
    };
    for (let i = 0; i < low; i++) step();
    if (high === Number.POSITIVE_INFINITY) {
      // A state of its own to come round to, so that nothing else can come round with it.
      const loop = this.#state();
      this.#states[at].empty.push(loop);
      this.#lay(part, loop, loop);
      this.#states[loop].empty.push(to);
      return;
    }
    for (let i = low; i < high; i++) {
      this.#states[at].empty.push(to);
      step();
    }
    this.#states[at].empty.push(to);
  }

  #layBytes(bytes: readonly Range[], from: number, to: number): void {
    let at = from;
    for (const [i, [low, high]] of bytes.entries()) {
      const next = i === bytes.length - 1 ? to : this.#state();
      for (let first = low; first <= high; first++) {
        if (this.#writable[first] === 0) continue;
        let last = first;
        while (last < high && this.#writable[last + 1] !== 0) last++;
        this.#states[at].bytes.push({ low: first, high: last, to: next });
        first = last;
      }
      at = next;
    }
  }

  /** Gives every state the arrows of the states it leads to without taking anything. */
  #closeEmpty(): void {
    const states = this.#states;
    const seen = new Int32Array(states.length).fill(-1);
    const closed: { readonly of: State; readonly reached: readonly number[] }[] = [];
    let arrows = 0;
    for (let s = 0; s < states.length; s++) {
      if (states[s].empty.length === 0) continue;
      const reached: number[] = [];
      const open = states[s].empty.slice();
      seen[s] = s;
      while (open.length > 0) {
        const other = open.pop()!;
        if (seen[other] === s) continue;
        seen[other] = s;
        reached.push(other);
        arrows += states[other].bytes.length + states[other].calls.length + 1;
        for (const next of states[other].empty) open.push(next);
      }
      if (arrows > MOST_ARROWS) throw tooLarge();
      closed.push({ of: states[s], reached });
    }
    // Only now, so that what a state got from others is not handed on once more.
    const own = states.map(({ bytes, calls, ends }) => ({ bytes: bytes.slice(), calls: calls.slice(), ends }));
    for (const { of, reached } of closed) {
      for (const other of reached) {
        for (const arrow of own[other].bytes) of.bytes.push(arrow);
        for (const call of own[other].calls) of.calls.push(call);
        if (own[other].ends) of.ends = true;
      }
      of.empty.length = 0;
    }
  }

  /** Takes away arrows after which the rule cannot be finished. */
  #prune(): void {
    const states = this.#states;
    const fruitful = new Uint8Array(states.length);
    const before: number[][] = states.map(() => []);
    /** The states with calls of the rule that starts here. */
    const callers = new Map<number, number[]>();
    for (const [s, { bytes, calls }] of states.entries()) {
      for (const { to } of bytes) before[to].push(s);
      for (const { start, to } of calls) {
        before[to].push(s);
        const known = callers.get(start);
        if (known === undefined) callers.set(start, [s]);
        else known.push(s);
      }
    }
    const good = (s: number): boolean =>
      states[s].ends ||
      states[s].bytes.some(({ to }) => fruitful[to] === 1) ||
      states[s].calls.some(({ start, to }) => fruitful[start] === 1 && fruitful[to] === 1);
    const open = states.map((_, s) => s);
    while (open.length > 0) {
      const s = open.pop()!;
      if (fruitful[s] === 1 || !good(s)) continue;
      fruitful[s] = 1;
      for (const other of before[s]) open.push(other);
      for (const other of callers.get(s) ?? []) open.push(other);
    }
    for (const state of states) {
      keep(state.bytes, ({ to }) => fruitful[to] === 1);
      keep(state.calls, ({ start, to }) => fruitful[start] === 1 && fruitful[to] === 1);
    }
    if (fruitful[this.#starts.get("root")!] === 0) {
      throw new UserError(
        "Nothing that this model's vocabulary can write matches the constraint; check its first rule.",
        {
          param: "constraint",
          type: "invalid_request",
        },
      );
    }
  }

  /** A rule that can begin with itself would call itself for ever. */
  #refuseLeftRecursion(): void {
    const states = this.#states;
    const nullable = this.#nullable();
    const names = new Map([...this.#starts].map(([name, start]) => [start, name]));
    /** The rules that may be called before the one at `start` has taken anything. */
    const firsts = new Map<number, Set<number>>();
    for (const start of names.keys()) {
      const found = new Set<number>();
      const open = [start];
      const seen = new Set(open);
      while (open.length > 0) {
        for (const { start: called, to } of states[open.pop()!].calls) {
          found.add(called);
          if (nullable[called] === 0 || seen.has(to)) continue;
          seen.add(to);
          open.push(to);
        }
      }
      firsts.set(start, found);
    }
    const done = new Set<number>();
    const visit = (start: number, path: Set<number>): void => {
      if (path.has(start)) {
        throw new UserError(
          `The grammar's rule ${names.get(start)} can begin with itself; write it as a repetition, or with the recursion at its end.`,
          { param: "grammar", type: "invalid_request" },
        );
      }
      if (done.has(start)) return;
      path.add(start);
      for (const next of firsts.get(start)!) visit(next, path);
      path.delete(start);
      done.add(start);
    };
    for (const start of names.keys()) visit(start, new Set());
  }

  /** 1 for states from which the rule can be finished without taking anything. */
  #nullable(): Uint8Array {
    const states = this.#states;
    const nullable = Uint8Array.from(states, ({ ends }) => (ends ? 1 : 0));
    for (let changed = true; changed; ) {
      changed = false;
      for (const [s, { calls }] of states.entries()) {
        if (nullable[s] === 1 || !calls.some(({ start, to }) => nullable[start] === 1 && nullable[to] === 1)) continue;
        nullable[s] = 1;
        changed = true;
      }
    }
    return nullable;
  }
}

function keep<T>(list: T[], good: (item: T) => boolean): void {
  let kept = 0;
  for (const item of list) if (good(item)) list[kept++] = item;
  list.length = kept;
}

/** The byte sequences of a range of code points in UTF-8, each byte a range of its own. */
export function utf8Sequences([first, last]: Range): Range[][] {
  for (const limit of [0x7f, 0x7ff, 0xffff]) {
    if (first <= limit && last > limit) return [...utf8Sequences([first, limit]), ...utf8Sequences([limit + 1, last])];
  }
  const count = last <= 0x7f ? 1 : last <= 0x7ff ? 2 : last <= 0xffff ? 3 : 4;
  // Split where the lower bytes do not run through all of their values.
  for (let i = 1; i < count; i++) {
    const below = (1 << (6 * i)) - 1;
    if (first >> (6 * i) === last >> (6 * i)) continue;
    if ((first & below) !== 0) {
      const end = first | below;
      return [...utf8Sequences([first, end]), ...utf8Sequences([end + 1, last])];
    }
    if ((last & below) !== below) {
      const end = (last & ~below) - 1;
      return [...utf8Sequences([first, end]), ...utf8Sequences([end + 1, last])];
    }
  }
  const [a, b] = [utf8Bytes(first, count), utf8Bytes(last, count)];
  return [a.map((byte, i): Range => [byte, b[i]])];
}

function utf8Bytes(code: number, count: number): number[] {
  if (count === 1) return [code];
  const bytes: number[] = [];
  for (let i = count - 1; i > 0; i--) bytes.push(0x80 | ((code >> (6 * (i - 1))) & 0x3f));
  return [[0xc0, 0xe0, 0xf0][count - 2] | (code >> (6 * (count - 1))), ...bytes];
}

/**
 * Follows a grammar's networks byte by byte. Where a text may stand is a set of places, each a state and the stack of states to go on
 * at; sets are made once and remember where every byte leads, so that what was followed before costs a look-up.
 */
import { UserError } from "../../error.ts";
import type { Network, State } from "./network.ts";

/** The states to go on at after the rules under way; null: none. */
interface Stack {
  readonly id: number;
  readonly to: number;
  readonly below: Stack | null;
}

interface Place {
  readonly state: number;
  readonly stack: Stack | null;
}

/** Where a text may stand in the grammar. */
export class Position {
  readonly places: readonly Place[];
  /** The text may end here. */
  readonly ends: boolean;
  /** By byte: where it leads; null: nowhere; undefined: not tried yet. */
  readonly next: (Position | null | undefined)[] = new Array(256).fill(undefined);
  /** The tokens that may come next, worked out when first asked for. */
  mask: Int32Array | null = null;

  constructor(places: readonly Place[], ends: boolean) {
    this.places = places;
    this.ends = ends;
  }
}

/** Positions kept at most; beyond, those not in use are forgotten. */
const MOST_POSITIONS = 50_000;
/** Ways in which one text may stand in the grammar at once: some grammars double them with every rule. */
const MOST_PLACES = 20_000;

const tooAmbiguous = (): UserError =>
  new UserError(
    "The grammar is too ambiguous: one text can be read in more than 20000 ways at once; make its rules distinct.",
    {
      param: "grammar",
      type: "invalid_request",
    },
  );

export class Automaton {
  readonly start: Position;
  readonly #states: readonly State[];
  readonly #positions = new Map<string, Position>();
  readonly #stacks = new Map<string, Stack>();
  #nextStack = 1;

  constructor(network: Network) {
    this.#states = network.states;
    this.start = this.#position([{ state: network.start, stack: null }]);
  }

  /** Where `byte` leads from a position; null: nowhere. */
  step(from: Position, byte: number): Position | null {
    if (from.next[byte] === undefined) this.#follow(from);
    return from.next[byte]!;
  }

  /** Works out where every byte leads: bytes between the same bounds of arrows lead to the same place. */
  #follow({ places, next }: Position): void {
    const bounds = new Set([0, 256]);
    for (const { state } of places) {
      for (const { low, high } of this.#states[state].bytes) bounds.add(low).add(high + 1);
    }
    const sorted = [...bounds].sort((a, b) => a - b);
    const known = new Map<string, Position>();
    for (let i = 0; i + 1 < sorted.length; i++) {
      const reached: Place[] = [];
      let key = "";
      for (const { state, stack } of places) {
        for (const { low, high, to } of this.#states[state].bytes) {
          if (sorted[i] < low || sorted[i] > high) continue;
          reached.push({ state: to, stack });
          key += `${to},${stack?.id ?? 0} `;
        }
      }
      let to: Position | null = null;
      if (reached.length > 0) {
        to = known.get(key) ?? this.#position(reached);
        known.set(key, to);
      }
      next.fill(to, sorted[i], sorted[i + 1]);
    }
  }

  /** The position of the places and of all that they reach without taking a byte. */
  #position(from: readonly Place[]): Position {
    const places = new Map<string, Place>();
    let ends = false;
    const open = [...from];
    while (open.length > 0) {
      const place = open.pop()!;
      const { state, stack } = place;
      const key = `${state},${stack?.id ?? 0}`;
      if (places.has(key)) continue;
      places.set(key, place);
      if (places.size > MOST_PLACES) throw tooAmbiguous();
      const { calls, ends: here } = this.#states[state];
      for (const { start, to } of calls) open.push({ state: start, stack: this.#push(to, stack) });
      if (!here) continue;
      if (stack === null) ends = true;
      else open.push({ state: stack.to, stack: stack.below });
    }
    const all = [...places].filter(([, { state }]) => this.#states[state].bytes.length > 0);
    const key = `${ends}:${all
      .map(([name]) => name)
      .sort()
      .join(" ")}`;
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    if (this.#positions.size >= MOST_POSITIONS) {
      this.#positions.clear();
      this.#stacks.clear();
    }
    const made = new Position(
      all.map(([, place]) => place),
      ends,
    );
    this.#positions.set(key, made);
    return made;
  }

  /** A rule called at the very end of another leaves nothing to come back to. */
  #push(to: number, below: Stack | null): Stack | null {
    const { bytes, calls, ends } = this.#states[to];
    if (ends && bytes.length === 0 && calls.length === 0) return below;
    const key = `${to},${below?.id ?? 0}`;
    const known = this.#stacks.get(key);
    if (known !== undefined) return known;
    const made = { id: this.#nextStack++, to, below };
    this.#stacks.set(key, made);
    return made;
  }
}

// Pieces of grammars in EBNF as XGrammar reads it: rules, quoted texts and sets of characters. A piece is a string that stands for
// one item, so that pieces can be put together without looking into them.

import { UserError } from "../../error.ts";

/** A grammar under construction. */
export class Rules {
  readonly #bodies = new Map<string, string>();
  #length = 0;

  /** Adds a rule and gives its name, made of `hint` and, where that is taken, a number. @throws UserError where the grammar gets too large */
  add(hint: string, body: string): string {
    const name = this.reserve(hint);
    this.define(name, body);
    return name;
  }

  /** A name to be defined later: rules that refer to themselves need it. */
  reserve(hint: string): string {
    const base = hint.replace(/[^A-Za-z0-9]+/g, "_").replace(/^(?=[^A-Za-z])/, "r") || "r";
    let name = base;
    for (let k = 2; this.#bodies.has(name); k++) name = `${base}_${k}`;
    this.#bodies.set(name, '""');
    return name;
  }

  define(name: string, body: string): void {
    this.#bodies.set(name, body);
    this.#length += name.length + body.length;
    if (this.#length > LARGEST) {
      throw new UserError(`The constraint becomes a grammar of more than ${LARGEST} characters; make it smaller.`, {
        param: "constraint",
        type: "invalid_request",
      });
    }
  }

  /** The grammar's text, with a rule named root that is `root`. */
  text(root: string): string {
    const rules = [...this.#bodies].map(([name, body]) => `${name} ::= ${body}\n`);
    return `root ::= ${root}\n${rules.join("")}`;
  }
}

const LARGEST = 1_000_000;

/** A text, quoted. */
export const quoted = (text: string): string =>
  text === "" ? '""' : `"${Array.from(text, (character) => escaped(character, '"')).join("")}"`;

/** One piece after the other. */
export const sequence = (pieces: readonly string[]): string => {
  const kept = pieces.filter((piece) => piece !== '""');
  return kept.length === 0 ? '""' : kept.length === 1 ? kept[0] : `(${kept.join(" ")})`;
};

/** Any one of the pieces. */
export const either = (pieces: readonly string[]): string =>
  pieces.length === 1 ? pieces[0] : `(${[...new Set(pieces)].join(" | ")})`;

/** `low` to `high` times; high may be infinite. */
export function repeated(piece: string, low: number, high: number): string {
  if (high === 0) return '""';
  if (low === 1 && high === 1) return piece;
  if (low === 0 && high === 1) return `(${piece})?`;
  if (high === Number.POSITIVE_INFINITY)
    return low === 0 ? `(${piece})*` : low === 1 ? `(${piece})+` : `(${piece}){${low},}`;
  return low === high ? `(${piece}){${low}}` : `(${piece}){${low},${high}}`;
}

/** Code points from `first` to `last`, both included. */
export type Range = readonly [first: number, last: number];

const LAST = 0x10ffff;

/** Sorted, disjoint, without surrogates, which are no characters. */
export function normalRanges(ranges: readonly Range[]): Range[] {
  const whole = ranges.flatMap(([a, b]): Range[] =>
    (
      [
        [a, Math.min(b, 0xd7ff)],
        [Math.max(a, 0xe000), Math.min(b, LAST)],
      ] as Range[]
    ).filter(([first, last]) => first <= last),
  );
  whole.sort((x, y) => x[0] - y[0]);
  const merged: [number, number][] = [];
  for (const [first, last] of whole) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** Every character that is in none of the ranges. */
export function withoutRanges(ranges: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let next = 0;
  for (const [first, last] of normalRanges(ranges)) {
    if (first > next) rest.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) rest.push([next, LAST]);
  return normalRanges(rest);
}

/** One character of the ranges, as EBNF writes a class. The ranges must be normal and not empty. */
export const characterClass = (ranges: readonly Range[]): string =>
  `[${ranges
    .map(([first, last]) => {
      const a = escaped(String.fromCodePoint(first), "class");
      return first === last ? a : `${a}-${escaped(String.fromCodePoint(last), "class")}`;
    })
    .join("")}]`;

function escaped(character: string, where: '"' | "class"): string {
  const code = character.codePointAt(0)!;
  if (code >= 0x30 && code < 0x7f && /[A-Za-z0-9]/.test(character)) return character;
  if (where === '"' && code >= 0x20 && code < 0x7f && character !== '"' && character !== "\\") return character;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

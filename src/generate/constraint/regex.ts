// Regular expressions as grammars: JavaScript's syntax as far as a grammar can hold to it (no look-around, no back-references).
// `text` expressions match the characters themselves; `json` ones match what a JSON string writes between its quotation marks.

import { UserError } from "../../error.ts";
import { characterClass, either, normalRanges, quoted, type Range, repeated, sequence, withoutRanges } from "./ebnf.ts";

/** A parsed expression. */
export type RegexNode =
  | { readonly kind: "class"; readonly ranges: readonly Range[] }
  | { readonly kind: "sequence" | "either"; readonly parts: readonly RegexNode[] }
  | { readonly kind: "repeat"; readonly part: RegexNode; readonly low: number; readonly high: number }
  | { readonly kind: "anchor"; readonly at: "^" | "$" };

/** How the characters are written in what is generated. */
export type Writing = "text" | "json";

/** Parses an expression. @throws UserError for what no grammar can express, or what is not well-formed */
export function parseRegex(pattern: string, param = "regex"): RegexNode {
  try {
    new RegExp(pattern, "u"); // the engine's own judgement of what is well-formed
  } catch {
    try {
      new RegExp(pattern);
    } catch (error) {
      throw invalid(pattern, param, (error as Error).message.replace(/^.*: /, ""));
    }
  }
  return new Parser(pattern, param).parse();
}

/**
 * The grammar piece of a whole match. `search`: without anchors it may match anywhere, as JSON schema's `pattern` does; else it
 * matches the whole text and anchors at its ends change nothing.
 */
export function regexGrammar(node: RegexNode, writing: Writing, search = false): string {
  return write(search ? searching(node) : withoutAnchors(node), writing);
}

/** The least and the most characters a match has. */
export function lengthsOf(node: RegexNode): [number, number] {
  if (node.kind === "class") return [1, 1];
  if (node.kind === "anchor") return [0, 0];
  if (node.kind === "repeat") {
    const [low, high] = lengthsOf(node.part);
    return [low * node.low, high === 0 || node.high === 0 ? 0 : high * node.high];
  }
  const all = node.parts.map(lengthsOf);
  if (node.kind === "sequence") return all.reduce(([a, b], [low, high]) => [a + low, b + high], [0, 0]);
  return [Math.min(...all.map(([low]) => low)), Math.max(...all.map(([, high]) => high))];
}

/** The expression with its anchors made explicit: what may stand before and after a match is part of it. */
export function searching(node: RegexNode): RegexNode {
  const alternatives = node.kind === "either" ? node.parts : [node];
  const anything: RegexNode = { kind: "repeat", part: ANY, low: 0, high: Number.POSITIVE_INFINITY };
  const whole = alternatives.map((one): RegexNode => {
    const parts = one.kind === "sequence" ? one.parts : [one];
    const starts = isAnchor(parts[0], "^");
    const ends = isAnchor(parts.at(-1), "$");
    const inner = { kind: "sequence", parts: parts.slice(starts ? 1 : 0, ends ? -1 : undefined) } as const;
    return { kind: "sequence", parts: [...(starts ? [] : [anything]), inner, ...(ends ? [] : [anything])] };
  });
  return whole.length === 1 ? whole[0] : { kind: "either", parts: whole };
}

/** One character between JSON's quotation marks: a plain one, an escape, or the two escapes of one outside the basic plane. */
export const JSON_CHARACTER =
  '([^"\\\\\\u0000-\\u001f\\u007f] | "\\\\" ["\\\\/bfnrt] | "\\\\u" ([0-9abcefABCEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}) | ' +
  '"\\\\u" [dD] [89abAB] [0-9a-fA-F]{2} "\\\\u" [dD] [c-fC-F] [0-9a-fA-F]{2})';

const EVERYTHING: readonly Range[] = withoutRanges([]);
const ANY: RegexNode = { kind: "class", ranges: EVERYTHING };
const DIGIT: readonly Range[] = [[48, 57]];
const WORD: readonly Range[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const SPACE: readonly Range[] = [
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_ENDS: readonly Range[] = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
];
/** What JSON writes with a backslash; other control characters are left out of what may be generated. */
const JSON_ESCAPES: Readonly<Record<number, string>> = {
  8: "\\b",
  9: "\\t",
  10: "\\n",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};

const isAnchor = (node: RegexNode | undefined, at: string): boolean => node?.kind === "anchor" && node.at === at;

function withoutAnchors(node: RegexNode): RegexNode {
  if (node.kind === "either") return { kind: "either", parts: node.parts.map(withoutAnchors) };
  const parts = node.kind === "sequence" ? node.parts : [node];
  const [starts, ends] = [isAnchor(parts[0], "^"), isAnchor(parts.at(-1), "$")];
  return { kind: "sequence", parts: parts.slice(starts ? 1 : 0, ends ? -1 : undefined) };
}

function write(node: RegexNode, writing: Writing): string {
  switch (node.kind) {
    case "class":
      return writing === "text" ? characterClass(node.ranges) : jsonClass(node.ranges);
    case "sequence":
      return sequence(node.parts.map((part) => write(part, writing)));
    case "either":
      return either(node.parts.map((part) => write(part, writing)));
    case "repeat":
      return repeated(write(node.part, writing), node.low, node.high);
    case "anchor":
      throw new UserError(
        `The anchor ${node.at} stands in the middle of a regular expression, where it cannot be held to.`,
        {
          param: "regex",
          type: "invalid_request",
        },
      );
  }
}

function jsonClass(ranges: readonly Range[]): string {
  if (ranges === EVERYTHING) return JSON_CHARACTER;
  const has = (code: number): boolean => ranges.some(([first, last]) => code >= first && code <= last);
  const plain = withoutRanges([...withoutRanges(ranges), [0, 31], [34, 34], [92, 92], [127, 127]]);
  const escapes = Object.entries(JSON_ESCAPES).filter(([code]) => has(Number(code)));
  const pieces = [...(plain.length === 0 ? [] : [characterClass(plain)]), ...escapes.map(([, text]) => quoted(text))];
  if (pieces.length === 0) {
    throw new UserError(
      "A character class of the pattern has only control characters, which JSON strings cannot hold.",
      {
        param: "regex",
        type: "invalid_request",
      },
    );
  }
  return either(pieces);
}

class Parser {
  readonly #pattern: string;
  readonly #param: string;
  readonly #characters: readonly string[];
  #at = 0;

  constructor(pattern: string, param: string) {
    this.#pattern = pattern;
    this.#param = param;
    this.#characters = Array.from(pattern);
  }

  parse(): RegexNode {
    const node = this.#either();
    if (this.#at < this.#characters.length) throw this.#error(`unexpected ${this.#characters[this.#at]}`);
    return node;
  }

  #either(): RegexNode {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    return parts.length === 1 ? parts[0] : { kind: "either", parts };
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    while (this.#at < this.#characters.length && !this.#sees("|") && !this.#sees(")")) parts.push(this.#quantified());
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  #quantified(): RegexNode {
    const part = this.#atom();
    const bounds = this.#quantifier();
    if (bounds === null) return part;
    this.#take("?"); // lazy or not, the same texts match
    return { kind: "repeat", part, low: bounds[0], high: bounds[1] };
  }

  #quantifier(): [number, number] | null {
    if (this.#take("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.#take("+")) return [1, Number.POSITIVE_INFINITY];
    if (this.#take("?")) return [0, 1];
    const braces = /^\{(\d+)(,?)(\d*)\}/.exec(this.#characters.slice(this.#at, this.#at + 16).join(""));
    if (braces === null) return null;
    this.#at += braces[0].length;
    const low = Number(braces[1]);
    const high = braces[2] === "" ? low : braces[3] === "" ? Number.POSITIVE_INFINITY : Number(braces[3]);
    if (low > MOST_REPEATS || (high > MOST_REPEATS && high !== Number.POSITIVE_INFINITY)) {
      throw this.#error(`more than ${MOST_REPEATS} repetitions`);
    }
    return [low, high];
  }

  #atom(): RegexNode {
    const character = this.#characters[this.#at++];
    if (character === "(") return this.#group();
    if (character === "[") return { kind: "class", ranges: this.#class() };
    if (character === "^" || character === "$") return { kind: "anchor", at: character };
    if (character === ".") return { kind: "class", ranges: withoutRanges(LINE_ENDS) };
    if (character === "\\") return { kind: "class", ranges: normalRanges(this.#escape(false)) };
    if (character === "*" || character === "+" || character === "?")
      throw this.#error(`nothing to repeat before ${character}`);
    return { kind: "class", ranges: single(character) };
  }

  #group(): RegexNode {
    if (this.#take("?")) {
      const name = /^<[A-Za-z_]\w*>/.exec(this.#characters.slice(this.#at, this.#at + 64).join(""));
      if (name !== null) this.#at += name[0].length;
      else if (!this.#take(":")) throw this.#error("look-around and inline flags cannot be held to");
    }
    const node = this.#either();
    if (!this.#take(")")) throw this.#error("a ) is missing");
    // A group keeps its own alternatives.
    return node.kind === "either" ? { kind: "sequence", parts: [node] } : node;
  }

  #class(): readonly Range[] {
    const negated = this.#take("^");
    const ranges: Range[] = [];
    while (!this.#sees("]")) {
      const first = this.#classMember();
      if (
        this.#sees("-") &&
        this.#characters[this.#at + 1] !== "]" &&
        first.length === 1 &&
        first[0][0] === first[0][1]
      ) {
        this.#at++;
        const last = this.#classMember();
        ranges.push([first[0][0], last[0][0]]);
      } else ranges.push(...first);
    }
    this.#at++;
    const result = negated ? withoutRanges(ranges) : normalRanges(ranges);
    if (result.length === 0) throw this.#error("a character class is empty");
    return result;
  }

  #classMember(): readonly Range[] {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw this.#error("a ] is missing");
    return character === "\\" ? this.#escape(true) : single(character);
  }

  #escape(inClass: boolean): readonly Range[] {
    const character = this.#characters[this.#at++];
    const hex = (digits: number): readonly Range[] => {
      const text = this.#characters.slice(this.#at, this.#at + digits).join("");
      if (!/^[0-9a-fA-F]+$/.test(text) || text.length !== digits)
        throw this.#error(`\\${character} needs ${digits} digits`);
      this.#at += digits;
      const code = Number.parseInt(text, 16);
      return [[code, code]];
    };
    switch (character) {
      case "d":
        return DIGIT;
      case "D":
        return withoutRanges(DIGIT);
      case "w":
        return WORD;
      case "W":
        return withoutRanges(WORD);
      case "s":
        return SPACE;
      case "S":
        return withoutRanges(SPACE);
      case "n":
        return [[10, 10]];
      case "r":
        return [[13, 13]];
      case "t":
        return [[9, 9]];
      case "f":
        return [[12, 12]];
      case "v":
        return [[11, 11]];
      case "0":
        return [[0, 0]];
      case "x":
        return hex(2);
      case "u":
        return this.#unicodeEscape(hex);
      case "b":
        if (inClass) return [[8, 8]];
        throw this.#error("\\b cannot be held to");
      case "B":
      case "k":
      case "p":
      case "P":
      case "c":
        throw this.#error(`\\${character} cannot be held to`);
    }
    if (/[1-9]/.test(character)) throw this.#error("back-references cannot be held to");
    return single(character);
  }

  #unicodeEscape(hex: (digits: number) => readonly Range[]): readonly Range[] {
    if (!this.#take("{")) return hex(4);
    const end = this.#characters.indexOf("}", this.#at);
    const code = Number.parseInt(this.#characters.slice(this.#at, end).join(""), 16);
    if (end < 0 || !(code <= 0x10ffff)) throw this.#error("\\u{...} names no character");
    this.#at = end + 1;
    return [[code, code]];
  }

  #sees(character: string): boolean {
    return this.#characters[this.#at] === character;
  }

  #take(character: string): boolean {
    if (!this.#sees(character)) return false;
    this.#at++;
    return true;
  }

  #error(why: string): UserError {
    return invalid(this.#pattern, this.#param, why);
  }
}

const MOST_REPEATS = 10_000;

const single = (character: string): readonly Range[] => [[character.codePointAt(0)!, character.codePointAt(0)!]];

const invalid = (pattern: string, param: string, why: string): UserError =>
  new UserError(
    `The regular expression ${JSON.stringify(pattern.slice(0, 80))} cannot constrain an answer: ${why.replace(/\.$/, "")}.`,
    { param, type: "invalid_request" },
  );

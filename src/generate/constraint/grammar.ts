/** Grammars in GBNF (llama.cpp) or EBNF (XGrammar, vLLM) as a tree: the text people write and the one schemas become. */
import { UserError } from "../../error.ts";
import { normalRanges, type Range, withoutRanges } from "./ebnf.ts";

export type GrammarNode =
  /** One character of the ranges of code points. */
  | { readonly kind: "class"; readonly ranges: readonly Range[] }
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "sequence" | "either"; readonly parts: readonly GrammarNode[] }
  | { readonly kind: "repeat"; readonly part: GrammarNode; readonly low: number; readonly high: number };

/** Rules by name; the match begins at `root`. */
export type Grammar = ReadonlyMap<string, GrammarNode>;

/** Parses a grammar. @throws UserError naming the line of what is wrong */
export function parseGrammar(text: string): Grammar {
  const parser = new Parser(text);
  const rules = new Map<string, GrammarNode>();
  const used = new Map<string, number>();
  while (!parser.done) {
    const { name, node } = parser.rule(used);
    if (rules.has(name)) throw parser.error(`the rule ${name} is defined twice`);
    rules.set(name, node);
  }
  if (!rules.has("root")) {
    throw new UserError(
      'The grammar has no rule named root, where a match begins; add one, as in `root ::= "yes" | "no"`.',
      {
        param: "grammar",
        type: "invalid_request",
      },
    );
  }
  for (const [name, at] of used) if (!rules.has(name)) throw parser.error(`the rule ${name} is not defined`, at);
  return rules;
}

/** Most copies a repetition may ask for: each is laid out in the automaton. */
const MOST_REPEATS = 10_000;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skip();
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  rule(used: Map<string, number>): { readonly name: string; readonly node: GrammarNode } {
    const name = this.#name();
    if (name === null || !this.#take("::=")) throw this.error("a rule is written name ::= what it matches");
    return { name, node: this.#either(used) };
  }

  error(why: string, at = this.#at): UserError {
    const line = this.#text.slice(0, at).split("\n").length;
    return new UserError(`The grammar cannot be read: line ${line}: ${why}.`, {
      param: "grammar",
      type: "invalid_request",
    });
  }

  #either(used: Map<string, number>): GrammarNode {
    const parts = [this.#sequence(used)];
    while (this.#take("|")) parts.push(this.#sequence(used));
    return parts.length === 1 ? parts[0] : { kind: "either", parts };
  }

  #sequence(used: Map<string, number>): GrammarNode {
    const parts: GrammarNode[] = [];
    while (!this.done && !"|)".includes(this.#text[this.#at]) && !this.#startsRule()) {
      parts.push(this.#quantified(this.#item(used)));
    }
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  #item(used: Map<string, number>): GrammarNode {
    const start = this.#at;
    const character = this.#text[this.#at];
    if (character === '"') return this.#literal();
    if (character === "[") return this.#class();
    if (this.#take(".")) return { kind: "class", ranges: withoutRanges([]) };
    if (this.#take("(")) {
      const node = this.#either(used);
      if (!this.#take(")")) throw this.error("a ( is not closed", start);
      return node;
    }
    const name = this.#name();
    if (name === null) throw this.error(`${JSON.stringify(character)} is no text, class, rule or group`);
    if (!used.has(name)) used.set(name, start);
    return { kind: "rule", name };
  }

  #quantified(part: GrammarNode): GrammarNode {
    let node = part;
    for (;;) {
      let bounds: [number, number];
      if (this.#take("*")) bounds = [0, Number.POSITIVE_INFINITY];
      else if (this.#take("+")) bounds = [1, Number.POSITIVE_INFINITY];
      else if (this.#take("?")) bounds = [0, 1];
      else if (this.#text[this.#at] === "{") bounds = this.#braces();
      else return node;
      node = { kind: "repeat", part: node, low: bounds[0], high: bounds[1] };
    }
  }

  #braces(): [number, number] {
    const found = /^\{\s*(\d*)\s*(,?)\s*(\d*)\s*\}/.exec(this.#text.slice(this.#at, this.#at + 40));
    if (found === null || (found[1] === "" && found[3] === ""))
      throw this.error("a repetition is written {2}, {2,} or {2,5}");
    const low = Number(found[1]);
    const high = found[2] === "" ? low : found[3] === "" ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (low > high) throw this.error(`the repetition ${found[0]} has its bounds the wrong way round`);
    if (low > MOST_REPEATS || (high > MOST_REPEATS && high !== Number.POSITIVE_INFINITY)) {
      throw this.error(`the repetition ${found[0]} is more than ${MOST_REPEATS}`);
    }
    this.#at += found[0].length;
    this.#skip();
    return [low, high];
  }

  #literal(): GrammarNode {
    const start = this.#at++;
    const parts: GrammarNode[] = [];
    while (this.#text[this.#at] !== '"') {
      const code = this.#character(start, "a text");
      parts.push({ kind: "class", ranges: [[code, code]] });
    }
    this.#at++;
    this.#skip();
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  }

  #class(): GrammarNode {
    const start = this.#at++;
    const negated = this.#text[this.#at] === "^";
    if (negated) this.#at++;
    const ranges: Range[] = [];
    while (this.#text[this.#at] !== "]") {
      const first = this.#character(start, "a class");
      let last = first;
      if (this.#text[this.#at] === "-" && this.#text[this.#at + 1] !== "]") {
        this.#at++;
        last = this.#character(start, "a class");
      }
      if (last < first) throw this.error("a class has a range the wrong way round");
      ranges.push([first, last]);
    }
    this.#at++;
    this.#skip();
    return { kind: "class", ranges: negated ? withoutRanges(ranges) : normalRanges(ranges) };
  }

  /** The code point of the next character, written out or escaped. */
  #character(start: number, inside: string): number {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined || code === 10) throw this.error(`${inside} is not closed`, start);
    this.#at += code > 0xffff ? 2 : 1;
    if (code !== 92) return code;
    const letter = this.#text[this.#at++] ?? "";
    const digits = { x: 2, u: 4, U: 8 }[letter];
    if (digits !== undefined) {
      const hex = this.#text.slice(this.#at, this.#at + digits);
      const value = Number.parseInt(hex, 16);
      if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length < digits || value > 0x10ffff) {
        throw this.error(`\\${letter} needs ${digits} hexadecimal digits that name a character`);
      }
      this.#at += digits;
      return value;
    }
    const control = { n: 10, r: 13, t: 9, f: 12, v: 11, b: 8, a: 7, "0": 0 }[letter];
    if (control !== undefined) return control;
    if (letter === "" || /[A-Za-z0-9\n]/.test(letter)) throw this.error(`the escape \\${letter} is not known`);
    return letter.codePointAt(0)!;
  }

  /** Whether a new rule begins here. */
  #startsRule(): boolean {
    RULE.lastIndex = this.#at;
    return RULE.test(this.#text);
  }

  #name(): string | null {
    NAME.lastIndex = this.#at;
    const found = NAME.exec(this.#text);
    if (found === null) return null;
    this.#at = NAME.lastIndex;
    this.#skip();
    return found[0];
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    this.#skip();
    return true;
  }

  /** White space, line ends and comments. */
  #skip(): void {
    SPACE.lastIndex = this.#at;
    if (SPACE.test(this.#text)) this.#at = SPACE.lastIndex;
  }
}

const NAME = /[A-Za-z_][\w-]*/y;
const RULE = /[A-Za-z_][\w-]*(?:\s|#[^\n]*\n)*::=/y;
const SPACE = /(?:\s|#[^\n]*)+/y;

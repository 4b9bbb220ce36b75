/** A place in the tokens of a text, with how deep it is nested, and the grammar's levels that refer to each other. */
import { TooHard } from "../work.ts";
import type { Expression } from "./expression.ts";
import { NotMath, type Token, type TokenType } from "./lexer.ts";

/** The levels that brackets and commands need from above them. */
export interface Grammar {
  /** Terms with + and - between them. */
  readonly sum: (cursor: Cursor) => Expression;
  /** One answer: an expression, a relation or a chain of them, a union of sets. */
  readonly item: (cursor: Cursor) => Expression;
  /** Factors with * and / or nothing between them, up to the next sign. */
  readonly term: (cursor: Cursor) => Expression;
  /** Factors with nothing between them, up to the next function: what \\sin applies to. */
  readonly functionTerm: (cursor: Cursor) => Expression;
  /** One value without what stands behind it. */
  readonly primary: (cursor: Cursor) => Expression;
  /** What follows ^. */
  readonly exponent: (cursor: Cursor) => Expression;
}

/** Grammar levels within each other; a bracket takes about four. */
const DEEPEST = 400;

export class Cursor {
  readonly grammar: Grammar;
  /** Inside the argument of a trigonometric function, where degrees count. */
  trigonometric = 0;
  /** Inside |...| or {...}, where a bar after a value closes or divides. */
  bars = 0;
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], grammar: Grammar) {
    this.#tokens = [...tokens];
    this.grammar = grammar;
  }

  /** The next token, or the one `ahead` of it; the end token beyond the last. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  /** The token before the next one. */
  get previous(): Token | undefined {
    return this.#tokens[this.#at - 1];
  }

  next(): Token {
    const token = this.peek();
    if (token.type !== "end") this.#at++;
    return token;
  }

  skip(count = 1): void {
    for (let i = 0; i < count; i++) this.next();
  }

  /** Whether the next token is this sign. */
  is(sign: string, ahead = 0): boolean {
    const { type, text } = this.peek(ahead);
    return type === "punctuation" && text === sign;
  }

  isType(type: TokenType, ahead = 0): boolean {
    return this.peek(ahead).type === type;
  }

  isCommand(name: string, ahead = 0): boolean {
    const { type, text } = this.peek(ahead);
    return type === "command" && text === name;
  }

  /** Takes the sign if it is next. */
  take(sign: string): boolean {
    if (!this.is(sign)) return false;
    this.#at++;
    return true;
  }

  /** @throws NotMath where the sign does not stand next */
  expect(sign: string): void {
    if (!this.take(sign)) throw new NotMath(`${named(this.peek())} where ${sign} should stand`);
  }

  /** Takes the first digit of the number that is next and leaves the rest of it: \frac12 is 1/2. */
  digit(): string {
    const { text, ...token } = this.peek();
    if (text.length === 1) {
      this.#at++;
      return text;
    }
    this.#tokens[this.#at] = { ...token, text: text.slice(1), spaced: false };
    return text[0]!;
  }

  /** Tries to read; where that fails, nothing has been taken and null is returned. */
  attempt(read: (cursor: Cursor) => Expression): Expression | null {
    const [at, depth, bars] = [this.#at, this.#depth, this.bars];
    try {
      return read(this);
    } catch (error) {
      if (!(error instanceof NotMath)) throw error;
      this.#at = at;
      this.#depth = depth;
      this.bars = bars;
      return null;
    }
  }

  /** Runs `read` one level deeper. @throws TooHard beyond the deepest */
  nested<T>(read: () => T): T {
    if (++this.#depth > DEEPEST) throw new TooHard(`it is nested deeper than ${DEEPEST / 4} levels`);
    const result = read();
    this.#depth--;
    return result;
  }
}

/** The token as an error names it. */
export const named = (token: Token): string => (token.type === "end" ? "the end" : `"${token.text}"`);

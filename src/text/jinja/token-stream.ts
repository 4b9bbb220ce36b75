// The tokens of a template one after the other, with the questions a parser asks of them.

import { TemplateSyntaxError } from "./errors.ts";
import type { Token } from "./lexer.ts";

/** Deeper nesting would exhaust the stack. */
const DEEPEST = 150;

export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Runs what may nest. @throws TemplateSyntaxError where it nests too deep */
  protected deeper<T>(read: () => T): T {
    if (++this.#depth > DEEPEST) throw this.fail(`it nests deeper than ${DEEPEST} levels`);
    const value = read();
    this.#depth--;
    return value;
  }

  /** The token after the next. */
  protected ahead(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  protected peek(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
  }

  protected next(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  protected isOperator(value: string): boolean {
    return isOperatorOf(value)(this.peek());
  }

  protected takeOperator(value: string): boolean {
    if (!this.isOperator(value)) return false;
    this.#at++;
    return true;
  }

  protected takeName(value: string): boolean {
    const token = this.peek();
    if (token.kind !== "name" || token.value !== value) return false;
    this.#at++;
    return true;
  }

  protected expect(kind: Token["kind"]): Token {
    const token = this.next();
    if (token.kind !== kind) throw this.unexpected(token, KIND_NAMES[kind] ?? kind);
    return token;
  }

  protected expectOperator(value: string): void {
    const token = this.next();
    if (!isOperatorOf(value)(token)) throw this.unexpected(token, `'${value}'`);
  }

  protected unexpected(token: Token, expected?: string): TemplateSyntaxError {
    const what = KIND_NAMES[token.kind] ?? `'${token.value}'`;
    return new TemplateSyntaxError(
      expected === undefined ? `unexpected ${what}` : `expected ${expected}, not ${what}`,
      token.line,
    );
  }

  protected fail(message: string): TemplateSyntaxError {
    return new TemplateSyntaxError(message, this.peek().line);
  }
}

const KIND_NAMES: Readonly<Partial<Record<Token["kind"], string>>> = {
  block_end: "the end of the tag",
  variable_end: "the end of the expression",
  block_begin: "{%",
  variable_begin: "{{",
  data: "text",
  end: "the end of the template",
};

/** Whether a token is one of these operators. */
export const isOperatorOf =
  (...values: readonly string[]) =>
  (token: Token | undefined): boolean =>
    token?.kind === "operator" && values.includes(token.value);

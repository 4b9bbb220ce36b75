// Jinja2's expressions (jinja2/parser.py), each method one level of precedence, loosest first.

import type { Token } from "./lexer.ts";
import type { Arguments, Expression } from "./nodes.ts";
import { isOperatorOf, TokenStream } from "./token-stream.ts";

/** Names a template may use, to tell a wrong one when the template is read. */
export interface KnownNames {
  readonly filters: { has(name: string): boolean };
  readonly tests: { has(name: string): boolean };
}

const NO_ARGUMENTS: Arguments = { positional: [], named: [], spread: null, spreadNamed: null };
/** Names that are values. */
export const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);

export class ExpressionParser extends TokenStream {
  readonly #known: KnownNames;

  constructor(tokens: readonly Token[], known: KnownNames) {
    super(tokens);
    this.#known = known;
  }

  protected expression(withCondition = true): Expression {
    return this.deeper(() => (withCondition ? this.#condition() : this.#or()));
  }

  /** One expression, or several with commas between as a tuple. */
  protected tuple(withCondition = true, until: readonly string[] = [], parenthesized = false): Expression {
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0 && !this.takeOperator(",")) break;
      if (items.length > 0) isTuple = true;
      if (this.endsTuple(until)) break;
      items.push(this.expression(withCondition));
    }
    if (items.length === 1 && !isTuple) return items[0];
    if (items.length === 0 && !parenthesized) throw this.unexpected(this.peek());
    return { kind: "tuple", items };
  }

  protected endsTuple(until: readonly string[]): boolean {
    const token = this.peek();
    if (token.kind === "variable_end" || token.kind === "block_end" || this.isOperator(")")) return true;
    return token.kind === "name" && until.includes(token.value);
  }

  #condition(): Expression {
    let value = this.#or();
    while (this.takeName("if")) {
      const test = this.#or();
      const otherwise = this.takeName("else") ? this.deeper(() => this.#condition()) : null;
      value = { kind: "if", test, value, otherwise };
    }
    return value;
  }

  #or(): Expression {
    return this.#leftToRight(
      () => this.#and(),
      (token) => token.kind === "name" && token.value === "or",
    );
  }

  #and(): Expression {
    return this.#leftToRight(
      () => this.#not(),
      (token) => token.kind === "name" && token.value === "and",
    );
  }

  #not(): Expression {
    if (this.takeName("not")) return { kind: "unary", operator: "not", of: this.deeper(() => this.#not()) };
    return this.#compare();
  }

  #compare(): Expression {
    const first = this.#sum();
    const rest: { operator: string; value: Expression }[] = [];
    for (;;) {
      const token = this.peek();
      let operator: string;
      if (token.kind === "operator" && COMPARISONS.has(token.value)) operator = this.next().value;
      else if (this.takeName("in")) operator = "in";
      else if (token.kind === "name" && token.value === "not" && this.ahead()?.value === "in") {
        this.next();
        this.next();
        operator = "not in";
      } else break;
      rest.push({ operator, value: this.#sum() });
    }
    return rest.length === 0 ? first : { kind: "compare", first, rest };
  }

  #sum(): Expression {
    return this.#leftToRight(() => this.#concat(), isOperatorOf("+", "-"));
  }

  #concat(): Expression {
    const items = [this.#product()];
    while (this.takeOperator("~")) items.push(this.#product());
    return items.length === 1 ? items[0] : { kind: "concat", items };
  }

  #product(): Expression {
    return this.#leftToRight(() => this.#power(), isOperatorOf("*", "/", "//", "%"));
  }

  #power(): Expression {
    return this.#leftToRight(() => this.#unary(true), isOperatorOf("**"));
  }

  #leftToRight(operand: () => Expression, isOperator: (token: Token) => boolean): Expression {
    let left = operand();
    while (isOperator(this.peek())) {
      const operator = this.next().value;
      left = { kind: "binary", operator, left, right: operand() };
    }
    return left;
  }

  #unary(withFilters: boolean): Expression {
    let value: Expression;
    const sign = this.peek();
    if (sign.kind === "operator" && (sign.value === "-" || sign.value === "+")) {
      this.next();
      value = { kind: "unary", operator: sign.value, of: this.deeper(() => this.#unary(false)) };
    } else value = this.#primary();
    value = this.#postfix(value);
    return withFilters ? this.#filtersAndTests(value) : value;
  }

  #primary(): Expression {
    const token = this.next();
    switch (token.kind) {
      case "name": {
        const constant = CONSTANTS.get(token.value);
        return constant === undefined ? { kind: "name", name: token.value } : { kind: "constant", value: constant };
      }
      case "string": {
        let value = token.value;
        while (this.peek().kind === "string") value += this.next().value;
        return { kind: "constant", value };
      }
      case "integer":
        return { kind: "constant", value: Number(token.value) };
      case "float":
        return { kind: "constant", value: Number(token.value), isFloat: true };
      case "operator":
        if (token.value === "(") {
          const value = this.tuple(true, [], true);
          this.expectOperator(")");
          return value;
        }
        if (token.value === "[") return { kind: "list", items: this.#listed("]", () => this.expression()) };
        if (token.value === "{") return { kind: "dict", items: this.#listed("}", () => this.#pair()) };
        throw this.unexpected(token);
      default:
        throw this.unexpected(token);
    }
  }

  #pair(): readonly [Expression, Expression] {
    const key = this.expression();
    this.expectOperator(":");
    return [key, this.expression()];
  }

  /** Things with commas between, up to a closing bracket. */
  #listed<T>(end: string, one: () => T): T[] {
    const items: T[] = [];
    while (!this.isOperator(end)) {
      if (items.length > 0) this.expectOperator(",");
      if (this.isOperator(end)) break;
      items.push(one());
    }
    this.expectOperator(end);
    return items;
  }

  #postfix(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.takeOperator(".")) {
        const name = this.next();
        if (name.kind === "name") value = { kind: "attribute", of: value, name: name.value };
        else if (name.kind === "integer") {
          value = { kind: "item", of: value, at: { kind: "constant", value: Number(name.value) } };
        } else throw this.fail("a name or a number must follow a dot");
      } else if (this.takeOperator("[")) value = { kind: "item", of: value, at: this.#subscript() };
      else if (this.isOperator("(")) value = { kind: "call", of: value, args: this.arguments() };
      else return value;
    }
  }

  #subscript(): Expression {
    const parts: Expression[] = [];
    while (!this.isOperator("]")) {
      if (parts.length > 0) this.expectOperator(",");
      parts.push(this.#sliceOrIndex());
    }
    this.expectOperator("]");
    if (parts.length === 0) throw this.fail("an index is missing between [ and ]");
    return parts.length === 1 ? parts[0] : { kind: "tuple", items: parts };
  }

  #sliceOrIndex(): Expression {
    const parts: (Expression | null)[] = [null];
    if (!this.isOperator(":")) {
      const first = this.expression();
      if (!this.isOperator(":")) return first;
      parts[0] = first;
    }
    while (parts.length < 3 && this.takeOperator(":")) {
      const ends = this.isOperator(":") || this.isOperator("]") || this.isOperator(",");
      parts.push(ends ? null : this.expression());
    }
    return { kind: "slice", parts };
  }

  protected arguments(): Arguments {
    const positional: Expression[] = [];
    const named: [string, Expression][] = [];
    let spread: Expression | null = null;
    let spreadNamed: Expression | null = null;
    this.expectOperator("(");
    for (let first = true; !this.isOperator(")"); first = false) {
      if (!first) this.expectOperator(",");
      if (this.isOperator(")")) break;
      if (this.takeOperator("**")) spreadNamed = this.expression();
      else if (this.takeOperator("*")) spread = this.expression();
      else if (this.peek().kind === "name" && isOperatorOf("=")(this.ahead())) {
        const name = this.next().value;
        this.next();
        named.push([name, this.expression()]);
      } else if (named.length > 0 || spread !== null || spreadNamed !== null) {
        throw this.fail("an argument without a name follows one with a name");
      } else positional.push(this.expression());
    }
    this.expectOperator(")");
    return { positional, named, spread, spreadNamed };
  }

  #filtersAndTests(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.isOperator("|")) value = this.filters(value, false)!;
      else if (this.takeName("is")) value = this.#test(value);
      else if (this.isOperator("(")) value = { kind: "call", of: value, args: this.arguments() };
      else return value;
    }
  }

  protected filters(start: Expression | null, startsInline: boolean): Expression | null {
    let value = start;
    let inline = startsInline;
    while (inline || this.takeOperator("|")) {
      inline = false;
      const name = this.#dottedName();
      if (!this.#known.filters.has(name)) throw this.fail(`no filter named '${name}'`);
      const args = this.isOperator("(") ? this.arguments() : NO_ARGUMENTS;
      value = { kind: "filter", of: value, name, args };
    }
    return value;
  }

  #test(of: Expression): Expression {
    const negated = this.takeName("not");
    const name = this.#dottedName();
    if (!this.#known.tests.has(name)) throw this.fail(`no test named '${name}'`);
    let args = NO_ARGUMENTS;
    const token = this.peek();
    if (this.isOperator("(")) args = this.arguments();
    else if (startsPrimary(token) && !(token.kind === "name" && ["else", "or", "and"].includes(token.value))) {
      if (token.value === "is" && token.kind === "name") throw this.fail("tests with is cannot be chained");
      args = { ...NO_ARGUMENTS, positional: [this.#postfix(this.#primary())] };
    }
    const test: Expression = { kind: "test", of, name, args };
    return negated ? { kind: "unary", operator: "not", of: test } : test;
  }

  #dottedName(): string {
    let name = this.expect("name").value;
    while (this.takeOperator(".")) name += `.${this.expect("name").value}`;
    return name;
  }
}

const COMPARISONS = new Set(["==", "!=", "<", ">", "<=", ">="]);

const startsPrimary = (token: Token): boolean =>
  ["name", "string", "integer", "float"].includes(token.kind) ||
  (token.kind === "operator" && ["[", "{"].includes(token.value));

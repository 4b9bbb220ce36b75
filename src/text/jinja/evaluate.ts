// Runs a template's tree. Scopes are Jinja2's: a loop's round, a macro and a block have a scope of their own, an if has none; a
// macro sees the variables of the place it stands in.

import type { Budget } from "./budget.ts";
import type { FilterContext } from "./filter.ts";
import { FILTERS } from "./filters.ts";
import { attributeOf, itemOf } from "./members.ts";
import type { Arguments, Body, Expression, Parameters, Statement, Target } from "./nodes.ts";
import { binary } from "./operators.ts";
import { changedFunction, Output, Scope } from "./scope.ts";
import { sliced } from "./slices.ts";
import { contains, TESTS } from "./tests.ts";
import { type CallArguments, Callable, dictOf, equal, Float, fail, isNumber, iterate, LoopState, Macro, Namespace, numberOf, order, Tuple, text, truth, typeName, Undefined, type Value } from "./values.ts"; // biome-ignore format: a list

/** What ends a body early: a loop's break or continue. */
type Exit = "break" | "continue" | null;
type CallExpression = Expression & { readonly kind: "call" };

export class Evaluator {
  readonly #budget: Budget;
  readonly #context: FilterContext;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#context = {
      budget,
      filter: (name, value, args) => this.#applyFilter(name, value, args),
      test: (name, value, args) => this.#applyTest(name, value, args),
      attribute: (value, name) => itemOf(value, name, budget),
    };
  }

  /** The text a body makes. @throws TemplateRuntimeError */
  render(body: Body, scope: Scope): string {
    const output = new Output(this.#budget);
    this.#body(body, scope, output);
    return output.text();
  }

  #body(body: Body, scope: Scope, output: Output): Exit {
    for (const statement of body) {
      const exit = this.#statement(statement, scope, output);
      if (exit !== null) return exit;
    }
    return null;
  }

  #statement(statement: Statement, scope: Scope, output: Output): Exit {
    this.#budget.step();
    switch (statement.kind) {
      case "text":
        output.add(statement.text);
        return null;
      case "print":
        output.add(text(this.#value(statement.value, scope), this.#budget));
        return null;
      case "if":
        return this.#body(
          truth(this.#value(statement.test, scope)) ? statement.body : statement.otherwise,
          scope,
          output,
        );
      case "for":
        return this.#for(statement, scope, output, this.#value(statement.over, scope), 1);
      case "set":
        this.#assign(statement.target, this.#value(statement.value, scope), scope);
        return null;
      case "setBlock": {
        const written = this.render(statement.body, new Scope(scope));
        const { filter } = statement;
        this.#assign(statement.target, filter === null ? written : this.#filtered(filter, written, scope), scope);
        return null;
      }
      case "macro":
        scope.set(statement.name, this.#macro(statement.name, statement.parameters, statement.body, scope));
        return null;
      case "call": {
        const caller = this.#macro("caller", statement.parameters, statement.body, scope);
        output.add(text(this.#call(statement.call as CallExpression, scope, caller), this.#budget));
        return null;
      }
      case "filterBlock": {
        const written = this.render(statement.body, new Scope(scope));
        output.add(text(this.#filtered(statement.filter, written, scope), this.#budget));
        return null;
      }
      case "with": {
        const inner = new Scope(scope);
        // later values see the outer variables, not those set beside them
        const values = statement.values.map(([target, value]) => [target, this.#value(value, scope)] as const);
        for (const [target, value] of values) this.#assign(target, value, inner);
        return this.#body(statement.body, inner, output);
      }
      case "scope":
        return this.#body(statement.body, new Scope(scope), output);
      default:
        return statement.kind;
    }
  }

  #for(loop: Statement & { kind: "for" }, scope: Scope, output: Output, over: Value, depth: number): Exit {
    let items = iterate(over, this.#budget);
    if (loop.test !== null) {
      const { target, test } = loop;
      items = items.filter((item) => {
        const inner = new Scope(scope);
        this.#assign(target, item, inner);
        return truth(this.#value(test, inner));
      });
    }
    const changed = changedFunction(this.#budget);
    const again = loop.recursive
      ? new Callable("loop", ({ positional: [inner = []] }) => {
          const nested = new Output(this.#budget);
          this.#budget.deeper(() => this.#for(loop, scope, nested, inner, depth + 1));
          return nested.text();
        })
      : null;
    const state = new LoopState(items, depth, changed, again);
    for (let i = 0; i < items.length; i++) {
      const inner = new Scope(scope);
      state.index = i;
      inner.set("loop", state);
      this.#assign(loop.target, items[i], inner);
      this.#budget.step();
      if (this.#body(loop.body, inner, output) === "break") break;
    }
    return items.length === 0 ? this.#body(loop.otherwise, new Scope(scope), output) : null;
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    if (target.kind === "name") scope.set(target.name, value);
    else if (target.kind === "namespace") {
      const space = scope.get(target.name);
      if (!(space instanceof Namespace)) throw fail("cannot assign attribute on non-namespace object");
      space.values.set(target.attribute, value);
    } else {
      const items = iterate(value, this.#budget);
      const { length } = target.items;
      if (items.length < length) throw fail(`not enough values to unpack (expected ${length}, got ${items.length})`);
      if (items.length > length) throw fail(`too many values to unpack (expected ${length})`);
      for (let i = 0; i < length; i++) this.#assign(target.items[i], items[i], scope);
    }
  }

  #macro(name: string, parameters: Parameters, body: Body, scope: Scope): Callable {
    return new Macro(name, (args) =>
      this.#budget.deeper(() => this.render(body, this.#bound(name, parameters, body, args, scope))),
    );
  }

  /** A macro's scope with its arguments bound. */
  #bound(name: string, { names, defaults }: Parameters, body: Body, args: CallArguments, scope: Scope): Scope {
    const inner = new Scope(scope);
    const left = new Map(args.named);
    const caller = left.get("caller");
    if (caller !== undefined && !names.includes("caller")) {
      inner.set("caller", caller);
      left.delete("caller");
    }
    for (let i = 0; i < names.length; i++) {
      const parameter = names[i];
      const byPlace: Value | undefined = args.positional[i];
      const byName = left.get(parameter);
      if (byPlace !== undefined && byName !== undefined) {
        throw fail(`macro '${name}' got multiple values for argument '${parameter}'`);
      }
      left.delete(parameter);
      const given = byPlace === undefined ? byName : byPlace;
      const otherwise = defaults.get(parameter);
      if (given !== undefined) inner.set(parameter, given);
      else if (otherwise !== undefined) inner.set(parameter, this.#value(otherwise, inner));
      else inner.set(parameter, new Undefined(`parameter '${parameter}' was not provided`));
    }
    const more = args.positional.slice(names.length);
    if (more.length > 0 && !mentions(body, "varargs")) {
      throw fail(`macro '${name}' takes not more than ${names.length} argument(s)`);
    }
    if (left.size > 0 && !mentions(body, "kwargs")) {
      throw fail(`macro '${name}' takes no keyword argument '${[...left.keys()][0]}'`);
    }
    inner.set("varargs", new Tuple(more));
    inner.set("kwargs", dictOf(left));
    return inner;
  }

  #value(expression: Expression, scope: Scope): Value {
    this.#budget.step();
    switch (expression.kind) {
      case "constant":
        return expression.isFloat ? new Float(expression.value as number) : expression.value;
      case "name": {
        const found = scope.get(expression.name);
        return found === undefined ? new Undefined(`'${expression.name}' is undefined`) : found;
      }
      case "list":
        return expression.items.map((one) => this.#value(one, scope));
      case "tuple":
        return new Tuple(expression.items.map((one) => this.#value(one, scope)));
      case "dict":
        return dictOf(expression.items.map(([key, one]) => [this.#key(key, scope), this.#value(one, scope)]));
      case "attribute":
        return attributeOf(this.#value(expression.of, scope), expression.name, this.#budget);
      case "item":
        return this.#item(expression.of, expression.at, scope);
      case "slice":
        throw fail("a slice stands outside of [ ]");
      case "call":
        return this.#call(expression, scope);
      case "filter": {
        const value = this.#value(expression.of!, scope);
        return this.#applyFilter(expression.name, value, this.#arguments(expression.args, scope));
      }
      case "test": {
        const value = this.#value(expression.of, scope);
        return this.#applyTest(expression.name, value, this.#arguments(expression.args, scope));
      }
      case "unary":
        return unary(expression.operator, this.#value(expression.of, scope));
      case "binary": {
        const { operator } = expression;
        const left = this.#value(expression.left, scope);
        if (operator === "and") return truth(left) ? this.#value(expression.right, scope) : left;
        if (operator === "or") return truth(left) ? left : this.#value(expression.right, scope);
        return binary(operator, left, this.#value(expression.right, scope), this.#budget);
      }
      case "concat": {
        const parts = expression.items.map((one) => text(this.#value(one, scope), this.#budget));
        return this.#budget.join(parts, "");
      }
      case "compare":
        return this.#compare(expression, scope);
      default: {
        if (truth(this.#value(expression.test, scope))) return this.#value(expression.value, scope);
        if (expression.otherwise !== null) return this.#value(expression.otherwise, scope);
        return new Undefined("the inline if-expression evaluated to false and no else section was defined.");
      }
    }
  }

  #key(key: Expression, scope: Scope): Value {
    const value = this.#value(key, scope);
    if (Array.isArray(value) || value instanceof Map) throw fail(`unhashable type: '${typeName(value)}'`);
    return value;
  }

  #item(of: Expression, at: Expression, scope: Scope): Value {
    const value = this.#value(of, scope);
    if (at.kind !== "slice") return itemOf(value, this.#value(at, scope), this.#budget);
    const [start = null, stop = null, step = null] = at.parts.map((part) => {
      const bound = part === null ? null : this.#value(part, scope);
      if (bound === null) return null;
      if (typeof bound === "number" || typeof bound === "boolean") return numberOf(bound);
      throw fail("slice indices must be integers or None or have an __index__ method");
    });
    return sliced(value, start, stop, step, this.#budget);
  }

  #call(expression: CallExpression, scope: Scope, caller?: Callable): Value {
    const callee = this.#value(expression.of, scope);
    const { positional, named } = this.#arguments(expression.args, scope);
    const called = callee instanceof LoopState ? callee.again : callee;
    if (called instanceof Callable) {
      return called.call({ positional, named: caller === undefined ? named : new Map([...named, ["caller", caller]]) });
    }
    if (callee instanceof Undefined) throw fail(callee.message);
    throw fail(`'${typeName(callee)}' object is not callable`);
  }

  #arguments(args: Arguments, scope: Scope): CallArguments {
    const positional = args.positional.map((one) => this.#value(one, scope));
    if (args.spread !== null)
      for (const one of iterate(this.#value(args.spread, scope), this.#budget)) positional.push(one);
    const named = new Map(args.named.map(([name, one]) => [name, this.#value(one, scope)] as const));
    if (args.spreadNamed !== null) {
      const more = this.#value(args.spreadNamed, scope);
      if (!(more instanceof Map)) throw fail(`argument after ** must be a mapping, not ${typeName(more)}`);
      for (const [key, value] of more) named.set(text(key, this.#budget), value);
    }
    return { positional, named };
  }

  #filtered(filter: Expression, written: string, scope: Scope): Value {
    if (filter.kind !== "filter") throw fail("a block's filter is not a filter");
    const value = filter.of === null ? written : this.#filtered(filter.of, written, scope);
    return this.#applyFilter(filter.name, value, this.#arguments(filter.args, scope));
  }

  #applyFilter(name: string, value: Value, args: CallArguments): Value {
    const filter = FILTERS.get(name);
    if (filter === undefined) throw fail(`No filter named '${name}'.`);
    this.#budget.step();
    return filter(value, args, this.#context);
  }

  #applyTest(name: string, value: Value, args: CallArguments): boolean {
    this.#budget.step();
    if (name === "filter") return typeof value === "string" && FILTERS.has(value);
    if (name === "test") return typeof value === "string" && isTestName(value);
    const test = TESTS.get(name);
    if (test === undefined) throw fail(`No test named '${name}'.`);
    return test(value, args, this.#budget);
  }

  #compare(expression: Expression & { kind: "compare" }, scope: Scope): boolean {
    let left = this.#value(expression.first, scope);
    for (const { operator, value } of expression.rest) {
      const right = this.#value(value, scope);
      if (!this.#compareTwo(operator, left, right)) return false;
      left = right;
    }
    return true;
  }

  #compareTwo(operator: string, left: Value, right: Value): boolean {
    switch (operator) {
      case "==":
        return equal(left, right, this.#budget);
      case "!=":
        return !equal(left, right, this.#budget);
      case "in":
        return contains(right, left, this.#budget);
      case "not in":
        return !contains(right, left, this.#budget);
      default: {
        const sign = order(left, right, operator, this.#budget);
        return operator === "<" ? sign < 0 : operator === ">" ? sign > 0 : operator === "<=" ? sign <= 0 : sign >= 0;
      }
    }
  }
}

/** Whether a name is a test a template may use. */
export const isTestName = (name: string): boolean => TESTS.has(name) || name === "filter" || name === "test";

function unary(operator: "not" | "-" | "+", value: Value): Value {
  if (operator === "not") return !truth(value);
  if (value instanceof Undefined) throw fail(value.message);
  if (!isNumber(value)) throw fail(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  const number = operator === "-" ? -numberOf(value) : numberOf(value);
  return value instanceof Float ? new Float(number) : number === 0 ? 0 : number;
}

/** Whether a macro's body uses a name, by a look through its tree. */
function mentions(body: Body, name: string): boolean {
  const within = (node: unknown): boolean => {
    if (typeof node !== "object" || node === null) return false;
    if ((node as { kind?: unknown }).kind === "name" && (node as { name?: unknown }).name === name) return true;
    return Object.values(node).some(within);
  };
  return within(body);
}

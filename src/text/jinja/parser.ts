// Jinja2's statements (jinja2/parser.py) with the tags of transformers' chat templates: its own, loop controls, and `generation`,
// which marks what an assistant wrote and prints as if it were not there.

import { CONSTANTS, ExpressionParser, type KnownNames } from "./expression-parser.ts";
import { tokenize } from "./lexer.ts";
import type { Body, Expression, Parameters, Statement, Target } from "./nodes.ts";

/** Reads a template. @throws TemplateSyntaxError */
export function parse(source: string, known: KnownNames): Body {
  return new Parser(tokenize(source), known).body([]);
}

class Parser extends ExpressionParser {
  /** Statements up to a tag with one of these names, whose begin is taken; at the end of the text where there are none. */
  body(until: readonly string[]): Statement[] {
    const statements: Statement[] = [];
    this.deeper(() => {
      for (;;) {
        const token = this.next();
        if (token.kind === "data") statements.push({ kind: "text", text: token.value });
        else if (token.kind === "variable_begin") {
          statements.push({ kind: "print", value: this.tuple() });
          this.expect("variable_end");
        } else if (token.kind === "block_begin") {
          if (this.peek().kind === "name" && until.includes(this.peek().value)) return;
          statements.push(...this.#statement());
        } else if (token.kind === "end") {
          if (until.length > 0) throw this.fail(`the template ends where ${until.join(" or ")} should come`);
          return;
        } else throw this.unexpected(token);
      }
    });
    return statements;
  }

  /** A block's inside, its closing tag included. */
  #bodyTo(end: string): Statement[] {
    this.expect("block_end");
    const body = this.body([end]);
    this.next();
    return body;
  }

  #statement(): Statement[] {
    const name = this.expect("name").value;
    const statement = this.#tag(name);
    this.expect("block_end");
    return statement;
  }

  #tag(name: string): Statement[] {
    switch (name) {
      case "if":
        return [this.#if()];
      case "for":
        return [this.#for()];
      case "set":
        return [this.#set()];
      case "macro": {
        const macro = this.expect("name").value;
        return [{ kind: "macro", name: macro, parameters: this.#parameters(), body: this.#bodyTo("endmacro") }];
      }
      case "call": {
        const parameters = this.isOperator("(") ? this.#parameters() : { names: [], defaults: new Map() };
        const call = this.expression();
        if (call.kind !== "call") throw this.fail("a call block must call a macro");
        return [{ kind: "call", call, parameters, body: this.#bodyTo("endcall") }];
      }
      case "filter":
        return [{ kind: "filterBlock", filter: this.filters(null, true)!, body: this.#bodyTo("endfilter") }];
      case "with":
        return [this.#with()];
      case "generation":
        return [{ kind: "scope", body: this.#bodyTo("endgeneration") }];
      case "block": {
        this.expect("name");
        this.takeName("scoped");
        this.takeName("required");
        const body = this.#bodyTo("endblock");
        if (this.peek().kind === "name") this.next();
        return [{ kind: "scope", body }];
      }
      case "break":
      case "continue":
        return [{ kind: name }];
      default:
        throw this.fail(`unknown tag '${name}'`);
    }
  }

  #if(): Statement {
    const test = this.tuple(false);
    this.expect("block_end");
    const body = this.body(["elif", "else", "endif"]);
    const end = this.next().value;
    if (end === "elif") return { kind: "if", test, body, otherwise: [this.deeper(() => this.#if())] };
    return { kind: "if", test, body, otherwise: end === "else" ? this.#bodyTo("endif") : [] };
  }

  #for(): Statement {
    const target = this.#target(["in"], false);
    if (!this.takeName("in")) throw this.fail("'in' must follow the variable of a for loop");
    const over = this.tuple(false, ["recursive"]);
    const test = this.takeName("if") ? this.expression() : null;
    const recursive = this.takeName("recursive");
    this.expect("block_end");
    const body = this.body(["endfor", "else"]);
    const otherwise = this.next().value === "else" ? this.#bodyTo("endfor") : [];
    return { kind: "for", target, over, test, recursive, body, otherwise };
  }

  #set(): Statement {
    const target = this.#target([], true);
    if (this.takeOperator("=")) return { kind: "set", target, value: this.tuple() };
    const filter = this.filters(null, false);
    return { kind: "setBlock", target, filter, body: this.#bodyTo("endset") };
  }

  #with(): Statement {
    const values: [Target, Expression][] = [];
    while (this.peek().kind !== "block_end") {
      if (values.length > 0) this.expectOperator(",");
      const target = this.#target([], false);
      this.expectOperator("=");
      values.push([target, this.expression()]);
    }
    return { kind: "with", values, body: this.#bodyTo("endwith") };
  }

  #parameters(): Parameters {
    const names: string[] = [];
    const defaults = new Map<string, Expression>();
    this.expectOperator("(");
    while (!this.isOperator(")")) {
      if (names.length > 0) this.expectOperator(",");
      const name = this.expect("name").value;
      names.push(name);
      if (this.takeOperator("=")) defaults.set(name, this.expression());
      else if (defaults.size > 0) throw this.fail("a parameter without a default follows one with a default");
    }
    this.expectOperator(")");
    return { names, defaults };
  }

  /** What is assigned to: a name, an attribute of a namespace, or several. */
  #target(until: readonly string[], withNamespace: boolean): Target {
    const items: Target[] = [];
    let comma = false;
    do {
      if (items.length > 0 && this.endsTuple(until)) break;
      items.push(this.#oneTarget(until, withNamespace));
      comma ||= this.isOperator(",");
    } while (this.takeOperator(","));
    return comma || items.length !== 1 ? { kind: "tuple", items } : items[0];
  }

  #oneTarget(until: readonly string[], withNamespace: boolean): Target {
    if (this.takeOperator("(")) {
      const inner = this.deeper(() => this.#target(until, false));
      this.expectOperator(")");
      return inner;
    }
    const name = this.expect("name").value;
    if (CONSTANTS.has(name)) throw this.fail(`cannot assign to '${name}'`);
    if (!withNamespace || !this.takeOperator(".")) return { kind: "name", name };
    return { kind: "namespace", name, attribute: this.expect("name").value };
  }
}

/** Reads what stands in brackets: groups, points, intervals, sets, lists and absolute values. */
import { type Cursor, named } from "./cursor.ts";
import { call, type Expression } from "./expression.ts";
import { NotMath } from "./lexer.ts";

/** The value that starts with the bracket that is next. @throws NotMath where none does */
export function bracketed(cursor: Cursor): Expression {
  const token = cursor.next();
  switch (token.text) {
    case "(":
    case "[":
      return cursor.nested(() => withoutBars(cursor, () => roundOrSquare(cursor, token.text)));
    case "]":
      return cursor.nested(() => withoutBars(cursor, () => roundOrSquare(cursor, "]")));
    case "{":
      return cursor.nested(() => withoutBars(cursor, () => group(cursor)));
    case "\\{":
      return cursor.nested(() => set(cursor));
    case "|":
      return cursor.nested(() => {
        cursor.bars++;
        const inner = cursor.grammar.sum(cursor);
        cursor.bars--;
        cursor.expect("|");
        return call("abs", inner);
      });
    default:
      throw new NotMath(`${named(token)} where a value should stand`);
  }
}

/** Items with , or ; between them until `closed` finds the end, which is taken. */
export function until(cursor: Cursor, closed: (cursor: Cursor) => boolean): readonly Expression[] {
  const items: Expression[] = [];
  while (!closed(cursor)) {
    items.push(cursor.grammar.item(cursor));
    const separated = cursor.take(",") || cursor.take(";") || takeSeparator(cursor);
    if (!separated && !closed(cursor)) throw new NotMath(`${named(cursor.peek())} within brackets`);
  }
  cursor.next();
  return items;
}

function takeSeparator(cursor: Cursor): boolean {
  if (!cursor.isType("separator")) return false;
  cursor.next();
  return true;
}

/** (a), (a, b), [a, b), ]a, b[, [a, b, c]. A square bracket turned outwards is an open end. */
function roundOrSquare(cursor: Cursor, open: string): Expression {
  const closes = (one: Cursor) => one.is(")") || one.is("]") || (open === "]" && one.is("["));
  const items = until(cursor, closes);
  const close = cursor.previous!.text;
  const [first, second] = items;
  if (first === undefined) throw new NotMath("empty brackets");
  if (items.length === 1) {
    if (open === "]" || (open === "(") !== (close === ")")) throw new NotMath(`${open} closed by ${close}`);
    // [array] is how old LaTeX writes a matrix, and [a] a group
    return first;
  }
  const mixed = open === "[" || close === "]" || open === "]";
  if (items.length === 2 && mixed) {
    return {
      kind: "interval",
      low: first,
      high: second!,
      closedLow: open === "[",
      closedHigh: close === "]",
    };
  }
  if ((open === "(") !== (close === ")")) throw new NotMath(`${open} closed by ${close}`);
  return { kind: "tuple", items, brackets: open === "(" ? "(" : "[" };
}

/** {...}: LaTeX's invisible brackets around one value, or a list. */
function group(cursor: Cursor): Expression {
  const items: Expression[] = [];
  while (!cursor.is("}")) {
    if (cursor.isCommand("choose") && items.length === 1) {
      cursor.next();
      items[0] = call("binomial", items[0]!, cursor.grammar.item(cursor));
      continue;
    }
    items.push(cursor.grammar.item(cursor));
    const separated = cursor.take(",") || cursor.take(";") || takeSeparator(cursor);
    if (!separated && !cursor.is("}") && !cursor.isCommand("choose")) {
      throw new NotMath(`${named(cursor.peek())} within braces`);
    }
  }
  cursor.next();
  if (items.length === 0) throw new NotMath("empty braces");
  return items.length === 1 ? items[0]! : { kind: "list", items, joint: false };
}

/** \{1, 2\}, or \{x \mid x > 0\}, which is what holds of x. */
function set(cursor: Cursor): Expression {
  const items: Expression[] = [];
  cursor.bars++;
  while (!cursor.is("\\}")) {
    items.push(cursor.grammar.item(cursor));
    if (cursor.isCommand("mid") || cursor.is("|") || cursor.is(":")) {
      cursor.next();
      const conditions = until(cursor, (one) => one.is("\\}"));
      cursor.bars--;
      if (items.length !== 1 || conditions.some(({ kind }) => kind !== "relation")) throw new NotMath("a set by words");
      return conditions.length === 1 ? conditions[0]! : { kind: "list", items: conditions, joint: true };
    }
    const separated = cursor.take(",") || cursor.take(";") || takeSeparator(cursor);
    if (!separated && !cursor.is("\\}")) throw new NotMath(`${named(cursor.peek())} within a set`);
  }
  cursor.bars--;
  cursor.next();
  return { kind: "set", items };
}

/** Inside of brackets a bar opens again. */
function withoutBars<T>(cursor: Cursor, read: () => T): T {
  const { bars } = cursor;
  cursor.bars = 0;
  const result = read();
  cursor.bars = bars;
  return result;
}

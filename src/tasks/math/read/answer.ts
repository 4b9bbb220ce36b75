/** Reads a whole answer: relations and chains, unions, ratios, and lists of them; every way its commas can be meant. */

import { clean } from "./clean.ts";
import { Cursor, type Grammar, named } from "./cursor.ts";
import { type Expression, type Sign, text as words } from "./expression.ts";
import { exponent, functionTerm, isWord, primary, sum, term } from "./formula.ts";
import { type Commas, type Manner, NotMath, type Token, tokenize } from "./lexer.ts";

/** The ways to read a text, the likeliest first; always at least one, that of plain words if nothing else. */
export interface Readings {
  readonly readings: readonly [Expression, ...Expression[]];
  /** Why it is words and no formula; null where it is one. */
  readonly failure: string | null;
}

/**
 * Reads a text as mathematics.
 * @param plain the text is no LaTeX: a comma between digits may be a decimal mark.
 * @throws TooHard where it is deeper or longer than an answer can be
 */
export function read(source: string, { plain = false }: { readonly plain?: boolean } = {}): Readings {
  const cleaned = clean(source);
  const ways: Commas[] = ["thousands"];
  if (/\d,\d/.test(cleaned)) ways.push("list", ...(plain ? (["decimal"] as const) : []));
  const readings: Expression[] = [];
  let failure: string | null = null;
  for (const way of ways) {
    try {
      const reading = readOnce(cleaned, { commas: way, plain });
      if (!readings.some((other) => JSON.stringify(other, bigintText) === JSON.stringify(reading, bigintText))) {
        readings.push(reading);
      }
    } catch (error) {
      if (!(error instanceof NotMath)) throw error;
      failure ??= error.message;
    }
  }
  const [first, ...rest] = readings;
  if (first === undefined) return { readings: [words(cleaned)], failure };
  return { readings: [first, ...rest], failure: null };
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

/** @throws NotMath */
function readOnce(cleaned: string, manner: Manner): Expression {
  const cursor = new Cursor(tokenize(cleaned, manner), GRAMMAR);
  const groups = [...groupsOf(cursor)];
  if (!cursor.isType("end")) throw new NotMath(`${named(cursor.peek())} does not belong there`);
  const joint = groups.some((group) => group.joint);
  const items =
    groups.length === 1
      ? groups[0]!.items
      : groups.map(
          ({ items }): Expression => (items.length === 1 ? items[0]! : { kind: "tuple", items, brackets: "<" }),
        );
  if (items.length === 0) throw new NotMath("nothing");
  return items.length === 1 ? items[0]! : { kind: "list", items, joint };
}

interface Group {
  readonly items: readonly Expression[];
  readonly joint: boolean;
}

/** Groups between semicolons and line ends, each of items between commas, "and" and "or". */
function* groupsOf(cursor: Cursor): Iterable<Group> {
  while (!cursor.isType("end")) {
    const items: Expression[] = [item(cursor)];
    let joint = false;
    for (;;) {
      let separated = false;
      let or = false;
      while (cursor.is(",") || cursor.isType("separator")) {
        const token = cursor.next();
        separated = true;
        if (token.text === "or") or = true;
        if (token.text === "and") joint = true;
      }
      if (!separated || cursor.isType("end") || cursor.is(";")) break;
      items.push(item(cursor));
      if (or) joint = false;
    }
    yield { items, joint };
    if (!cursor.take(";") && !cursor.take("\\\\")) return;
  }
}

/** Sides with relation signs between them. Behind an arrow a new relation starts: only the last one is the answer. */
function item(cursor: Cursor): Expression {
  return cursor.nested(() => {
    if (cursor.is("=") || cursor.isCommand("approx") || cursor.is(":")) cursor.next(); // "= 5"
    let sides: Expression[] = [setExpression(cursor)];
    let signs: Sign[] = [];
    for (;;) {
      const sign = signAhead(cursor);
      if (sign === null) break;
      if (sign === "=>") {
        sides = [setExpression(cursor)];
        signs = [];
      } else {
        signs.push(sign);
        sides.push(setExpression(cursor));
      }
    }
    skipModulus(cursor);
    return signs.length === 0 ? sides[0]! : { kind: "relation", sides, signs };
  });
}

/** Takes the relation sign that is next. */
function signAhead(cursor: Cursor): Sign | "=>" | null {
  const { type, text } = cursor.peek();
  if (type === "punctuation" && PLAIN_SIGNS.has(text)) {
    cursor.next();
    if (text === "=" && cursor.take(">")) return "=>";
    while (cursor.is("&")) cursor.next();
    return PLAIN_SIGNS.get(text)!;
  }
  if (type === "punctuation" && text === "&" && isSign(cursor.peek(1))) {
    cursor.next(); // where the lines of an align environment meet
    return signAhead(cursor);
  }
  if (type !== "command") return null;
  if (text === "not") {
    cursor.next();
    const inner = signAhead(cursor);
    if (inner !== "=") throw new NotMath("a relation that does not hold");
    return "!=";
  }
  const sign = COMMAND_SIGNS.get(text) ?? null;
  if (sign !== null) cursor.next();
  return sign;
}

const isSign = ({ type, text }: Token): boolean =>
  (type === "punctuation" && PLAIN_SIGNS.has(text)) || (type === "command" && COMMAND_SIGNS.has(text));

/** \pmod{7} behind an answer says where it holds. */
function skipModulus(cursor: Cursor): void {
  if (!cursor.isCommand("pmod")) return;
  cursor.next();
  if (cursor.is("{")) {
    while (!cursor.isType("end") && !cursor.take("}")) cursor.next();
  } else {
    cursor.next();
  }
}

/** Ratios with \cup, \cap and \setminus between them. */
function setExpression(cursor: Cursor): Expression {
  const items: Expression[] = [ratio(cursor)];
  let operation: "union" | "intersection" | "difference" | null = null;
  for (;;) {
    const next = operationAhead(cursor, items.at(-1)!);
    if (next === null) break;
    cursor.next();
    if (operation !== null && operation !== next) {
      items.splice(0, items.length, { kind: "setOperation", operation, items: [...items] });
    }
    operation = next;
    items.push(ratio(cursor));
  }
  return operation === null ? items[0]! : { kind: "setOperation", operation, items };
}

function operationAhead(cursor: Cursor, before: Expression): "union" | "intersection" | "difference" | null {
  const { type, text } = cursor.peek();
  if (type === "letter" && (text === "U" || text === "u")) {
    return before.kind === "interval" || before.kind === "tuple" || before.kind === "set" ? "union" : null;
  }
  if (type === "punctuation" && text === "\\\\") return null;
  if (type !== "command") return null;
  return OPERATIONS.get(text) ?? null;
}

/** 1:2:3 */
function ratio(cursor: Cursor): Expression {
  const items: Expression[] = [sum(cursor)];
  while ((cursor.is(":") || cursor.isCommand("colon")) && cursor.bars === 0) {
    cursor.next();
    items.push(sum(cursor));
  }
  if (items.length > 1 && items.some(isWord)) throw new NotMath("a word before a colon");
  return items.length === 1 ? items[0]! : { kind: "ratio", items };
}

const GRAMMAR: Grammar = { sum, item, term, functionTerm, primary, exponent };

const PLAIN_SIGNS: ReadonlyMap<string, Sign> = new Map([
  ["=", "="],
  ["<", "<"],
  [">", ">"],
  ["<=", "<="],
  [">=", ">="],
  ["!=", "!="],
]);

const COMMAND_SIGNS: ReadonlyMap<string, Sign | "=>"> = new Map([
  ...["le", "leq", "leqslant", "leqq"].map((name) => [name, "<="] as const),
  ...["ge", "geq", "geqslant", "geqq"].map((name) => [name, ">="] as const),
  ["lt", "<"],
  ["gt", ">"],
  ["ne", "!="],
  ["neq", "!="],
  ["eq", "="],
  ["equiv", "="],
  ["approx", "~"],
  ["approxeq", "~"],
  ["simeq", "~"],
  ["sim", "~"],
  ["cong", "~"],
  ["doteq", "~"],
  ["in", "in"],
  ["Rightarrow", "=>"],
  ["implies", "=>"],
  ["Longrightarrow", "=>"],
  ["iff", "=>"],
  ["Leftrightarrow", "=>"],
]);

const OPERATIONS: ReadonlyMap<string, "union" | "intersection" | "difference"> = new Map([
  ["cup", "union"],
  ["bigcup", "union"],
  ["cap", "intersection"],
  ["setminus", "difference"],
  ["backslash", "difference"],
  ["smallsetminus", "difference"],
]);

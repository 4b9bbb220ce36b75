/** Several values: sets and lists in any order, points in order, each part compared as what it is. */
import type { Expression, Of } from "../read/expression.ts";
import { brief } from "../read/show.ts";
import { asNamed, nameHead } from "./names.ts";
import { asRegion, compareRegions } from "./regions.ts";
import { kindsDiffer, type Rules } from "./rules.ts";
import { type Comparison, no, yes } from "./scalar.ts";

/** Gold is several values: each must be among the answer's, and none besides. */
export function compareToItems(gold: Of<"list"> | Of<"set">, answer: Expression, rules: Rules): Comparison {
  if (gold.items.length > 0 && gold.items.every(({ kind }) => kind === "relation")) {
    const related = compareToRelations(gold.items as readonly Of<"relation">[], gold, answer, rules);
    if (related !== null) return related;
  }
  const items = itemsOf(answer);
  const [only] = gold.items;
  if (items === null) return gold.items.length === 1 ? rules.compare(only!, answer) : kindsDiffer(gold, answer);
  return compareUnordered(itemsOf(gold)!, items, rules);
}

/** Gold is several relations: named values (k = 45, n = 2) by name, or by place where the answer gives bare values; inequalities as the set they leave. */
function compareToRelations(
  relations: readonly Of<"relation">[],
  gold: Expression,
  answer: Expression,
  rules: Rules,
): Comparison | null {
  const [goldSet, answerSet] = [asRegion(gold), asRegion(answer)];
  if (goldSet !== null && answerSet !== null && answer.kind !== "set") return compareRegions(goldSet, answerSet, rules);
  const given = itemsOf(answer);
  if (given === null) return null;
  if (given.some(({ kind }) => kind === "relation")) return compareUnordered(relations, given, rules);
  const named = relations.map(asNamed);
  if (!named.every((one) => one !== null)) return null;
  const values = named.map(({ value }) => value);
  const alike = new Set(named.map(({ name }) => nameHead(name))).size === 1;
  return alike || answer.kind === "set" ? compareUnordered(values, given, rules) : compareInOrder(values, given, rules);
}

/** The items of what counts as several answers; a list may carry its name on the first item only, as in n = 1, 2, 3. */
function itemsOf(a: Expression): readonly Expression[] | null {
  if (a.kind === "list") return sharedName(a.items) ?? a.items;
  return a.kind === "set" || a.kind === "tuple" ? a.items : null;
}

/** The items of n = 1, 2, 3 without the name; null for other lists. */
function sharedName(items: readonly Expression[]): readonly Expression[] | null {
  const [first, ...rest] = items;
  const named = first === undefined ? null : asNamed(first);
  if (named === null || rest.length === 0 || rest.some(({ kind }) => kind === "relation")) return null;
  if (named.name.kind === "tuple" && rest.some(({ kind }) => kind !== "tuple")) return null;
  return [named.value, ...rest];
}

/** More items than this on both sides are not compared each with each. */
const MOST_PAIRS = 40_000;

function compareUnordered(gold: readonly Expression[], answer: readonly Expression[], rules: Rules): Comparison {
  if (gold.length * answer.length > MOST_PAIRS)
    return no(`lists of ${gold.length} and ${answer.length} items are too long to compare`);
  const matched = new Set<Expression>();
  for (const item of gold) {
    const found = answer.filter((other) => !matched.has(other) && rules.compare(item, other).equal);
    const again = found.length > 0 || answer.some((other) => matched.has(other) && rules.compare(item, other).equal);
    if (!again) return no(`the answer lacks ${brief(item)}`);
    for (const other of found) matched.add(other);
  }
  const extra = answer.find((other) => !matched.has(other));
  if (extra !== undefined) return no(`the answer also gives ${brief(extra)}`);
  const count = Math.min(gold.length, answer.length);
  return yes(count === 1 ? "the same single value" : `the same ${count} values, in any order`);
}

/** Points: part by part, names left out. */
export function compareInOrder(gold: readonly Expression[], answer: readonly Expression[], rules: Rules): Comparison {
  if (gold.length !== answer.length) return no(`the answer has ${answer.length} parts, gold ${gold.length}`);
  for (const [i, item] of gold.entries()) {
    const own = rules.compare(withoutName(item), withoutName(answer[i]!));
    if (!own.equal) return no(`part ${i + 1} differs: ${own.reason}`);
  }
  return yes("equal part by part");
}

const withoutName = (a: Expression): Expression => asNamed(a)?.value ?? a;

/**
 * Whether an answer is the gold one, by the kinds of the two: numbers and formulas, points, sets, lists, intervals, matrices,
 * relations, words. The gold one leads: it says what is asked for, and an answer may give more (x = 5 for 5), not less.
 */
import {
  type Expression,
  mapChildren,
  negative,
  number,
  type Of,
  product,
  some,
  symbol,
  symbolsOf,
} from "../read/expression.ts";
import { spend } from "../work.ts";
import { compareInOrder, compareToItems } from "./lists.ts";
import { withMatricesWorkedOut } from "./matrices.ts";
import { isEquality } from "./names.ts";
import { Undefined } from "./normal-form.ts";
import { compareRelationTo, compareToRelation } from "./relations.ts";
import { type CompareOptions, compareValues, isValue, kindsDiffer, type Rules } from "./rules.ts";
import { type Comparison, compareScalars, no, yes } from "./scalar.ts";
import { compareSets, isSet } from "./sets.ts";
import { compareWords, saysNone, wordsOf } from "./words.ts";

/** Compares two answers as they were read. @throws TooHard */
export function compare(gold: Expression, answer: Expression, options: CompareOptions = {}): Comparison {
  const comparison = compareOnce(gold, answer, options);
  if (comparison.equal || options.strict !== false) return comparison;
  return (
    renamings(gold, answer)
      .map((renamed) => compareOnce(gold, renamed, options))
      .find(({ equal }) => equal) ?? comparison
  );
}

function compareOnce(gold: Expression, answer: Expression, options: CompareOptions): Comparison {
  try {
    const rules: Rules = { ...options, compare: (g, a) => compareAny(g, a, rules) };
    return rules.compare(prepared(gold), prepared(answer));
  } catch (error) {
    if (error instanceof Undefined || error instanceof RangeError) return no(`cannot be compared: ${error.message}`);
    throw error;
  }
}

const prepared = (a: Expression): Expression => expanded(withMatricesWorkedOut(a));

/** a plus or minus b as the list of both; within lists and sets as two of their items. */
function expanded(a: Expression): Expression {
  if (!some(a, ({ kind }) => kind === "plusMinus")) return a;
  if (a.kind === "list" || a.kind === "set") {
    const items = a.items.flatMap((item) => {
      const both = expanded(item);
      return both.kind === "list" ? both.items : [both];
    });
    return { ...a, items };
  }
  if (a.kind === "relation" || a.kind === "quantity" || a.kind === "tuple" || isValue(a)) {
    return { kind: "list", items: [withSign(a, false), withSign(a, true)], joint: false };
  }
  return mapChildren(a, expanded);
}

function withSign(a: Expression, minus: boolean): Expression {
  if (a.kind !== "plusMinus") return mapChildren(a, (part) => withSign(part, minus));
  const value = withSign(a.value, minus);
  return a.flipped === minus ? value : negative(value);
}

function compareAny(gold: Expression, answer: Expression, rules: Rules): Comparison {
  spend(1);
  if (gold.kind === "relation") return compareToRelation(gold, answer, rules);
  if (answer.kind === "relation") return compareRelationTo(gold, answer, rules);
  const words = compareIfWords(gold, answer);
  if (words !== null) return words;
  const unlike = inequalityIn(answer);
  if (unlike !== undefined && !rules.relationsForSets && (isSet(gold) || gold.kind === "tuple")) {
    return kindsDiffer(gold, unlike);
  }
  if (isSet(gold) || isSet(answer)) return compareSets(gold, answer, rules);
  if (gold.kind === "list" || gold.kind === "set") return compareToItems(gold, answer, rules);
  if (gold.kind === "tuple") {
    return answer.kind === "tuple" || answer.kind === "list"
      ? compareInOrder(gold.items, answer.items, rules)
      : kindsDiffer(gold, answer);
  }
  if ((answer.kind === "list" || answer.kind === "set") && answer.items.length === 1) {
    return rules.compare(gold, answer.items[0]!);
  }
  if (answer.kind === "list" && answer.items.every((item) => rules.compare(gold, item).equal)) {
    return yes("given several times, each time gold's value");
  }
  if (gold.kind === "matrix" && answer.kind === "matrix") return compareMatrices(gold, answer, rules);
  if (gold.kind === "ratio" || answer.kind === "ratio") return compareRatios(gold, answer, rules);
  if (gold.kind === "based" || answer.kind === "based") return compareBased(gold, answer);
  return isValue(gold) && isValue(answer) ? compareValues(gold, answer, rules) : kindsDiffer(gold, answer);
}

/** An inequality among several answers. */
const inequalityIn = (a: Expression): Expression | undefined =>
  a.kind === "list" ? a.items.find((item) => item.kind === "relation" && !isEquality(item)) : undefined;

/** Words against words, letters against letters; null where the two are to be compared as mathematics. */
function compareIfWords(gold: Expression, answer: Expression): Comparison | null {
  const [g, a] = [wordsOf(gold), wordsOf(answer)];
  const isText = gold.kind === "text" || answer.kind === "text";
  if (g !== null && a !== null && (isText || (g.length === 1 && a.length === 1))) return compareWords(g, a);
  if (g !== null && a !== null && g.toLowerCase() === a.toLowerCase()) return yes("the same letters");
  if (!isText) return null;
  for (const [one, other] of [
    [gold, answer],
    [answer, gold],
  ] as const) {
    if (one.kind === "text" && other.kind === "set" && other.items.length === 0 && saysNone(one.text)) {
      return yes("both say that there is none");
    }
  }
  return kindsDiffer(gold, answer);
}

function compareMatrices(gold: Of<"matrix">, answer: Of<"matrix">, rules: Rules): Comparison {
  const [rows, columns] = [gold.rows.length, gold.rows[0]!.length];
  if (answer.rows.length !== rows || answer.rows[0]!.length !== columns) {
    return no(`the answer is a ${answer.rows.length} by ${answer.rows[0]!.length} matrix, gold ${rows} by ${columns}`);
  }
  for (const [i, row] of gold.rows.entries()) {
    for (const [j, entry] of row.entries()) {
      const own = rules.compare(entry, answer.rows[i]![j]!);
      if (!own.equal) return no(`entry ${i + 1},${j + 1} differs: ${own.reason}`);
    }
  }
  return yes("equal entry by entry");
}

/** 7:32 is 14:64 and 7/32; with a zero in it (a time of day) only itself. */
function compareRatios(gold: Expression, answer: Expression, rules: Rules): Comparison {
  if (gold.kind === "ratio" && answer.kind === "ratio") {
    if (gold.items.length !== answer.items.length) return no("ratios of different numbers of parts");
    const plain = compareInOrder(gold.items, answer.items, rules);
    if (plain.equal || [...gold.items, ...answer.items].some(isZero)) return plain;
    const [g, a] = [gold.items[0]!, answer.items[0]!];
    for (const [i, item] of gold.items.entries()) {
      const crossed = compareScalars(product([item, a]), product([answer.items[i]!, g]), rules);
      if (!crossed.equal) return no("different ratios");
    }
    return yes("the same ratio");
  }
  const [ratio, other] = gold.kind === "ratio" ? [gold, answer] : [answer as Of<"ratio">, gold];
  if (ratio.items.length !== 2 || !isValue(other) || ratio.items.some(isZero)) return kindsDiffer(gold, answer);
  const [top, bottom] = ratio.items;
  return compareScalars(other, product([top!, { kind: "power", base: bottom!, exponent: number(-1) }]), rules);
}

const isZero = (a: Expression): boolean => a.kind === "number" && a.value.top === 0n;

/** Where gold names a base it asks for digits in that base: its value in base ten is another answer. */
function compareBased(gold: Expression, answer: Expression): Comparison {
  if (gold.kind === "based" && answer.kind === "based") {
    if (gold.base !== answer.base) return no(`the answer is in base ${answer.base}, gold in base ${gold.base}`);
    return gold.digits === answer.digits ? yes(`the same digits in base ${gold.base}`) : no("different digits");
  }
  const [based, other] = gold.kind === "based" ? [gold, answer] : [answer as Of<"based">, gold];
  if (!isValue(other)) return kindsDiffer(gold, answer);
  if (based.base === 10) return compareScalars(number(BigInt(based.digits)), other);
  return no(
    `${gold.kind === "based" ? "gold is" : "the answer is"} a numeral in base ${based.base}, the other in base ten`,
  );
}

/** The answer with its variables named as gold's are, in every way there is; none where the two have different numbers of them. */
function renamings(gold: Expression, answer: Expression): readonly Expression[] {
  const [names, own] = [symbolsOf(gold), symbolsOf(answer)];
  if (names.length !== own.length || names.length === 0 || names.length > 4) return [];
  return permutations(names).map((order) => {
    const to = new Map(own.map((name, i) => [name, order[i]!]));
    const rename = (a: Expression): Expression =>
      a.kind === "symbol" ? symbol(to.get(a.name)!) : mapChildren(a, rename);
    return rename(answer);
  });
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

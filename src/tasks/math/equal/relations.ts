/** Equations, inequalities and memberships, against each other and against values and sets. */
import { type Expression, negative, type Of, sum, symbolsOf } from "../read/expression.ts";
import { brief } from "../read/show.ts";
import { compareInOrder } from "./lists.ts";
import { asNamed, isEquality, lastSide, sameName } from "./names.ts";
import { normalForm, structureKey } from "./normal-form.ts";
import { asRegion, compareRegions, relationRegion } from "./regions.ts";
import { isValue, kindsDiffer, nameOf, type Rules } from "./rules.ts";
import { type Comparison, no, yes } from "./scalar.ts";
import { compareSets, isSet } from "./sets.ts";
import { proportion, sameEquations } from "./solve.ts";

/** Gold is a relation: a named value accepts the value, an inequality the set it leaves. */
export function compareToRelation(gold: Of<"relation">, answer: Expression, rules: Rules): Comparison {
  if (isComputation(gold)) return rules.compare(lastSide(gold), answer);
  if (answer.kind === "relation") return compareRelations(gold, answer, rules);
  if (isEquality(gold)) {
    const named = asNamed(gold);
    if (named !== null) return rules.compare(named.value, answer);
    return no("gold is an equation, the answer is not");
  }
  const left = relationRegion(gold);
  if (left === null) return kindsDiffer(gold, answer);
  const region = asRegion(answer);
  if (region === null || answer.kind === "set") return kindsDiffer(gold, answer);
  return compareRegions(left, region, rules);
}

/** 3 + 4 = 7: a chain without unknowns says what it ends with. */
const isComputation = (a: Of<"relation">): boolean => isEquality(a) && symbolsOf(a).length === 0;

/** The answer is a relation where gold is none: a chain gives what it ends with, membership its set. */
export function compareRelationTo(gold: Expression, answer: Of<"relation">, rules: Rules): Comparison {
  if (isEquality(answer)) {
    const value = lastSide(answer);
    const equation = isZero(value) && asNamed(answer) === null && symbolsOf(answer.sides[0]!).length > 0;
    return equation ? no(`the answer is an equation, gold ${nameOf(gold)}`) : rules.compare(gold, value);
  }
  if (answer.signs.length === 1 && answer.signs[0] === "in") return rules.compare(gold, answer.sides[1]!);
  if (!isSet(gold) || rules.relationsForSets !== true) return no(`the answer is an inequality, gold ${nameOf(gold)}`);
  return compareSets(gold, answer, rules);
}

const isZero = (a: Expression): boolean => a.kind === "number" && a.value.top === 0n;

function compareRelations(gold: Of<"relation">, answer: Of<"relation">, rules: Rules): Comparison {
  const membership = [gold, answer].map(({ signs }) => signs.length === 1 && signs[0] === "in");
  if (membership[0] && membership[1]) return rules.compare(gold.sides[1]!, answer.sides[1]!);
  if (membership[0]) return compareRelationTo(gold.sides[1]!, answer, rules);
  if (membership[1]) return compareToRelation(gold, answer.sides[1]!, rules);
  if (isEquality(gold) !== isEquality(answer)) return kindsDiffer(gold, answer);
  if (isComputation(answer)) return rules.compare(asNamed(gold)?.value ?? gold, lastSide(answer));
  return isEquality(gold) ? compareEquations(gold, answer, rules) : compareInequalities(gold, answer, rules);
}

function compareEquations(gold: Of<"relation">, answer: Of<"relation">, rules: Rules): Comparison {
  const [g, a] = [asNamed(gold), asNamed(answer)];
  if (g !== null && a !== null && sameName(g.name, a.name)) return rules.compare(g.value, a.value);
  const [first, last] = [gold.sides[0]!, lastSide(gold)];
  const [ownFirst, ownLast] = [answer.sides[0]!, lastSide(answer)];
  if (![first, last, ownFirst, ownLast].every(isValue)) return comparePairs(gold, answer, rules);
  if (sameEquations([first, last], [ownFirst, ownLast])) return yes("the same equation, up to a factor");
  if (g !== null && a !== null) return no(`gold gives ${brief(g.name)}, the answer ${brief(a.name)}`);
  return no("different equations");
}

/** Equations between other things than formulas, such as matrices or sets: side by side. */
function comparePairs(gold: Of<"relation">, answer: Of<"relation">, rules: Rules): Comparison {
  if (gold.sides.length !== answer.sides.length) return no("different equations");
  return compareInOrder(gold.sides, answer.sides, rules);
}

function compareInequalities(gold: Of<"relation">, answer: Of<"relation">, rules: Rules): Comparison {
  const [g, a] = [relationRegion(gold), relationRegion(answer)];
  if (g !== null && a !== null && symbolsOf(gold).join() === symbolsOf(answer).join())
    return compareRegions(g, a, rules);
  if (sameChain(gold, answer) || sameChain(gold, turned(answer))) return yes("the same relation, side by side");
  if (gold.signs.length === 1 && answer.signs.length === 1 && sameInequality(gold, answer)) {
    return yes("the same inequality, up to a factor");
  }
  return no("different relations");
}

const sameChain = (a: Of<"relation">, b: Of<"relation">): boolean => structureKey(a) === structureKey(b);

const TURNED = { "<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!=", "~": "~", in: "in" } as const;

const turned = ({ sides, signs }: Of<"relation">): Of<"relation"> => ({
  kind: "relation",
  sides: sides.toReversed(),
  signs: signs.toReversed().map((sign) => TURNED[sign]),
});

/** a < b and c < d as differences that are positive multiples of each other. */
function sameInequality(gold: Of<"relation">, answer: Of<"relation">): boolean {
  if (![...gold.sides, ...answer.sides].every(isValue)) return false;
  const [sign, own] = [gold.signs[0]!, answer.signs[0]!];
  const factor = proportion(differenceOf(gold.sides), differenceOf(answer.sides));
  if (factor === null) return false;
  if (sign === "!=" || own === "!=") return sign === own;
  return factor.top > 0n ? sign === own : TURNED[sign] === own;
}

const differenceOf = ([left, right]: readonly Expression[]) => normalForm(sum([left!, negative(right!)])).top;

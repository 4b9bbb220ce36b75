/** What the comparisons of all kinds share: the options, and the way back to the comparison of any two parts. */
import { type Expression, number, type Of, product, symbolsOf } from "../read/expression.ts";
import { convert, isUnitLetter } from "../read/units.ts";
import { rationalValue } from "./normal-form.ts";
import { type Comparison, compareScalars, no, type Tolerance, yes } from "./scalar.ts";

export interface CompareOptions extends Tolerance {
  /** Variables keep their names (the default); otherwise x + 1 is y + 1. */
  readonly strict?: boolean;
  /** A gold interval also accepts an inequality; by default only a gold inequality accepts an interval. */
  readonly relationsForSets?: boolean;
}

/** Compares two parts of whatever kind, gold first. */
export type CompareParts = (gold: Expression, answer: Expression) => Comparison;

export interface Rules extends CompareOptions {
  readonly compare: CompareParts;
}

const VALUES = new Set<Expression["kind"]>([
  "number",
  "constant",
  "symbol",
  "sum",
  "product",
  "power",
  "call",
  "percent",
  "quantity",
  "plusMinus",
]);

/** Numbers and formulas, as against sets, points and words. */
export const isValue = (a: Expression): boolean => VALUES.has(a.kind);

const NAMES: Readonly<Record<Expression["kind"], string>> = {
  number: "a number",
  constant: "a number",
  symbol: "a variable",
  sum: "a formula",
  product: "a formula",
  power: "a formula",
  call: "a formula",
  plusMinus: "two values",
  percent: "a percentage",
  quantity: "a quantity",
  based: "a numeral in a base",
  tuple: "a point",
  set: "a set",
  list: "a list",
  interval: "an interval",
  setOperation: "a union of sets",
  matrix: "a matrix",
  ratio: "a ratio",
  relation: "a relation",
  text: "words",
};

/** "an interval" */
export function nameOf(a: Expression): string {
  if (a.kind === "text" && !/[A-Za-z]{2,}/.test(a.text)) return "no formula that can be read";
  if (a.kind !== "relation") return NAMES[a.kind];
  if (a.signs.includes("in")) return "a membership";
  return a.signs.every((sign) => sign === "=" || sign === "~") ? "an equation" : "an inequality";
}

export const kindsDiffer = (gold: Expression, answer: Expression): Comparison =>
  no(
    nameOf(gold) === nameOf(answer)
      ? `different ones of their kind (${nameOf(gold)})`
      : `the answer is ${nameOf(answer)}, gold ${nameOf(gold)}`,
  );

/** Numbers and formulas, after their units and percentages. */
export function compareValues(gold: Expression, answer: Expression, options: CompareOptions): Comparison {
  const measured = answer.kind === "quantity" || symbolsOf(gold).length > 0 ? answer : withLetterUnit(answer);
  if (gold.kind === "quantity" && measured.kind === "quantity" && gold.unit !== measured.unit) {
    const converted = inUnit(measured, gold.unit);
    if (converted === null) return no(`the answer is in ${measured.unit}, gold in ${gold.unit}`);
    if (converted !== undefined) return compareScalars(gold.value, converted, options);
  }
  if (gold.kind === "quantity") return compareValues(gold.value, answer, options);
  if (measured.kind === "quantity") return compareValues(gold, measured.value, options);
  if (gold.kind !== "percent") return compareScalars(gold, answer, options);
  if (answer.kind === "percent") return compareScalars(gold.value, answer.value, options);
  const bare = compareScalars(gold.value, answer, options);
  if (bare.equal) return yes(`${bare.reason}; per cent goes without saying`);
  const share = compareScalars(gold, answer, options);
  return share.equal ? share : bare;
}

/** A number with letters that are units' names behind it as a quantity: 5 m or 5 m/s^2, where gold has no variables that m might be one of. */
function withLetterUnit(a: Expression): Expression {
  if (a.kind !== "product" || a.factors.length < 2) return a;
  const [value, ...units] = a.factors;
  const powers = units.map((unit) => letterPower(unit));
  if (powers.includes(null) || symbolsOf(value!).length > 0) return a;
  let unit = "";
  for (const { letter, exponent } of powers as LetterPower[]) {
    const size = exponent < 0n ? -exponent : exponent;
    unit += `${exponent < 0n ? "/" : unit === "" ? "" : " "}${letter}${size === 1n ? "" : `^${size}`}`;
  }
  return { kind: "quantity", value: value!, unit };
}

interface LetterPower {
  readonly letter: string;
  readonly exponent: bigint;
}

/** m, s^2, and (s^2)^-1, as s^2 below a stroke is read; null for what is no unit's letter. */
function letterPower(a: Expression): LetterPower | null {
  if (a.kind === "symbol") return isUnitLetter(a.name) ? { letter: a.name, exponent: 1n } : null;
  if (a.kind !== "power" || a.exponent.kind !== "number" || a.exponent.value.bottom !== 1n) return null;
  const base = letterPower(a.base);
  return base === null ? null : { ...base, exponent: base.exponent * a.exponent.value.top };
}

/** The answer's number in another unit; null where it measures something else, undefined where a unit is not known. */
function inUnit(answer: Of<"quantity">, unit: string): Expression | null | undefined {
  const value = isValue(answer.value) && symbolsOf(answer.value).length === 0 ? rationalValue(answer.value) : null;
  const converted = convert(value ?? { top: 1n, bottom: 1n }, answer.unit, unit);
  if (converted === null || converted === undefined) return converted;
  return value === null ? product([answer.value, number(converted)]) : number(converted);
}

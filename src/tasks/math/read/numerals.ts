/** Reads numbers: decimals with their digits, repeating ones, mixed numbers, and numerals in a base. */
import { fromDecimal, rational } from "../number/rational.ts";
import { argument } from "./commands.ts";
import type { Cursor } from "./cursor.ts";
import { type Expression, number, sum as sumOf } from "./expression.ts";
import { NotMath } from "./lexer.ts";
import { NUMBER_WORDS } from "./words.ts";

/** A number, with the digits it was written with; a repeating part in \overline; a mixed number such as 4 4/9. */
export function numeral(cursor: Cursor): Expression {
  const { text: written } = cursor.next();
  if (cursor.isCommand("overline") && written.includes(".")) return repeating(cursor, written);
  const [mantissa, exponentText] = written.split("e");
  const [whole, fraction = ""] = mantissa!.split(".");
  const scale = exponentText === undefined ? 0 : Number(exponentText);
  const value = fromDecimal(whole || "0", fraction, scale);
  const digits = (whole + fraction).replace(/^0+/, "").length;
  const decimal = fraction !== "" || exponentText !== undefined;
  const first: Expression = decimal
    ? { kind: "number", value, shown: { decimals: fraction.length - scale, significant: Math.max(1, digits) } }
    : { kind: "number", value };
  return decimal ? first : (spacedFraction(cursor, first) ?? first);
}

/** 4 4/9 behind its 4. @throws NotMath where the fraction is not below one, as in 11 7/6 */
function spacedFraction(cursor: Cursor, whole: Expression): Expression | null {
  const [top, slash, bottom] = [cursor.peek(), cursor.peek(1), cursor.peek(2)];
  if (top.type !== "number" || !top.spaced || slash.text !== "/" || bottom.type !== "number") return null;
  if (!/^\d+$/.test(top.text) || !/^\d+$/.test(bottom.text)) return null;
  const [a, b] = [BigInt(top.text), BigInt(bottom.text)];
  if (a >= b) throw new NotMath(`a whole number and ${top.text}/${bottom.text} do not make a mixed number`);
  cursor.skip(3);
  return sumOf([whole, number(rational(a, b))]);
}

/** 3\frac12 is 3 and a half, where the fraction is one of whole numbers and below one. */
export function mixedNumber(cursor: Cursor, before: Expression): Expression | null {
  if (before.kind !== "number" || before.value.bottom !== 1n || before.shown !== undefined) return null;
  if (!FRACTIONS.has(cursor.peek().text) || cursor.peek().type !== "command") return null;
  if (cursor.previous?.type !== "number") return null;
  const part = cursor.attempt((own) => {
    own.next();
    const [a, b] = [argument(own, true), argument(own, true)];
    if (a.kind !== "number" || b.kind !== "number" || a.value.top >= b.value.top || a.value.top <= 0n) {
      throw new NotMath("no mixed number");
    }
    return number(rational(a.value.top, b.value.top));
  });
  return part === null ? null : sumOf([before, part]);
}

/** 0.1\overline{6} behind its "0.1". */
function repeating(cursor: Cursor, written: string): Expression {
  cursor.next();
  cursor.expect("{");
  const { text: period, type } = cursor.next();
  cursor.expect("}");
  if (type !== "number" || !/^\d{1,100}$/.test(period)) throw new NotMath("a period that is no digits");
  const [whole = "", fraction = ""] = written.split(".");
  const once = BigInt(`${whole}${fraction}${period}`) - BigInt(`${whole}${fraction}` || "0");
  return number(rational(once, (10n ** BigInt(period.length) - 1n) * 10n ** BigInt(fraction.length)));
}

/** 52_8: digits and their base. */
export function based(cursor: Cursor): Expression {
  const digits = cursor.next().text;
  cursor.expect("_");
  const inner = cursor.is("{") ? cursor.peek(1) : cursor.peek();
  const base = inner.type === "number" ? Number(inner.text) : (NUMBER_WORDS.get(inner.text.toLowerCase()) ?? 0);
  if (cursor.take("{")) {
    cursor.next();
    cursor.expect("}");
  } else {
    cursor.next();
  }
  return inBase(digits, base);
}

/** "52 base 8" behind the 52, null where no base follows. */
export function baseBehind(cursor: Cursor, factors: readonly Expression[]): Expression | null {
  const [value] = factors;
  const { text: word, type } = cursor.peek(1);
  const base = type === "number" ? Number(word) : NUMBER_WORDS.get(word.toLowerCase());
  if (factors.length !== 1 || value!.kind !== "number" || value!.value.bottom !== 1n || base === undefined) return null;
  cursor.skip(2);
  return inBase(`${value!.value.top}`, base);
}

function inBase(digits: string, base: number): Expression {
  const valid = base >= 2 && base <= 36 && [...digits].every((digit) => Number.parseInt(digit, 36) < base);
  if (!valid) throw new NotMath(`${digits} is no numeral in base ${base}`);
  return { kind: "based", digits: digits.replace(/^0+(?=.)/, ""), base };
}

export const FRACTIONS = new Set(["frac", "dfrac", "tfrac", "cfrac"]);

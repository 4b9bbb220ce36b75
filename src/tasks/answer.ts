/**
 * Reading an answer's text. The rule, strict but not petty: the answer must be nothing but the thing asked for. Formatting around it
 * is peeled off (white space, `$...$`, `**...**`, `\boxed{...}`, quotes, a lead-in such as "The answer is", a full stop at the end);
 * any other word or digit beside it makes it wrong, so "1776 apples", "1776 or 1777" and "about 1776" earn nothing. Every function
 * here walks the text a fixed number of times and refuses what is longer than an answer can be, so its time is bounded.
 */
import type { Verdict } from "./task.ts";

/** No right answer of any task is near this long; longer texts are wrong without being read. */
export const LONGEST_ANSWER = 500;

export const right = (reason: string): Verdict => ({ score: 1, reason });
export const wrong = (reason: string): Verdict => ({ score: 0, reason });

/** The text in quotes, cut to a length that fits a log line. */
export const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);

/** The answer without the formatting around it, or a verdict where it cannot be one. */
export function bare(text: string): string | Verdict {
  const trimmed = text.trim();
  if (trimmed === "") return wrong("the answer is empty");
  if (trimmed.length > LONGEST_ANSWER)
    return wrong(`the answer is ${trimmed.length} characters long, too long to be one`);
  let inner = trimmed;
  for (let layer = 0; layer < 6; layer++) {
    const peeled = peel(inner);
    if (peeled === inner) break;
    inner = peeled;
  }
  return inner === "" ? wrong("the answer is empty") : inner;
}

/**
 * Compares whole numbers. Signs, leading zeros, `,` between thousands and zeros behind a decimal point are read as people write them.
 * @param variable a name that may stand before the number with an equals sign, as in "x = 5".
 */
export function verifyWholeNumber(text: string, expected: string, variable?: string): Verdict {
  const inner = bare(text);
  if (typeof inner !== "string") return inner;
  const value = readWholeNumber(variable === undefined ? inner : withoutVariable(inner, variable));
  if (value === null) return wrong(`the answer is not a bare whole number: ${quote(inner)}`);
  return value === readWholeNumber(expected) ? right(`${value} is right`) : wrong(`expected ${expected}, got ${value}`);
}

/** The whole number a text writes, or null; bounded by the caller's length check. */
export function readWholeNumber(text: string): bigint | null {
  const match = /^([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.0+)?$/.exec(text);
  if (match === null) return null;
  const magnitude = BigInt(match[2]!.replaceAll(",", ""));
  return match[1] === "-" ? -magnitude : magnitude;
}

function withoutVariable(text: string, variable: string): string {
  if (!text.startsWith(variable)) return text;
  const rest = text.slice(variable.length).trimStart();
  return rest.startsWith("=") ? rest.slice(1).trim() : text;
}

const PAIRS: readonly (readonly [string, string])[] = [
  ["$", "$"],
  ["**", "**"],
  ["\\boxed{", "}"],
  ["\\(", "\\)"],
  ["`", "`"],
  ['"', '"'],
  ["'", "'"],
];

const LEAD_INS: readonly string[] = ["the final answer is", "the answer is", "final answer:", "answer:"];

function peel(text: string): string {
  for (const [open, close] of PAIRS) {
    if (text.length > open.length + close.length && text.startsWith(open) && text.endsWith(close)) {
      const inner = text.slice(open.length, -close.length);
      if (!inner.includes(open) && !inner.includes(close)) return inner.trim();
    }
  }
  const lower = text.slice(0, 24).toLowerCase();
  for (const leadIn of LEAD_INS) if (lower.startsWith(leadIn)) return text.slice(leadIn.length).trim();
  return text.length > 1 && text.endsWith(".") ? text.slice(0, -1).trim() : text;
}

// Numbers between bounds, exactly, as grammars over their digits. Numbers are written out (no exponent) and of bounded length, so
// that a model cannot go on with digits for ever and every integer is one that JavaScript holds exactly.

import { either, repeated, sequence } from "./ebnf.ts";

/** A bound and whether the bound itself is left out; null: none. */
export interface Bound {
  readonly value: number;
  readonly open: boolean;
}

/** Digits before and after the point at most. */
const [WHOLE_DIGITS, FRACTION_DIGITS] = [15, 15];

/** Any JSON number of at most 15 digits before and after the point. */
export const ANY_NUMBER = '("-"? ("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,15})? ([eE] [+-]? [0-9]{1,2})?)';
export const ANY_INTEGER = '("0" | "-"? [1-9] [0-9]{0,14})';

/** A number from `low` to `high` with at most `decimals` digits after the point; null where there is none. */
export function numberGrammar(
  low: Bound | null,
  high: Bound | null,
  decimals: number = FRACTION_DIGITS,
): string | null {
  if (decimals === FRACTION_DIGITS && low === null && high === null) return ANY_NUMBER;
  const zero: Bound = { value: 0, open: false };
  const positive = magnitude(low === null || low.value < 0 ? zero : low, high, decimals);
  // -0 is left out.
  const above: Bound = { value: 0, open: true };
  const negative = magnitude(
    high === null || high.value >= 0 ? above : { value: -high.value, open: high.open },
    low === null ? null : { value: -low.value, open: low.open },
    decimals,
  );
  const pieces = [
    ...(positive === null ? [] : [positive]),
    ...(negative === null ? [] : [sequence(['"-"', negative])]),
  ];
  return pieces.length === 0 ? null : either(pieces);
}

/** A decimal numeral as its digits: `whole` without leading zeros, `fraction` without trailing ones. */
interface Numeral {
  readonly whole: string;
  readonly fraction: string;
}

/** Numbers of at least 0 between the bounds; null where there is none. */
function magnitude(low: Bound, high: Bound | null, decimals: number): string | null {
  if (high !== null && (high.value < low.value || (high.value === low.value && (high.open || low.open)))) return null;
  const from = numeral(low.value);
  const to = high === null ? null : numeral(high.value);
  const pieces: string[] = [];
  if (to !== null && to.whole === from.whole) {
    const fraction = fractions(from.fraction, low.open, to.fraction, high!.open, decimals);
    if (fraction !== null) pieces.push(sequence([digits(from.whole), fraction]));
  } else {
    const first = fractions(from.fraction, low.open, null, false, decimals);
    if (first !== null) pieces.push(sequence([digits(from.whole), first]));
    const between = wholeBetween(from.whole, to?.whole ?? null);
    if (between !== null) pieces.push(sequence([between, anyFraction(decimals)]));
    if (to !== null) {
      const last = fractions("", false, to.fraction, high!.open, decimals);
      if (last !== null) pieces.push(sequence([digits(to.whole), last]));
    }
  }
  return pieces.length === 0 ? null : either(pieces);
}

function numeral(value: number): Numeral {
  const [whole, fraction = ""] = plain(value).split(".");
  return { whole, fraction: fraction.replace(/0+$/, "") };
}

/** A number written out without an exponent. */
function plain(value: number): string {
  const text = String(Math.abs(value));
  const exponent = /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (exponent === null) return text;
  const [, head, tail = "", power] = exponent;
  const all = head + tail;
  const point = 1 + Number(power);
  if (point <= 0) return `0.${"0".repeat(-point)}${all}`;
  return all.length <= point ? all.padEnd(point, "0") : `${all.slice(0, point)}.${all.slice(point)}`;
}

const digits = (text: string): string => `"${text}"`;
const anyFraction = (decimals: number): string => (decimals === 0 ? '""' : `("." [0-9]{1,${decimals}})?`);
/** Up to `n` digits. */
const upTo = (n: number): string => (n <= 0 ? '""' : `[0-9]{0,${n}}`);

/** Whole numbers strictly between the two; without `to`, all longer ones of up to 15 digits. */
function wholeBetween(from: string, to: string | null): string | null {
  const pieces: string[] = [];
  const longest = to === null ? Math.max(WHOLE_DIGITS, from.length) : to.length;
  for (let length = from.length; length <= longest; length++) {
    const low = length === from.length ? from : null;
    const high = to !== null && length === to.length ? to : null;
    const piece = sameLength(length, low, high, true);
    if (piece !== null) pieces.push(piece);
  }
  return pieces.length === 0 ? null : either(pieces);
}

/** Digit strings of one length strictly between `low` and `high` (null: no bound); no leading zero where they are `leading`. */
function sameLength(length: number, low: string | null, high: string | null, leading: boolean): string | null {
  const smallest = leading && length > 1 ? 1 : 0;
  if (low === null && high === null) {
    if (leading && length === 1) return "[1-9]"; // 0 is the smallest there is, so only ever a bound
    return sequence([`[${smallest}-9]`, repeated("[0-9]", length - 1, length - 1)]);
  }
  if (length === 0) return null;
  const first = low === null ? smallest : Number(low[0]);
  const last = high === null ? 9 : Number(high[0]);
  const pieces: string[] = [];
  const add = (head: string, rest: string | null): void => {
    if (rest !== null) pieces.push(sequence([head, rest]));
  };
  if (low !== null && high !== null && first === last) {
    add(`"${first}"`, sameLength(length - 1, low.slice(1), high.slice(1), false));
    return pieces[0] ?? null;
  }
  if (low !== null) add(`"${first}"`, beyond(low.slice(1), true));
  const [start, end] = [low === null ? first : first + 1, high === null ? last : last - 1];
  if (start <= end) add(`[${start}-${end}]`, repeated("[0-9]", length - 1, length - 1));
  if (high !== null) add(`"${last}"`, beyond(high.slice(1), false));
  return pieces.length === 0 ? null : either(pieces);
}

/** Digit strings as long as `bound` and above it (or below). */
function beyond(bound: string, above: boolean): string | null {
  if (bound === "") return null;
  const digit = Number(bound[0]);
  const [start, end] = above ? [digit + 1, 9] : [0, digit - 1];
  const pieces: string[] = [];
  if (start <= end) pieces.push(sequence([`[${start}-${end}]`, repeated("[0-9]", bound.length - 1, bound.length - 1)]));
  const rest = beyond(bound.slice(1), above);
  if (rest !== null) pieces.push(sequence([`"${digit}"`, rest]));
  return pieces.length === 0 ? null : either(pieces);
}

/** The point and the digits after it, or nothing, so that the fraction lies between the bounds (`high` null: below 1). */
function fractions(
  low: string,
  lowOpen: boolean,
  high: string | null,
  highOpen: boolean,
  decimals: number,
): string | null {
  const room = Math.max(decimals, 0);
  const pieces: string[] = [];
  if (low === "" && !lowOpen && !(high === "" && highOpen)) pieces.push('""');
  const after = room === 0 ? null : tail(low, lowOpen, high, highOpen, room, true);
  if (after !== null) pieces.push(sequence(['"."', after]));
  return pieces.length === 0 ? null : either(pieces);
}

/**
 * Digits that go on after equal beginnings: `low` and `high` are what is left of the bounds. At least one digit where `needed`.
 * An empty rest of `low` means that nothing but zeros is missing to reach it.
 */
function tail(
  low: string | null,
  lowOpen: boolean,
  high: string | null,
  highOpen: boolean,
  room: number,
  needed: boolean,
): string | null {
  const pieces: string[] = [];
  if (!needed) {
    const enough = low === null || (low === "" && !lowOpen);
    const little = high === null || high !== "" || !highOpen;
    if (enough && little) pieces.push('""');
  }
  if (room > 0) {
    if (low === null && high === null) return needed ? sequence(["[0-9]", upTo(room - 1)]) : upTo(room);
    const first = low === null ? 0 : low === "" ? 0 : Number(low[0]);
    const last = high === null ? 9 : high === "" ? 0 : Number(high[0]);
    const below = low === null ? null : low.slice(1);
    const above = high === null ? null : high.slice(1);
    const add = (head: string, rest: string | null): void => {
      if (rest !== null) pieces.push(sequence([head, rest]));
    };
    // Past the digits of both bounds only zeros can follow on one of them.
    const settled = (one: string | null, open: boolean): boolean => one === null || (one === "" && !open);
    if (low === "" && high === null && settled(low, lowOpen)) add("[0-9]", upTo(room - 1));
    else if (low !== null && high !== null && first === last)
      add(`"${first}"`, tail(below, lowOpen, above, highOpen, room - 1, false));
    else if (first <= last) {
      if (low !== null) add(`"${first}"`, tail(below, lowOpen, null, false, room - 1, false));
      const [start, end] = [low === null ? first : first + 1, high === null ? last : last - 1];
      if (start <= end) add(start === end ? `"${start}"` : `[${start}-${end}]`, upTo(room - 1));
      if (high !== null) add(`"${last}"`, tail(null, false, above, highOpen, room - 1, false));
    }
  }
  return pieces.length === 0 ? null : either(pieces);
}

/** A whole number from `low` to `high`; null where there is none. */
export function integerGrammar(low: Bound | null, high: Bound | null): string | null {
  if (low === null && high === null) return ANY_INTEGER;
  const up = (bound: Bound): Bound => {
    const value = Math.ceil(bound.value);
    return { value: bound.open && value === bound.value ? value + 1 : value, open: false };
  };
  const down = (bound: Bound): Bound => {
    const value = Math.floor(bound.value);
    return { value: bound.open && value === bound.value ? value - 1 : value, open: false };
  };
  return numberGrammar(low === null ? null : up(low), high === null ? null : down(high), 0);
}

/**
 * Arithmetic written out as chains of true equalities, each link one place of the second number: what a model that writes one
 * digit at a time, most significant first, can compute without looking more than a place or two ahead.
 */

/** The places of a whole number from the top, zeros left out: 407 -> [400, 7]; 0 -> [0]. */
export function places(value: number): number[] {
  const result: number[] = [];
  let unit = 1;
  for (let rest = value; rest > 0; rest = Math.floor(rest / 10), unit *= 10) {
    if (rest % 10 !== 0) result.unshift((rest % 10) * unit);
  }
  return result.length === 0 ? [0] : result;
}

/**
 * `57+78=127+8=135`: adds b to a, place by place.
 * @param aligned a power of ten below which a has only zeros: those places of b are carried over in one go (`1480+296=1680+96=1776`).
 */
export function addition(a: number, b: number, aligned = 1): string {
  return `${a}+${b}${hops(a, b, 1, aligned)}=${a + b}`;
}

/** `135-48=95-8=87`: takes b from a >= b, place by place. */
export function subtraction(a: number, b: number): string {
  return `${a}-${b}${hops(a, b, -1, 1)}=${a - b}`;
}

/**
 * Adds a signed number to a signed number: negative results go through the sum or difference of what stands behind the signs, which is
 * written out as any other (`-65+29=-(65-29)=-(45-9)=-36`).
 */
export function signedAddition(a: number, b: number): string {
  if (a >= 0) {
    if (b >= 0) return addition(a, b);
    return a >= -b ? subtraction(a, -b) : `${a}-${-b}=${negated(subtraction(-b, a))}`;
  }
  if (b < 0) return `${a}-${-b}=${negated(addition(-a, -b))}`;
  return b >= -a ? `${a}+${b}=${subtraction(b, -a)}` : `${a}+${b}=${negated(subtraction(-a, b))}`;
}

/** `65-29=45-9=36` -> `-(65-29)=-(45-9)=-36`. */
function negated(chain: string): string {
  const links = chain.split("=");
  return links.map((link, i) => (i === links.length - 1 ? `-${link}` : `-(${link})`)).join("=");
}

/** `37*40=1200+280=1480`: a times one place of the other factor (a digit with zeros behind it). */
export function placeProduct(a: number, place: number): string {
  let terms = places(a).map((part) => part * place);
  let text = `${a}*${place}`;
  if (terms.length === 1) return `${text}=${terms[0]}`;
  while (terms.length > 1) {
    text += `=${terms.join("+")}`;
    terms = [terms[0]! + terms[1]!, ...terms.slice(2)];
  }
  return `${text}=${terms[0]}`;
}

/** `37*40=...`, `37*8=...`, then the sum of the two: a product through the places of its second factor. */
export function product(a: number, b: number): string[] {
  const parts = places(b);
  const steps = parts.map((part) => placeProduct(a, part));
  let total = a * parts[0]!;
  parts.slice(1).forEach((part, i) => {
    steps.push(addition(total, a * part, topUnit(parts[i]!)));
    total += a * part;
  });
  return steps;
}

/** `153/9=10+63/9=10+7=17`, `-126/9=-(10+36/9)=-(10+4)=-14`: a division without remainder by a positive number. */
export function division(a: number, b: number): string {
  const sign = a < 0 ? "-" : "";
  const quotient = Math.abs(a) / b;
  const tens = Math.floor(quotient / 10) * 10;
  let text = `${a}/${b}`;
  if (tens > 0 && quotient > tens) {
    for (const rest of [`${Math.abs(a) - tens * b}/${b}`, `${quotient - tens}`]) {
      text += sign === "" ? `=${tens}+${rest}` : `=-(${tens}+${rest})`;
    }
  }
  return `${text}=${sign}${quotient}`;
}

function hops(a: number, b: number, sign: 1 | -1, aligned: number): string {
  let text = "";
  let total = a;
  let rest = b;
  for (const part of places(b)) {
    if (part === rest || rest < aligned * 10) break; // what is left takes one link
    total += sign * part;
    rest -= part;
    text += `=${total}${sign > 0 ? "+" : "-"}${rest}`;
  }
  return text;
}

/** The power of ten a place stands at: 40 -> 10. */
const topUnit = (place: number): number => 10 ** (String(place).length - 1);

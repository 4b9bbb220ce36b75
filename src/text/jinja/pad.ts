// Filling up a text with blanks, as Python's ljust, rjust and center do.

import type { Budget } from "./budget.ts";
import { codePoints } from "./values.ts";

/** Fills a text up to a width. `side`: where the text stands. */
export function pad(
  text: string,
  width: number,
  fill: string,
  side: "left" | "right" | "center",
  budget: Budget,
): string {
  budget.size(width * fill.length);
  const missing = Math.max(0, width - codePoints(text));
  // Python's rule for the odd one
  const left = side === "left" ? 0 : side === "right" ? missing : (missing >> 1) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

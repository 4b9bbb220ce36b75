/** The choice a response makes among lettered options. */
import { choiceLetter } from "../equal/words.ts";

/** Letters of options. */
const LETTERS = "A-J";

const SAID = new RegExp(
  String.raw`\b(?:answer|option|choice|choose|select)\b[^A-Za-z\n(\\]{0,6}(?:is|:|would be)?[\s:*"'$]*(?:\\text(?:bf)?\{|\\boxed\{|\\mathrm\{)*\(?([${LETTERS}])\b(?![a-z'])`,
  "gi",
);
const LINE = new RegExp(String.raw`^\s*(?:\*\*)?\(?([${LETTERS}])(?:[).:]|\*\*|\s*$)`, "gm");
const BRACKETED = new RegExp(String.raw`\(([${LETTERS}])\)`, "g");

/**
 * The letter chosen, null where none is. In this order: a box, "the answer is C", a line that starts with "C)" or is the letter
 * alone, "(C)"; the last one of its kind.
 * @param found the final answer already found, such as a box's content
 */
export function chosenLetter(response: string, found: string): string | null {
  const own = choiceLetter(found);
  if (own !== null) return own;
  for (const pattern of [SAID, LINE, BRACKETED]) {
    const letters = Array.from(response.slice(-20_000).matchAll(pattern), (match) => match[1]!).filter(
      (letter) => letter === letter.toUpperCase(),
    );
    const last = letters.at(-1);
    if (last !== undefined) return last;
  }
  return null;
}

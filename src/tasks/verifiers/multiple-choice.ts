/** Judges the letter of an option, however a response names it, or the option's own text in its place. */
import { quote, right, wrong } from "../answer.ts";
import { plainWords } from "../math/equal/words.ts";
import { chosenLetter } from "../math/extract/choice.ts";
import { withoutThinking } from "../math/extract/extract.ts";
import { finalAnswer } from "../math/verify.ts";
import type { Verdict } from "../task.ts";

/**
 * @param gold the right letter, "C" or "(C)"
 * @param options the options' texts from A on, where they are known: an answer that repeats one of them chooses it
 */
export function verifyChoice(response: string, gold: string, options: readonly string[] = []): Verdict {
  const letter = gold.replace(/[^A-Za-z]/g, "").toUpperCase();
  if (letter.length !== 1) throw new RangeError(`a gold choice is one letter, not ${quote(gold)}`);
  const spoken = withoutThinking(response);
  if (spoken === null) return wrong("the thinking does not end");
  const found = finalAnswer(spoken);
  const chosen = chosenLetter(spoken, found) ?? optionNamed(found, options) ?? optionNamed(spoken, options);
  if (chosen === null) return wrong(`no option is chosen: ${quote(found)}`);
  if (options.length > 0 && chosen.charCodeAt(0) - A >= options.length) return wrong(`there is no option ${chosen}`);
  return chosen === letter ? right(`${chosen} is right`) : wrong(`expected ${letter}, got ${chosen}`);
}

const A = 65;

/** The letter of the one option whose text this is. */
function optionNamed(text: string, options: readonly string[]): string | null {
  const said = plainWords(text.slice(0, 2_000));
  const same = options.flatMap((option, i) => (said !== "" && plainWords(option) === said ? [i] : []));
  return same.length === 1 ? String.fromCharCode(A + same[0]!) : null;
}

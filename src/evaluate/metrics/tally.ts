/** Which of several answers say the same: what a majority vote counts. */
import { normaliseAnswer } from "../../generate/vote.ts";
import { answerOf, type Response } from "../item.ts";
import type { Tally } from "./consensus.ts";

/** Whether two answers that are written differently mean the same. */
export type Same = (a: string, b: string) => boolean;

/**
 * Counts votes. Right answers are one class, however they are written; wrong ones are classed by their normalised text (see
 * generate/vote.ts), and classes that `same` holds for equal are one. What has no answer is silent. Classes found with `same` are
 * remembered for as long as the responses are: comparing many answers takes time.
 */
export function tallyOf(responses: readonly Response[], same?: Same): Tally {
  const known = same === undefined ? undefined : remembered.get(responses);
  if (known !== undefined && known.same === same) return known.tally;
  let [right, silent] = [0, 0];
  const wrong = new Map<string, number>();
  for (const response of responses) {
    const said = voteOf(response);
    if (response.accuracy === 1) right++;
    else if (said === null) silent++;
    else wrong.set(said, (wrong.get(said) ?? 0) + 1);
  }
  const tally = { right, wrong: same === undefined ? [...wrong.values()] : merged(wrong, same), silent };
  if (same !== undefined) remembered.set(responses, { same, tally });
  return tally;
}

const remembered = new WeakMap<readonly Response[], { readonly same: Same; readonly tally: Tally }>();

/** The vote of an answer, null for none. */
export function voteOf(response: Response): string | null {
  const answer = response.answer === undefined ? answerOf(response.text) : response.answer;
  const said = answer === null ? "" : normaliseAnswer(answer);
  return said === "" ? null : said;
}

/** Each text joins the first class whose first text means the same. */
function merged(counts: ReadonlyMap<string, number>, same: Same): number[] {
  const classes: { readonly text: string; count: number }[] = [];
  for (const [text, count] of counts) {
    const known = classes.find((one) => same(one.text, text));
    if (known === undefined) classes.push({ text, count });
    else known.count += count;
  }
  return classes.map(({ count }) => count);
}

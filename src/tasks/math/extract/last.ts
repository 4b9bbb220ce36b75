/** The last formulas and numbers of a response that does not say which one its answer is. */
import { joinedSpans } from "./anchors.ts";
import { type Candidate, fromLineStart } from "./candidate.ts";
import { numbersIn } from "./numbers.ts";
import { masked, spansOf } from "./spans.ts";

/** They are looked for in so many characters at the end. */
const SEARCHED = 20_000;

/** So many are tried, the last one first, until one reads as mathematics. */
const TRIED = 4;

export function* lastExpressions(response: string): Iterable<Candidate> {
  const text = fromLineStart(response, SEARCHED);
  const spans = spansOf(text);
  const found: { readonly end: number; readonly candidate: Candidate }[] = numbersIn(masked(text, spans))
    .slice(-TRIED)
    .map(({ end, text: number }) => ({
      end,
      candidate: { text: number, plain: true, where: "the last number", onlyMath: true },
    }));
  for (let i = spans.length - 1; i >= Math.max(0, spans.length - TRIED); i--) {
    const joined = joinedSpans(text, spans, i);
    if (found.some(({ end }) => end === joined.end)) continue; // a part of a list that was found as a whole
    found.push({
      end: joined.end,
      candidate: {
        text: joined.text,
        percent: joined.percent,
        plain: false,
        where: "the last formula",
        onlyMath: true,
      },
    });
  }
  yield* found
    .sort((a, b) => b.end - a.end)
    .slice(0, TRIED)
    .map(({ candidate }) => candidate);
}

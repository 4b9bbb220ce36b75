/** Self-consistency (arXiv 2203.11171): of several answers to one question, the one given most often. */

export interface Vote {
  /** The answer as it was first written. */
  readonly answer: string;
  readonly votes: number;
  /** Which of the answers it is. */
  readonly index: number;
  /** Every distinct answer with its votes, most first. */
  readonly tally: readonly { readonly answer: string; readonly votes: number }[];
}

/**
 * The majority among answers that are equal but for their writing; of equals the one that came first. Throws a RangeError on none.
 * @param same whether two answers written differently mean the same; an answer joins the first group whose first answer does.
 */
export function majority(answers: readonly string[], same?: (a: string, b: string) => boolean): Vote {
  if (answers.length === 0) throw new RangeError("a vote needs at least one answer");
  const groups = new Map<string, { answer: string; votes: number; index: number }>();
  for (const [index, answer] of answers.entries()) {
    const key = normaliseAnswer(answer);
    const alike = groups.get(key) ?? groups.values().find((group) => same?.(group.answer, answer));
    if (alike === undefined) groups.set(key, { answer, votes: 1, index });
    else alike.votes++;
  }
  const ranked = [...groups.values()].sort((a, b) => b.votes - a.votes || a.index - b.index);
  const said = ranked.find(({ answer }) => answer.trim() !== "") ?? ranked[0]; // an empty answer never wins over a given one
  return { ...said, tally: ranked.map(({ answer, votes }) => ({ answer, votes })) };
}

/** What two answers must share to count as one: the last \boxed{...} where there is one, without case, spaces, thousands commas and a final stop. */
export function normaliseAnswer(answer: string): string {
  const boxed = lastBoxed(answer) ?? answer;
  return boxed
    .trim()
    .toLowerCase()
    .replace(/^\$+|\$+$/g, "")
    .replace(/(\d),(?=\d{3}(\D|$))/g, "$1")
    .replace(/[\s.]+$/, "")
    .replace(/\s+/g, " ")
    .trim();
}

function lastBoxed(text: string): string | null {
  const start = text.lastIndexOf("\\boxed{");
  if (start < 0) return null;
  let depth = 0;
  for (let i = start + 6; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return text.slice(start + 7, i);
  }
  return null;
}

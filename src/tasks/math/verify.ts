/**
 * The math verifier: finds the final answer in a response, reads it and the gold answer as mathematics, and says whether they
 * are the same and why. Pure but for the time it measures, and bounded in its work; `verifySafely` adds a bound by the clock.
 */
import { compare } from "./equal/compare.ts";
import type { CompareOptions } from "./equal/rules.ts";
import type { Comparison } from "./equal/scalar.ts";
import { compareWords, plainWords } from "./equal/words.ts";
import type { Candidate } from "./extract/candidate.ts";
import { chosenLetter } from "./extract/choice.ts";
import { extract, withoutThinking } from "./extract/extract.ts";
import { read } from "./read/answer.ts";
import type { Expression } from "./read/expression.ts";
import { TooHard, WORK_PER_VERDICT, withWork } from "./work.ts";

export interface VerifyOptions extends CompareOptions {
  /** Steps of work one verdict may take (work.ts). */
  readonly work?: number;
}

export interface MathVerdict {
  readonly correct: boolean;
  /** Why, in words. */
  readonly reason: string;
  /** The text that was read as the gold answer. */
  readonly gold: string;
  /** The text that was found to be the answer; "" where there is none. */
  readonly answer: string;
  /** Milliseconds it took. */
  readonly ms: number;
}

/** What was found in a response, and the ways to read it. */
interface Answer {
  readonly text: string;
  readonly readings: readonly Expression[];
}

/** A final answer longer than this is none. */
const LONGEST = 4_000;

/** The ways to read gold and the answer are tried in pairs; so many of each. */
const MOST_READINGS = 3;

/**
 * Whether a response gives the gold answer. Either may be a whole text: thinking is left out, and the final answer is looked for.
 * Never throws: what is no text at run time is no answer.
 */
export function verify(gold: string, answer: string, options: VerifyOptions = {}): MathVerdict {
  const started = performance.now();
  const verdict = withWork(options.work ?? WORK_PER_VERDICT, () => judge(gold, answer, options));
  return { ...verdict, ms: performance.now() - started };
}

/** Whether two responses give the same answer, whichever of them is taken for gold: what a vote counts as one. */
export const sameAnswer = (a: string, b: string): boolean => verify(a, b).correct || verify(b, a).correct;

/** The final answer that `verify` would find in a response, "" where there is none. */
export function finalAnswer(response: string): string {
  const found = withWork(WORK_PER_VERDICT, () => attempt(() => find(response)));
  return found.ok && "text" in found.value ? found.value.text : "";
}

function judge(gold: string, answer: string, options: VerifyOptions): Omit<MathVerdict, "ms"> {
  const expected = attempt(() => find(gold));
  if (!expected.ok) return { correct: false, reason: `gold cannot be read: ${expected.why}`, gold: "", answer: "" };
  if (!("text" in expected.value))
    return { correct: false, reason: `gold is empty: ${expected.value.why}`, gold: "", answer: "" };
  const given = attempt(() => find(answer));
  const goldText = expected.value.text;
  if (!given.ok)
    return { correct: false, reason: `the answer cannot be read: ${given.why}`, gold: goldText, answer: "" };
  if (!("text" in given.value))
    return { correct: false, reason: `no answer found: ${given.value.why}`, gold: goldText, answer: "" };
  const found = given.value;
  const golden = expected.value;
  const judged = attempt(() => compareToChoice(golden, found, answer) ?? compareAnswers(golden, found, options));
  const texts = { gold: goldText, answer: found.text };
  if (!judged.ok) return { correct: false, reason: `cannot be decided: ${judged.why}`, ...texts };
  return { correct: judged.value.equal, reason: judged.value.reason, ...texts };
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** What a hostile text can make of `work`, as a sentence. */
function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (error instanceof TooHard) return { ok: false, why: error.message };
    if (error instanceof RangeError) return { ok: false, why: "it is too deep or too large" };
    throw error;
  }
}

/** The surest candidate that reads as mathematics, or as words where its place allows words. */
function find(response: string): Answer | { readonly why: string } {
  // what programs without types, or other people's files, hand over
  if (typeof (response as unknown) !== "string") return { why: "it is not a text" };
  const extraction = extract(response);
  for (const candidate of extraction.candidates) {
    const answer = readCandidate(candidate);
    if (answer !== null) return answer;
  }
  return { why: "why" in extraction ? extraction.why : "there is none in the text" };
}

function readCandidate({ text, plain, percent, onlyMath }: Candidate): Answer | null {
  if (text.length > LONGEST) throw new TooHard(`it is longer than ${LONGEST} characters`);
  const { readings, failure } = read(text, { plain });
  if (failure !== null && onlyMath) return null;
  const ways = readings.slice(0, MOST_READINGS);
  const withPercent = percent ? ways.map((value): Expression => ({ kind: "percent", value })) : [];
  return { text: text.trim() + (percent ? "\\%" : ""), readings: [...withPercent, ...ways] };
}

/** Gold is the letter of an option, such as "(C)": what counts is the letter chosen; null where it is none, or no letter is. */
function compareToChoice(gold: Answer, answer: Answer, response: string): Comparison | null {
  if (!/^(?:\\text\{)?\(?[A-J]\)?\}?$/.test(gold.text)) return null;
  const spoken = withoutThinking(response) ?? "";
  const chosen = chosenLetter(spoken, answer.text);
  if (chosen === null || (!gold.text.includes("(") && spoken.includes("="))) return null; // A may be a name too
  const letter = gold.text.replace(/\\text|[(){}]/g, "");
  return {
    equal: chosen === letter,
    reason: chosen === letter ? `both choose ${letter}` : `the answer chooses ${chosen}, gold ${letter}`,
  };
}

function compareAnswers(gold: Answer, answer: Answer, options: VerifyOptions): Comparison {
  if (plainWords(gold.text) !== "" && gold.text.replace(/\s+/g, "") === answer.text.replace(/\s+/g, "")) {
    return { equal: true, reason: "written the same" };
  }
  let first: Comparison | null = null;
  for (const expected of gold.readings) {
    for (const given of answer.readings) {
      const comparison = compare(expected, given, options);
      if (comparison.equal) return comparison;
      first ??= comparison;
    }
  }
  const isWords = [gold, answer].some(({ readings }) => readings[0]!.kind === "text");
  const words = isWords ? compareWords(gold.text, answer.text) : null;
  return words?.equal ? words : first!;
}

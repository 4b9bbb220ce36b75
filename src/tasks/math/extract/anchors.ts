/** Places where a response says that its answer follows: "the final answer is", "Answer:", "the answer is". */
import type { Candidate } from "./candidate.ts";
import { numbersIn } from "./numbers.ts";
import { lastLine, masked, type Span, spansOf } from "./spans.ts";

export interface Anchor {
  /** Behind it the answer starts. */
  readonly end: number;
  /** 0: "final answer is"; 1: "answer:"; 2: "answer". */
  readonly strength: 0 | 1 | 2;
}

/** Every anchor of a text, the last one first. */
export function anchorsOf(text: string): readonly Anchor[] {
  const anchors: Anchor[] = [];
  for (const match of text.matchAll(ANCHOR)) {
    const [whole, final, mark] = match;
    const strength = final !== undefined && mark !== undefined && /is/i.test(mark) ? 0 : mark?.includes(":") ? 1 : 2;
    anchors.push({ end: match.index + whole.length, strength });
  }
  return anchors.reverse();
}

const ANCHOR =
  /\b(final\s+)?answer\b(?:\s+(?:to|for|of)\b[^.:\n$\\]{0,80}?)?(?:\*\*|__)?(\s*:(?:\s*\*\*)?|\s+(?:is|was|becomes|=)\b\s*:?|\s*=)?/gi;

/** An answer is looked for in so many characters behind its anchor. */
const REACH = 1_200;

/** What an anchor points at: the formula that follows it at once, else the last one of its sentence, else its words. */
export function afterAnchor(text: string, { end, strength }: Anchor): Candidate | null {
  const where = strength === 0 ? 'behind "final answer"' : 'behind "answer"';
  const region = text.slice(end, end + REACH);
  const spans = spansOf(region);
  const sentence = region.slice(0, sentenceEnd(masked(region, spans)));
  const own = spans.filter((span) => span.end <= sentence.length);
  const lead = LEAD.exec(sentence)?.[0].length ?? 0;
  const [first] = own;
  if (first !== undefined && sentence.slice(lead, first.start).trim() === "") {
    const { text: formula, percent } = joinedSpans(sentence, own, 0);
    return { text: formula, percent, plain: false, where };
  }
  const rest = sentence.slice(lead).replace(/^["'*\s]+|["'*\s]+$/g, "");
  if (strength === 2 && first === undefined && rest.length > 120) return null;
  const plain = !/[\\$]/.test(rest);
  const direct = numbersIn(masked(sentence, own)).find(({ start }) => start <= lead);
  if (direct !== undefined && /[A-Za-z]{2,}/.test(rest)) return { text: direct.text, plain: true, where };
  const last = lastOf(sentence, own);
  if (last === null || (plain && rest.length <= 120 && !/[A-Za-z]{3,}/.test(rest)))
    return rest === "" ? null : { text: rest, plain, where };
  return { ...last, where };
}

/** Filler between "is" and the answer. */
const LEAD =
  /^(?:[\s:*"'_]|\b(?:is|therefore|thus|simply|just|indeed|approximately|about|exactly|equal to|option|choice)\b)*/i;

/** Where the sentence ends, formulas blanked out: at a full stop before a capital letter or the end, or an empty line. */
function sentenceEnd(text: string): number {
  const match = /[.!?](?=\**\s+["'(*]*[A-Z]|\**\s*$)|\n\s*\n|\s+I hope\b/.exec(text);
  return match === null ? text.length : match.index;
}

/** The last formula or number of a sentence. */
function lastOf(sentence: string, spans: readonly Span[]): Omit<Candidate, "where"> | null {
  const number = numbersIn(masked(sentence, spans)).at(-1);
  const span = spans.at(-1);
  if (span !== undefined && (number === undefined || span.end > number.end)) {
    const { text, percent } = joinedSpans(sentence, spans, spans.length - 1);
    return { text, percent, plain: false };
  }
  return number === undefined ? null : { text: number.text, plain: true };
}

export interface Joined {
  readonly text: string;
  readonly end: number;
  /** A per cent sign stands behind it. */
  readonly percent: boolean;
}

/** A span with those joined to it by commas, "and" and "or", as one list. */
export function joinedSpans(text: string, spans: readonly Span[], index: number): Joined {
  let [from, to] = [index, index];
  while (from > 0 && areJoined(text, spans[from - 1]!, spans[from]!)) from--;
  while (to < spans.length - 1 && areJoined(text, spans[to]!, spans[to + 1]!)) to++;
  const contents = spans.slice(from, to + 1).map(({ content }) => lastLine(content));
  const { end } = spans[to]!;
  const percent = /^\s*(?:\\?%|per ?cent|pct)/i.test(text.slice(end, end + 20));
  return { text: contents.join(", "), end, percent };
}

const areJoined = (text: string, a: Span, b: Span): boolean =>
  b.start - a.end <= 12 && /^\s*(?:,?\s*(?:and|or)|,)\s*$/i.test(text.slice(a.end, b.start));

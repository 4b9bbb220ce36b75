/**
 * Finds the final answer in a response. The places are tried from the surest to the least sure: boxes, "the final answer is" and
 * "####"; a response that is nothing but a formula; "answer: ..." and "answer is ..."; the last formula or number; words. Of
 * equally sure places the one that ends last counts.
 */

import { type Anchor, afterAnchor, anchorsOf } from "./anchors.ts";
import { lastBoxes } from "./boxes.ts";
import { type Candidate, fromLineStart } from "./candidate.ts";
import { lastExpressions } from "./last.ts";
import { lastLine } from "./spans.ts";

/** No candidates come with the reason why. */
export type Extraction =
  | { readonly candidates: readonly Candidate[] }
  | { readonly candidates: readonly []; readonly why: string };

/** Answers stand at the end: of longer responses only this many characters there are searched. */
const SEARCHED = 100_000;

/** The response without its thinking, null where the thinking never ends. */
export function withoutThinking(response: string): string | null {
  const end = response.lastIndexOf("</think>");
  if (end !== -1) return response.slice(end + "</think>".length);
  return response.trimStart().startsWith("<think>") ? null : response;
}

/** The candidates for the final answer, the surest first. Linear in the length of the response. */
export function extract(response: string): Extraction {
  const spoken = withoutThinking(response);
  if (spoken === null) return { candidates: [], why: "the thinking does not end" };
  const text = answerPart(spoken);
  if (text.trim() === "") return { candidates: [], why: "there is no answer" };
  return { candidates: [...candidatesOf(text)] };
}

function* candidatesOf(text: string): Iterable<Candidate> {
  const anchors = anchorsOf(text);
  yield* surest(text, anchors);
  const whole = text.trim();
  if (whole.length <= 400 && !/\n\s*\n/.test(whole)) {
    yield {
      text: whole,
      plain: !whole.includes("\\") && !whole.includes("$"),
      where: "the whole response",
      onlyMath: true,
    };
  }
  for (const strength of [1, 2] as const) {
    for (const anchor of anchors.filter((one) => one.strength === strength).slice(0, 3)) {
      const found = afterAnchor(text, anchor);
      if (found !== null) yield found;
    }
  }
  yield* lastExpressions(text);
  if (whole.length <= 400) yield { text: whole, plain: true, where: "the whole response" };
  else yield { text: whole.slice(whole.lastIndexOf("\n") + 1).slice(-400), plain: true, where: "the last line" };
}

/** Boxes, "final answer is" and ####, the one that ends last first. */
function* surest(text: string, anchors: readonly Anchor[]): Iterable<Candidate> {
  const found: { readonly end: number; readonly candidate: Candidate }[] = [];
  const boxes = lastBoxes(text);
  if (boxes !== null) {
    const percent = /^[\s$})]*(?:\\?%|per ?cent|pct)/i.test(text.slice(boxes.end, boxes.end + 20));
    const content = boxes.contents.map(lastLine).join(", ");
    found.push({ end: boxes.end, candidate: { text: content, percent, plain: false, where: "the box" } });
  }
  const hashes = text.lastIndexOf("####");
  if (hashes !== -1) {
    const line = text
      .slice(hashes + 4, hashes + 300)
      .split("\n")[0]!
      .trim();
    if (line !== "")
      found.push({ end: hashes, candidate: { text: line, plain: !/[\\$]/.test(line), where: "behind ####" } });
  }
  const last = anchors.find(({ strength }) => strength === 0);
  const final = last === undefined ? null : afterAnchor(text, last);
  if (last !== undefined && final !== null) found.push({ end: last.end, candidate: final });
  yield* found.sort((a, b) => b.end - a.end).map(({ candidate }) => candidate);
}

/** The part of a response that answers: inside its last <answer> tags, without what a runtime adds at the end. */
function answerPart(text: string): string {
  const tail = fromLineStart(text, SEARCHED);
  const open = tail.lastIndexOf("<answer>");
  const close = tail.lastIndexOf("</answer>");
  const tagged = open !== -1 && close > open ? tail.slice(open + "<answer>".length, close) : tail;
  const end = /<\|(?:im_start|im_end|endoftext|eot_id|end_of_text)\|>|<｜end▁of▁sentence｜>|<\/s>/.exec(tagged);
  return end === null || end.index === 0 ? tagged : tagged.slice(0, end.index);
}

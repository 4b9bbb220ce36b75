/** Where a response says its answer: behind the thinking, in the last box or tag, else behind "answer is", else on the last line. */
import { splitReasoning } from "../../text/reasoning.ts";

export interface FinalAnswer {
  readonly text: string;
  /** "box" and "tag": put there to be read; "words" and "line": found. */
  readonly how: "box" | "tag" | "words" | "line";
}

/** What stands behind the thinking; null where thinking was begun and never ended. */
export function afterThinking(response: string): string | null {
  const closes = response.includes(CLOSE);
  // A response that closes thinking it never opened was begun inside it by the prompt.
  const opens = response.trimStart().startsWith(OPEN);
  if (opens && !closes) return null;
  return splitReasoning(opens || !closes ? response : OPEN + response).content.trim();
}

/** The final answer of what stands behind the thinking, null where there is none. Linear in the text's length. */
export function finalAnswer(content: string): FinalAnswer | null {
  const box = lastBoxed(content);
  if (box !== null) return { text: box, how: "box" };
  const open = content.lastIndexOf("<answer>");
  if (open >= 0) {
    const close = content.indexOf("</answer>", open);
    return { text: content.slice(open + 8, close < 0 ? undefined : close).trim(), how: "tag" };
  }
  const lines = content.split("\n").filter((line) => line.trim() !== "");
  for (const line of lines.slice(-5).reverse()) {
    const said = /\banswer\b\s*(?:is\b|=|:)\s*:?\s*(.+)$/i.exec(line.replaceAll("*", "").slice(-400));
    if (said !== null) return { text: said[1]!.trim(), how: "words" };
  }
  const last = lines.at(-1);
  return last === undefined ? null : { text: last.replaceAll("**", "").trim(), how: "line" };
}

/** What the last \boxed{...} holds, braces matched; null where none is closed. */
export function lastBoxed(text: string): string | null {
  for (let start = text.lastIndexOf("\\boxed{"), tries = 0; start >= 0 && tries < 8; tries++) {
    let depth = 0;
    for (let at = start + 6; at < text.length; at++) {
      if (text[at] === "{") depth++;
      else if (text[at] === "}" && --depth === 0) return text.slice(start + 7, at).trim();
    }
    start = start === 0 ? -1 : text.lastIndexOf("\\boxed{", start - 1);
  }
  return null;
}

const [OPEN, CLOSE] = ["<think>", "</think>"];

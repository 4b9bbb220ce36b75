/** Judges the form of a response: thinking closed once, an answer behind it, and what else a recipe asks for. */
import { right, wrong } from "../answer.ts";
import type { Verdict } from "../task.ts";

/**
 * think: `<think>...</think>` and an answer (R1-Zero's template; TRL's think_format_reward);
 * think-answer: `<think>\n...\n</think>\n<answer>\n...\n</answer>` and nothing else (open-r1's format_reward);
 * boxed: as think, with a `\boxed{...}` in the answer.
 */
export type Format = "think" | "think-answer" | "boxed";

export interface FormatOptions {
  /** The prompt ended in `<think>`, so the response starts inside it; writing the tag again is no fault. */
  readonly startsInThink?: boolean;
}

/** 1 where the response keeps the form, else 0 with what is wrong. Linear in its length. */
export function verifyFormat(response: string, format: Format, { startsInThink = false }: FormatOptions = {}): Verdict {
  const text = startsInThink && !response.trimStart().startsWith(OPEN) ? OPEN + response : response.trimStart();
  const opens = count(text, OPEN);
  const closes = count(text, CLOSE);
  if (!text.startsWith(OPEN)) return wrong(`it does not start with ${OPEN}`);
  if (opens !== 1) return wrong(`${OPEN} stands in it ${opens} times`);
  if (closes !== 1) return wrong(closes === 0 ? "the thinking does not end" : `${CLOSE} stands in it ${closes} times`);
  const close = text.indexOf(CLOSE);
  const thinking = text.slice(OPEN.length, close);
  const answer = text.slice(close + CLOSE.length);
  if (thinking.trim() === "") return wrong("nothing is thought");
  if (answer.trim() === "") return wrong("nothing is answered");
  if (format === "boxed")
    return answer.includes("\\boxed{")
      ? right("thinking, then a boxed answer")
      : wrong("the answer has no \\boxed{...}");
  if (format === "think") return right("thinking, then an answer");
  const lined = (startsInThink || thinking.startsWith("\n")) && thinking.endsWith("\n");
  const tagged = /^\n<answer>\n[\s\S]*\n<\/answer>$/.test(answer) && count(answer, "<answer>") === 1;
  if (!lined) return wrong("the think tags do not stand on lines of their own");
  return tagged
    ? right("thinking, then an answer in its tags")
    : wrong("the answer does not stand in <answer> tags on lines of their own");
}

/** The share of the four tags `<think>\n`, `\n</think>\n`, `\n<answer>\n`, `\n</answer>` that stand there exactly once (open-r1's tag count). */
export function tagShare(response: string): number {
  const tags = ["<think>\n", "\n</think>\n", "\n<answer>\n", "\n</answer>"];
  return tags.filter((tag) => count(response, tag) === 1).length / tags.length;
}

const OPEN = "<think>";
const CLOSE = "</think>";

const count = (text: string, part: string): number => text.split(part).length - 1;

/** Fill in the middle: a prompt that shows a model what stands before and after a gap, for vocabularies made for it. */
import type { Prompt } from "../../generate/prompt.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import { invalid } from "../errors.ts";

interface Marks {
  readonly before: string;
  readonly after: string;
  readonly end: string;
}

/** DeepSeek's (begin, hole, end), Qwen's and StarCoder's, CodeLlama's: mark, prefix, mark, suffix, mark, and the middle follows. */
const KNOWN: readonly Marks[] = [
  { before: "<｜fim▁begin｜>", after: "<｜fim▁hole｜>", end: "<｜fim▁end｜>" },
  { before: "<|fim_prefix|>", after: "<|fim_suffix|>", end: "<|fim_middle|>" },
  { before: "<fim_prefix>", after: "<fim_suffix>", end: "<fim_middle>" },
  { before: "▁<PRE>", after: "▁<SUF>", end: "▁<MID>" },
];

/** @throws ApiError where the vocabulary has no marks for it */
export function fillInPrompt(tokenizer: Tokenizer, prefix: string, suffix: string): Prompt {
  const marks = KNOWN.find(({ before, after, end }) =>
    [before, after, end].every((mark) => tokenizer.idOf(mark) !== undefined),
  );
  if (marks === undefined) {
    throw invalid(
      "This model cannot fill in the middle: its vocabulary has no marks for a gap. Leave suffix out.",
      "suffix",
      "fill_in_not_supported",
    );
  }
  const mark = (token: string): number => tokenizer.idOf(token)!;
  const bos = tokenizer.bosId === null ? [] : [tokenizer.bosId];
  return {
    text: `${marks.before}${prefix}${marks.after}${suffix}${marks.end}`,
    ids: [
      ...bos,
      mark(marks.before),
      ...tokenizer.encode(prefix),
      mark(marks.after),
      ...tokenizer.encode(suffix),
      mark(marks.end),
    ],
  };
}

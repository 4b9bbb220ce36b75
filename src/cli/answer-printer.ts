// An answer on a terminal while it is written: thinking dim, then the answer; and the line that says what it cost.
import type { Answer } from "../generate/answer.ts";
import type { Cost } from "../generate/cost.ts";
import { formatCount, formatDuration } from "./humane.ts";

/** Where an answer is written; process.stdout is one. */
export interface AnswerStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Delta {
  readonly reasoning: string;
  readonly content: string;
}

/** Colours are for terminals, unless NO_COLOR or FORCE_COLOR (no-color.org, force-color.org) says otherwise. */
export function coloursAllowed(
  stream: AnswerStream,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  if ((environment.NO_COLOR ?? "") !== "") return false;
  const forced = environment.FORCE_COLOR;
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return stream.isTTY === true && environment.TERM !== "dumb";
}

/** Writes deltas as they come. Without colours, thinking stands between its tags, so that it can be told from the answer. */
export class AnswerPrinter {
  readonly #stream: AnswerStream;
  readonly #colours: boolean;
  #part: "none" | "thinking" | "answer" = "none";
  #atLineStart = true;

  constructor(stream: AnswerStream, colours: boolean = coloursAllowed(stream)) {
    this.#stream = stream;
    this.#colours = colours;
  }

  write({ reasoning, content }: Delta): void {
    if (reasoning !== "") {
      if (this.#part !== "thinking") {
        this.#out(this.#colours ? "\x1b[2m" : "<think>\n");
        this.#part = "thinking";
      }
      this.#out(clean(reasoning));
    }
    if (content !== "") {
      if (this.#part === "thinking") this.#closeThinking();
      this.#part = "answer";
      this.#out(clean(content));
    }
  }

  /** Ends the line, and the dimming where the model never came to an answer. */
  end(): void {
    if (this.#part === "thinking") this.#closeThinking();
    if (!this.#atLineStart) this.#out("\n");
    this.#part = "none";
  }

  #closeThinking(): void {
    if (this.#colours) this.#out("\x1b[22m");
    if (!this.#atLineStart) this.#out("\n");
    if (!this.#colours) this.#out("</think>\n");
    this.#part = "answer";
  }

  #out(text: string): void {
    this.#stream.write(text);
    if (!text.startsWith("\x1b")) this.#atLineStart = text.endsWith("\n");
  }
}

/** Tokens, speed, operations, core-seconds and money in one line. */
export function summaryLine(model: string, answers: readonly Answer[], cost: Cost): string {
  const usage = answers.reduce(
    (sum, one) => ({
      all: sum.all + one.usage.completion_tokens,
      thinking: sum.thinking + one.usage.reasoning_tokens,
    }),
    { all: 0, thinking: 0 },
  );
  const { prefill_ms, decode_ms, decode_tok_s } = answers[0].timing;
  const seconds = Math.max(...answers.map(({ timing }) => timing.prefill_ms + timing.decode_ms)) / 1000;
  const speed = answers.length === 1 ? decode_tok_s : usage.all / seconds;
  const lost = answers.filter(({ thinking_truncated }) => thinking_truncated).length;
  const limit = answers.some(({ finish_reason }) => finish_reason === "length") ? "; cut off at the token limit" : "";
  const cut = lost === 0 ? limit : `${limit} while thinking: raise --max-tokens, or set a --think-budget`;
  return (
    `[${model}: ${usage.all} tokens (${usage.thinking} thinking) in ${formatDuration((prefill_ms + decode_ms) / 1000)}, ` +
    `${formatCount(Math.round(speed))} tokens/s; ${formatCount(cost.flops)}FLOP, ${formatCount(cost.core_seconds)} core-seconds, ` +
    `${dollars(cost.usd)} at $${cost.usd_per_core_hour} a core-hour${cut}]`
  );
}

/** $0.00000123: an amount of money too small for cents is still written out. */
export const dollars = (usd: number): string =>
  usd === 0 ? "$0" : `$${usd >= 0.01 ? usd.toFixed(2) : usd.toFixed(Math.min(12, 2 - Math.floor(Math.log10(usd))))}`;

/** Text from a model must not steer the terminal: control characters other than newline and tab are dropped. */
const clean = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, "");

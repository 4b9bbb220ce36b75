/** An answer while it is being written: ids in, thinking and answer out, with the thinking budget, usage and timing. */

import { type ReasoningDelta, ReasoningSplitter } from "../text/reasoning.ts";
import { StreamDecoder } from "../text/stream-decoder.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { Finish, Sequence } from "./sequence.ts";

/** Tokens as OpenAI and DeepSeek count them; the closing tag belongs to neither reasoning nor answer but to the completion. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly reasoning_tokens: number;
  readonly total_tokens: number;
}

/** Milliseconds, and tokens per second. Prefill lasts until the first new token is there. */
export interface Timing {
  readonly load_ms: number;
  readonly prefill_ms: number;
  readonly decode_ms: number;
  readonly prefill_tok_s: number;
  readonly decode_tok_s: number;
}

/** A finished answer. */
export interface Answer {
  /** All that was generated, tags included, without the end-of-text token. */
  readonly text: string;
  readonly reasoning: string;
  readonly answer: string;
  readonly finish_reason: Finish;
  readonly ids: readonly number[];
  readonly logps: Float32Array;
  readonly usage: Usage;
  readonly timing: Timing;
}

export interface AnswerOptions {
  readonly tokenizer: Tokenizer;
  readonly promptTokens: number;
  /** The prompt ends inside an open think block. */
  readonly startsInThink: boolean;
  /** At most this many thinking tokens, then the closing tag is written for the model; 0: it answers directly. */
  readonly thinkBudget?: number;
  readonly onDelta?: (delta: ReasoningDelta) => void;
}

/** Follows one sequence; `force` and `onToken` are what the scheduler calls. */
export class AnswerWriter {
  readonly #options: AnswerOptions;
  readonly #decoder: StreamDecoder;
  readonly #splitter: ReasoningSplitter;
  readonly #tags: readonly (number | undefined)[];
  readonly #closing: readonly number[];
  readonly #budget: number;
  #closed = 0;
  #thinking = 0;
  #text = "";
  #reasoning = "";
  #answer = "";
  #started = performance.now();
  #first = Number.NaN;
  #last = Number.NaN;

  constructor(options: AnswerOptions) {
    this.#options = options;
    this.#decoder = new StreamDecoder(options.tokenizer, { atStart: false });
    this.#tags = [options.tokenizer.idOf("<think>"), options.tokenizer.idOf("</think>")];
    this.#splitter = new ReasoningSplitter({ startsInThink: options.startsInThink });
    this.#budget = options.thinkBudget ?? Number.POSITIVE_INFINITY;
    this.#closing =
      options.thinkBudget === undefined ? [] : options.tokenizer.encode("</think>", { parseSpecial: true });
  }

  /** For `Request.force`; undefined where nothing will ever be forced, so that a token costs no call. */
  get force(): (() => number) | undefined {
    if (this.#budget === Number.POSITIVE_INFINITY) return undefined;
    return () => {
      if (this.#closed > 0 && this.#closed < this.#closing.length) return this.#closing[this.#closed++];
      if (this.#closed > 0 || !this.#splitter.isThinking || this.#thinking < this.#budget) return -1;
      this.#closed = 1;
      return this.#closing[0];
    };
  }

  /** Starts the clock; called when the sequence is handed to the scheduler. */
  start(): void {
    this.#started = performance.now();
  }

  /** Takes the sequence's newest token. */
  onToken(sequence: Sequence): void {
    this.#last = performance.now();
    if (sequence.ids.length === 1) this.#first = this.#last;
    if (sequence.finish === "stop") return; // the end-of-text token is no text
    const id = sequence.ids[sequence.ids.length - 1];
    // Other special tokens are no text either, but some vocabularies count the thinking tags among them.
    if (this.#options.tokenizer.isSpecial(id) && !this.#tags.includes(id)) return;
    const before = this.#splitter.isThinking;
    const piece = this.#decoder.push(id);
    if (piece !== "") this.#emit(piece, this.#splitter.push(piece));
    if (before && this.#splitter.isThinking) this.#thinking++;
  }

  /** Ends the text and tells the result. */
  finish(sequence: Sequence, loadMs: number): Answer {
    const rest = this.#decoder.end();
    this.#emit(rest, this.#splitter.push(rest));
    this.#emit("", this.#splitter.end());
    const tokens = sequence.ids.length;
    const prompt = this.#options.promptTokens;
    const prefill = tokens === 0 ? 0 : this.#first - this.#started;
    const decode = tokens === 0 ? 0 : this.#last - this.#first;
    return {
      text: this.#text,
      reasoning: this.#reasoning,
      answer: this.#answer,
      finish_reason: sequence.finish ?? "abort",
      ids: sequence.ids,
      logps: sequence.logps,
      usage: {
        prompt_tokens: prompt,
        completion_tokens: tokens,
        reasoning_tokens: this.#thinking,
        total_tokens: prompt + tokens,
      },
      timing: {
        load_ms: round(loadMs),
        prefill_ms: round(prefill),
        decode_ms: round(decode),
        prefill_tok_s: rate(prompt, prefill),
        decode_tok_s: rate(tokens - 1, decode),
      },
    };
  }

  #emit(piece: string, delta: ReasoningDelta): void {
    this.#text += piece;
    if (delta.reasoning === "" && delta.content === "") return;
    this.#reasoning += delta.reasoning;
    this.#answer += delta.content;
    this.#options.onDelta?.(delta);
  }
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
const rate = (tokens: number, ms: number): number => (tokens > 0 && ms > 0 ? Math.round((tokens / ms) * 1e4) / 10 : 0);

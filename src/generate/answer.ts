/** An answer while it is being written: ids in, thinking and answer out, with what bounds them, usage and timing. */

import { usageError } from "../error.ts";
import { type ReasoningDelta, type ReasoningFormat, ReasoningSplitter, THINK_TAGS } from "../text/reasoning.ts";
import { StreamDecoder } from "../text/stream-decoder.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { AnswerEvent, CompleteOptions, ThinkEnd, TokenInfo } from "./answer-options.ts";
import type { ConstraintState } from "./constraint/constraint.ts";
import type { Finish, Request, Sequence } from "./sequence.ts";
import type { Speculation } from "./speculative/speculation.ts";
import { StopMatcher } from "./stop.ts";
import { ThinkingControl, type ThinkingOptions } from "./thinking.ts";
import { TokenReader } from "./token-info.ts";

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
  /** All that was generated, tags included, without the end-of-text token and without a stop text. */
  readonly text: string;
  readonly reasoning: string;
  readonly answer: string;
  readonly finish_reason: Finish;
  /** The token limit came while the model still thought: there is no answer, and more tokens or a budget would have given one. */
  readonly thinking_truncated: boolean;
  readonly thinking_ended_by: ThinkEnd;
  /** The stop text that ended it. */
  readonly stop_sequence: string | null;
  readonly ids: readonly number[];
  readonly logps: Float32Array;
  /** A token each, where log-probs or entropy were asked for. */
  readonly logprobs: readonly TokenInfo[] | null;
  /** The end-of-text token, which is no text and so not among `logprobs`; null where none ended it, or nothing was asked for. */
  readonly end: TokenInfo | null;
  readonly usage: Usage;
  readonly timing: Timing;
  /** What guessing ahead came to, where guesses were to be made. */
  readonly speculation?: Speculation;
}

export interface AnswerOptions
  extends ThinkingOptions,
    Pick<
      CompleteOptions,
      "maxAnswerTokens" | "stop" | "includeStop" | "logprobs" | "entropy" | "constraintFrom" | "plain" | "keepTokens"
    > {
  readonly tokenizer: Tokenizer;
  readonly promptTokens: number;
  /** The prompt ends inside an open think block. */
  readonly startsInThink: boolean;
  /** The prompt ends with a closed think block, so that no other is expected. */
  readonly startsAfterThink?: boolean;
  /** The model's thinking tags. Default: `<think>` and `</think>`. */
  readonly format?: ReasoningFormat;
  /** Ids that end the text; inside the thinking they may end only that. */
  readonly eosIds?: readonly number[];
  readonly constraint?: ConstraintState;
  readonly onEvent?: (event: AnswerEvent) => void;
}

/** Follows one sequence. Its `hooks` go into the request; what `onToken` returns ends the sequence. */
export class AnswerWriter {
  readonly #options: AnswerOptions;
  readonly #decoder: StreamDecoder;
  readonly #splitter: ReasoningSplitter;
  readonly #thinking: ThinkingControl;
  readonly #stop: StopMatcher;
  readonly #reader: TokenReader | null;
  readonly #tags: readonly (number | undefined)[];
  /** Special tokens that are text all the same. */
  readonly #kept: ReadonlySet<number | undefined>;
  readonly #maxAnswerTokens: number;
  #answerTokens = 0;
  /** Tokens of a beginning that may yet turn out to be an opening tag. */
  #undecided = 0;
  #text = "";
  #reasoning = "";
  #answer = "";
  /** Length of the answer's text before stop texts are looked for. */
  #contentLength = 0;
  #read: Omit<TokenInfo, "thinking"> | null = null;
  readonly #infos: TokenInfo[] = [];
  /** The infos not told yet, and the length of the answer's text where each begins. */
  #pending: TokenInfo[] = [];
  #pendingAt: number[] = [];
  /** Set with the newest token: whether it was the model's own choice, and whether the constraint stands at it. */
  #forced = false;
  #finish: Finish | null = null;
  #closed = false;
  #started = performance.now();
  #first = Number.NaN;
  #last = Number.NaN;

  /** @throws UserError for an option outside its range */
  constructor(options: AnswerOptions) {
    const { tokenizer, stop = [], maxAnswerTokens = Number.POSITIVE_INFINITY, format = THINK_TAGS } = options;
    if (!(maxAnswerTokens >= 1) || (Number.isFinite(maxAnswerTokens) && !Number.isInteger(maxAnswerTokens))) {
      throw usageError(
        `max-answer-tokens must be a whole number of at least 1, not ${maxAnswerTokens}`,
        "max_answer_tokens",
      );
    }
    this.#options = options;
    this.#maxAnswerTokens = maxAnswerTokens;
    this.#decoder = new StreamDecoder(tokenizer, { atStart: false });
    this.#tags = [tokenizer.idOf(format.open), tokenizer.idOf(format.close)];
    this.#kept = new Set([...this.#tags, ...(options.keepTokens ?? []).map((token) => tokenizer.idOf(token))]);
    this.#splitter = new ReasoningSplitter({ startsInThink: options.startsInThink, format, plain: options.plain });
    this.#thinking = new ThinkingControl(tokenizer, this.#splitter, options.eosIds ?? [], options, format);
    this.#stop = new StopMatcher(stop, options.includeStop);
    this.#reader =
      options.logprobs === undefined && !options.entropy
        ? null
        : new TokenReader(tokenizer, options.logprobs ?? 0, options.entropy ?? false);
  }

  /** What the scheduler asks, for the request; what is never needed is left out, so that a token costs no call. */
  get hooks(): Pick<Request, "force" | "replace" | "adjust" | "observe"> {
    return {
      force: this.force,
      replace: this.replace,
      ...(this.#options.constraint === undefined ? {} : { adjust: this.adjust }),
      ...(this.#reader === null ? {} : { observe: this.observe }),
    };
  }

  /** The id to take next, or -1: budgets and the close on demand. */
  readonly force = (): number => {
    const id = this.#thinking.force();
    this.#forced = id >= 0;
    return id;
  };

  /** What to take in place of a drawn id. */
  readonly replace = (id: number): number => {
    const taken = this.#thinking.replace(id);
    if (taken !== id) this.#forced = true;
    return taken;
  };

  /** Masks what the constraint does not allow. */
  readonly adjust = (logits: Float32Array, start: number, vocabulary: number): boolean => {
    const { constraint } = this.#options;
    if (constraint === undefined || !this.#isConstrained) return false;
    // Where a think block may still open, its tag is as good as what the constraint allows.
    const open = this.#mayOpen ? this.#tags[0] : undefined;
    const kept = open === undefined ? 0 : logits[start + open];
    const masked = constraint.mask(logits, start, vocabulary);
    if (open !== undefined) logits[start + open] = kept;
    return masked;
  };

  /** Reads log-probabilities of the newest token. */
  readonly observe = (logits: Float32Array, start: number, vocabulary: number, id: number): void => {
    this.#read = this.#reader?.read(logits, start, vocabulary, id) ?? null;
  };

  /** Starts the clock; called when the sequence is handed to the scheduler. */
  start(): void {
    this.#started = performance.now();
  }

  /** Whether the model is thinking. */
  get isThinking(): boolean {
    return this.#splitter.isThinking;
  }

  /** Closes the thinking with the next token, so that the answer comes; false where the model is not thinking (any more). */
  endThinkingNow(): boolean {
    return this.#finish === null && this.#thinking.endNow();
  }

  /**
   * Takes the sequence's newest token.
   * @returns why the sequence ends with it, which the caller then tells the scheduler; null where it goes on or has ended already
   */
  onToken(sequence: Sequence): Finish | null {
    if (this.#finish !== null) return null;
    this.#last = performance.now();
    if (sequence.ids.length === 1) this.#first = this.#last;
    if (sequence.finish === "stop") return null; // the end-of-text token is no text
    const id = sequence.ids[sequence.ids.length - 1];
    this.#acceptConstrained(id);
    const before = this.#splitter.isThinking;
    const answering = this.#splitter.isAnswering;
    // Special tokens are no text, but some vocabularies count the thinking tags among them.
    const piece = this.#options.tokenizer.isSpecial(id) && !this.#kept.has(id) ? "" : this.#decoder.push(id);
    const delta = this.#splitter.push(piece);
    const after = this.#splitter.isThinking;
    this.#thinking.note(id, piece, before);
    if (this.#read !== null) this.#remember({ ...this.#read, thinking: before || after });
    this.#countAnswer(answering, before || after);
    this.#emit(piece, delta);
    if (this.#stop.stopped !== null) this.#finish = "stop";
    else if (sequence.finish === null && this.#answerTokens >= this.#maxAnswerTokens) this.#finish = "length";
    return this.#finish;
  }

  /** Ends the text and tells the result. */
  finish(sequence: Sequence, loadMs: number): Answer {
    const truncated = sequence.finish === "length" && this.#splitter.isThinking;
    if (!this.#closed) this.#close();
    const tokens = sequence.ids.length;
    const prompt = this.#options.promptTokens;
    const prefill = tokens === 0 ? 0 : this.#first - this.#started;
    const decode = tokens === 0 ? 0 : this.#last - this.#first;
    return {
      text: this.#text,
      reasoning: this.#reasoning,
      answer: this.#answer,
      finish_reason: this.#stop.stopped !== null ? "stop" : (sequence.finish ?? "abort"),
      thinking_truncated: truncated,
      thinking_ended_by: this.#thinking.ended,
      stop_sequence: this.#stop.stopped,
      ids: sequence.ids,
      logps: sequence.logps,
      logprobs: this.#reader === null ? null : this.#infos,
      end: sequence.finish === "stop" && this.#read !== null ? { ...this.#read, thinking: false } : null,
      usage: {
        prompt_tokens: prompt,
        completion_tokens: tokens,
        reasoning_tokens: this.#thinking.tokens,
        total_tokens: prompt + tokens,
      },
      timing: {
        load_ms: round(loadMs),
        prefill_ms: round(prefill),
        decode_ms: round(decode),
        prefill_tok_s: rate(prompt, prefill),
        decode_tok_s: rate(tokens - 1, decode),
      },
      ...(sequence.speculation === null ? {} : { speculation: sequence.speculation }),
    };
  }

  /** Whether the next token stands under the constraint. */
  get #isConstrained(): boolean {
    if (this.#options.constraintFrom === "start") return true;
    return !this.#splitter.isThinking && !this.#thinking.isForcing;
  }

  /** Whether the model may open a think block of its own with the next token. */
  get #mayOpen(): boolean {
    const { constraintFrom, startsAfterThink, thinkBudget } = this.#options;
    const undecided = !this.#splitter.isThinking && !this.#splitter.isAnswering && this.#thinking.ended === null;
    return undecided && this.#undecided === 0 && constraintFrom !== "start" && !startsAfterThink && thinkBudget !== 0;
  }

  #acceptConstrained(id: number): void {
    const { constraint } = this.#options;
    if (constraint === undefined || this.#forced || !this.#isConstrained) return;
    if (this.#mayOpen && id === this.#tags[0]) return;
    constraint.accept(id);
  }

  #countAnswer(wasAnswering: boolean, thinking: boolean): void {
    if (wasAnswering) this.#answerTokens++;
    else if (thinking) this.#undecided = 0;
    else {
      this.#undecided++;
      if (!this.#splitter.isAnswering) return;
      this.#answerTokens += this.#undecided;
      this.#undecided = 0;
    }
  }

  #remember(info: TokenInfo): void {
    this.#pending.push(info);
    this.#pendingAt.push(this.#contentLength);
    this.#read = null;
  }

  #emit(piece: string, { reasoning, content }: ReasoningDelta): void {
    this.#text += piece;
    this.#contentLength += content.length;
    const shown = this.#stop.push(content);
    this.#tell(reasoning, shown);
    if (this.#stop.stopped !== null) this.#text = this.#text.slice(0, this.#text.length - this.#unshown);
  }

  /** Characters of the answer that came from the model and were not told. */
  get #unshown(): number {
    return this.#contentLength - this.#answer.length;
  }

  #close(): void {
    this.#closed = true;
    const rest = this.#decoder.end();
    if (this.#stop.stopped === null) {
      this.#emit(rest, this.#splitter.push(rest));
      this.#emit("", this.#splitter.end());
    }
    this.#tell("", this.#stop.end());
    if (this.#pending.length > 0 && this.#stop.stopped === null) this.#send("", "", this.#pending.splice(0));
  }

  #tell(reasoning: string, content: string): void {
    if (reasoning === "" && content === "") return;
    this.#reasoning += reasoning;
    this.#answer += content;
    if (this.#pending.length === 0) {
      this.#options.onEvent?.({ reasoning, content, tokens: NONE });
      return;
    }
    // Tokens that begin within text still held back wait with it; they stand at the end.
    let told = this.#pending.length;
    while (told > 0 && !this.#pending[told - 1].thinking && this.#pendingAt[told - 1] >= this.#answer.length) told--;
    this.#pendingAt.splice(0, told);
    this.#send(reasoning, content, this.#pending.splice(0, told));
  }

  #send(reasoning: string, content: string, tokens: readonly TokenInfo[]): void {
    for (const token of tokens) this.#infos.push(token);
    this.#options.onEvent?.({ reasoning, content, tokens });
  }
}

const NONE: readonly TokenInfo[] = [];
const round = (ms: number): number => Math.round(ms * 1000) / 1000;
const rate = (tokens: number, ms: number): number => (tokens > 0 && ms > 0 ? Math.round((tokens / ms) * 1e4) / 10 : 0);

/**
 * Steers how long a model thinks: a budget after which the thinking is closed for it, a minimum before which it may not close, and
 * a close on demand. It sees tokens before they are taken (`force`, `replace`) and the text after (`note`).
 */
import { usageError } from "../error.ts";
import { type ReasoningFormat, type ReasoningSplitter, THINK_TAGS } from "../text/reasoning.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { CompleteOptions, ThinkEnd } from "./answer-options.ts";

export type ThinkingOptions = Pick<
  CompleteOptions,
  "thinkBudget" | "thinkMinimum" | "thinkClose" | "thinkMore" | "eosInThink"
>;

export class ThinkingControl {
  readonly #tokenizer: Tokenizer;
  readonly #splitter: ReasoningSplitter;
  readonly #eosIds: readonly number[];
  readonly #budget: number;
  readonly #minimum: number;
  readonly #closeText: string;
  readonly #moreText: string;
  readonly #eosCloses: boolean;
  /** The closing tag. */
  readonly #close: string;
  /** The tag where it is one token. */
  readonly #closeId: number | undefined;
  /** What is being written for the model, and how far it is. */
  #queue: readonly number[] = [];
  #at = 0;
  #asked = false;
  #ended: ThinkEnd = null;
  /** The last characters of the text, for tags of several tokens. */
  #tail = "";
  /** Lengths of the last tokens' texts, newest last: how many tokens a tag took. */
  readonly #lengths: number[] = [];
  #tokens = 0;
  /** Bytes missing of a character that the last token began, and for how many tokens the close has waited for them. */
  #missing = 0;
  #waited = 0;

  /** @throws UserError for a budget below the minimum, or a closing text this vocabulary cannot write */
  constructor(
    tokenizer: Tokenizer,
    splitter: ReasoningSplitter,
    eosIds: readonly number[],
    options: ThinkingOptions = {},
    format: ReasoningFormat = THINK_TAGS,
  ) {
    const { thinkBudget, thinkMinimum = 0, thinkClose, thinkMore = "Wait", eosInThink = "close" } = options;
    this.#tokenizer = tokenizer;
    this.#splitter = splitter;
    this.#eosIds = eosIds;
    this.#budget = count("think-budget", thinkBudget ?? Number.POSITIVE_INFINITY);
    this.#minimum = count("think-minimum", thinkMinimum);
    if (this.#minimum > this.#budget) {
      throw usageError(
        `think-minimum (${thinkMinimum}) is more than think-budget (${thinkBudget}): lower one or raise the other`,
        "think_minimum",
      );
    }
    const { close } = format;
    this.#close = close;
    this.#closeText = thinkClose === undefined ? close : thinkClose.includes(close) ? thinkClose : thinkClose + close;
    this.#moreText = thinkMore;
    this.#eosCloses = eosInThink === "close";
    this.#closeId = tokenizer.idOf(close);
    // Said now rather than in the middle of the answer.
    if (thinkClose !== undefined) tokenizer.encode(this.#closeText, { parseSpecial: true });
    if (this.#minimum > 0) tokenizer.encode(thinkMore);
  }

  /** Thinking tokens so far, the tag's own left out. */
  get tokens(): number {
    return this.#tokens;
  }

  /** What ended the thinking. */
  get ended(): ThinkEnd {
    return this.#ended;
  }

  /** Whether a text is being written for the model. */
  get isForcing(): boolean {
    return this.#at < this.#queue.length;
  }

  /** Closes the thinking at the next token; false where the model is not thinking. */
  endNow(): boolean {
    if (!this.#splitter.isThinking) return false;
    this.#asked = true;
    return true;
  }

  /** The id to take next, or -1 for the model's own choice. */
  force(): number {
    if (this.#at < this.#queue.length) return this.#queue[this.#at++];
    if (!this.#splitter.isThinking) return -1;
    const spent = this.#tokens >= this.#budget;
    if (!spent && !this.#asked) return -1;
    // A character in the middle of its bytes is finished first, unless the model never does.
    if (this.#missing > 0 && this.#waited++ < 4) return -1;
    return this.#write(this.#rest(), this.#asked ? "caller" : "budget");
  }

  /** The closing text, or only what is missing of a tag that the model has begun itself. */
  #rest(): string {
    const close = this.#close;
    if (this.#closeId === undefined && this.#closeText === close) {
      for (let n = close.length - 1; n > 0; n--) if (this.#tail.endsWith(close.slice(0, n))) return close.slice(n);
    }
    return this.#closeText;
  }

  /** What to take in place of a drawn token: itself, unless it ends the thinking where that may not end. */
  replace(id: number): number {
    if (!this.#splitter.isThinking) return id;
    const eos = this.#eosIds.includes(id);
    if (this.#tokens < this.#minimum && !this.#asked && (eos || this.#wouldClose(id)))
      return this.#write(this.#moreText);
    if (eos && this.#eosCloses) return this.#write(this.#close, "eos");
    return id;
  }

  /** Takes note of a token and of the text it completed; `thoughtBefore`: the splitter was thinking before it got that text. */
  note(id: number, piece: string, thoughtBefore: boolean): void {
    const text = this.#tail + piece;
    this.#tail = text.slice(1 - this.#close.length);
    this.#missing = missingBytes(this.#tokenizer.tokenBytes(id), this.#missing);
    if (this.#missing === 0) this.#waited = 0;
    this.#lengths.push(piece.length);
    if (this.#lengths.length > this.#close.length) this.#lengths.shift();
    if (!thoughtBefore) return;
    if (this.#splitter.isThinking) {
      this.#tokens++;
      return;
    }
    this.#ended ??= "model";
    // Tokens before this one that lie wholly within the tag were counted as thinking.
    const after = text.length - text.lastIndexOf(this.#close) - this.#close.length;
    let inTag = this.#close.length - (piece.length - after);
    for (let i = this.#lengths.length - 2; i >= 0 && this.#lengths[i] > 0 && this.#lengths[i] <= inTag; i--) {
      inTag -= this.#lengths[i];
      this.#tokens--;
    }
  }

  #write(text: string, why: ThinkEnd = null): number {
    this.#queue = this.#tokenizer.encode(text, { parseSpecial: why !== null });
    this.#at = 1;
    if (why !== null) this.#ended = why;
    return this.#queue[0];
  }

  /**
   * Whether a token would close the thinking. Where the tag is one token, that token; else a token is taken for its beginning as
   * soon as "</" stands there, since later the rest could no longer be taken back.
   */
  #wouldClose(id: number): boolean {
    if (id === this.#closeId) return true;
    const text = this.#tail + utf8.decode(this.#tokenizer.tokenBytes(id));
    if (text.includes(this.#close)) return true;
    if (this.#closeId !== undefined) return false;
    for (let n = 2; n < this.#close.length; n++) if (text.endsWith(this.#close.slice(0, n))) return true;
    return false;
  }
}

const utf8 = new TextDecoder();

/** Bytes still missing of the character that `bytes` end in, where `missing` were before them. */
export function missingBytes(bytes: Uint8Array, missing: number): number {
  for (const byte of bytes) {
    if (byte >= 0xf0) missing = 3;
    else if (byte >= 0xe0) missing = 2;
    else if (byte >= 0xc0) missing = 1;
    else if (byte >= 0x80) missing = Math.max(0, missing - 1);
    else missing = 0;
  }
  return missing;
}

function count(name: string, value: number): number {
  if (!(value >= 0) || (Number.isFinite(value) && !Number.isInteger(value))) {
    throw usageError(`${name} must be a whole number of at least 0, not ${value}`, name.replaceAll("-", "_"));
  }
  return value;
}

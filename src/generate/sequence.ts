/** One request on its way through the scheduler, and in the end its result; and what makes a request impossible. */
import { UserError } from "../error.ts";
import { Penalties } from "./penalties.ts";
import { Sampler, type Sampling } from "./sampling.ts";
import type { Speculation } from "./speculative/speculation.ts";

/** What to generate. */
export interface Request {
  /** Token ids, at least one. */
  readonly prompt: ArrayLike<number>;
  /** At most this many new tokens. */
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** Ids that end the sequence; the one that did is its last token. */
  readonly stopIds: readonly number[];
  /**
   * Asked before a token is drawn: an id to take instead, or -1 to draw. Gets the number of tokens so far and the last one
   * (-1 at first). A thinking budget is this.
   */
  readonly force?: (count: number, last: number) => number;
  /**
   * Changes the row's logits before a token is drawn (a grammar's mask, say) and tells whether it did. What it gets is a copy in
   * [start, start + vocabulary), penalties already in it: log-probs stay the model's own.
   */
  readonly adjust?: (logits: Float32Array, start: number, vocabulary: number) => boolean;
  /** Gets the drawn token (not a forced one) and gives the one to take: the same, or another in its place. */
  readonly replace?: (id: number) => number;
  /** False: the prompt is read anew even where its beginning is cached. Default true. */
  readonly reusePrompt?: boolean;
  /**
   * Told the logits after each prompt token but the last, by its position; it implies that no beginning is taken from the cache
   * (`reusePrompt` false).
   */
  readonly observePrompt?: (logits: Float32Array, start: number, vocabulary: number, position: number) => void;
  /** Told of each token with the row of logits it was drawn from, as the model gave them. */
  readonly observe?: (logits: Float32Array, start: number, vocabulary: number, id: number) => void;
}

/** "stop": a stop id came and is the last token, or a stop text. "length": maxTokens were generated. "abort": cancelled. */
export type Finish = "stop" | "length" | "abort";

export class Sequence {
  readonly request: Request;
  readonly sampler: Sampler;
  /** Null where the request's sampling changes no logits. */
  readonly penalties: Penalties | null;
  /** The new tokens, a stop id included. */
  readonly ids: number[] = [];
  /** Null while under way. */
  finish: Finish | null = null;
  /** What a sequence that ended with "abort" failed of; null where it did not fail. */
  error: unknown = null;
  /** Tokens of the prompt that were cached already and not computed again. */
  cached = 0;
  /** Guesses read and found right; null where none were to be made. */
  guessed: { drafted: number; accepted: number } | null = null;
  #logps: Float32Array;
  #entropies: Float32Array;
  // The scheduler's own: the slot, the position its next row goes to, the token that row feeds, who waits for the same prompt.
  slot = -1;
  position = 0;
  feed = 0;
  readonly followers: Sequence[] = [];

  /** @throws UserError for a sampling setting outside its range */
  constructor(request: Request) {
    this.request = request;
    this.sampler = new Sampler(request.sampling);
    this.penalties = Penalties.of(request.sampling, request.prompt);
    const room = Math.min(request.maxTokens, 256);
    this.#logps = new Float32Array(room);
    this.#entropies = new Float32Array(room);
  }

  /** Log-probability of each new token at the sampling temperature (at 1 where it is 0), before any filter. */
  get logps(): Float32Array {
    return this.#logps.subarray(0, this.ids.length);
  }

  /** Entropy in nats of the distribution each came from, likewise. */
  get entropies(): Float32Array {
    return this.#entropies.subarray(0, this.ids.length);
  }

  /** What guessing came to so far; null where there was none. */
  get speculation(): Speculation | null {
    const { guessed, ids } = this;
    return guessed === null ? null : { steps: ids.length - guessed.accepted, ...guessed };
  }

  /** Adds the token drawn; `finish` is set if it was the last. */
  take(id: number, logp: number, entropy: number): void {
    this.push(id, logp, entropy);
    if (this.request.stopIds.includes(id)) this.finish = "stop";
    else if (this.ids.length === this.request.maxTokens) this.finish = "length";
  }

  push(id: number, logp: number, entropy: number): void {
    const at = this.ids.length;
    if (at === this.#logps.length) {
      this.#logps = grown(this.#logps);
      this.#entropies = grown(this.#entropies);
    }
    this.#logps[at] = logp;
    this.#entropies[at] = entropy;
    this.ids.push(id);
  }
}

/** @throws UserError where the prompt is empty, has an id outside the vocabulary, or does not fit with its new tokens */
export function checkRequest({ prompt, maxTokens, sampling }: Request, vocabulary: number, capacity: number): void {
  if (!Number.isInteger(maxTokens) || maxTokens < 0) {
    throw new UserError(`The number of new tokens must be a whole number of at least 0, not ${maxTokens}.`, {
      param: "max_tokens",
      exitCode: 2,
    });
  }
  if (prompt.length === 0) {
    throw new UserError("The prompt is empty: there is nothing to continue; give it at least one token.", {
      param: "prompt",
      type: "invalid_request",
    });
  }
  if (prompt.length + maxTokens > capacity) {
    throw new UserError(
      `The prompt's ${prompt.length} tokens and ${maxTokens} new ones make ${prompt.length + maxTokens}, but the context ` +
        `holds ${capacity}; shorten the prompt or ask for at most ${Math.max(0, capacity - prompt.length)} new tokens.`,
      { param: "max_tokens", type: "context_length_exceeded" },
    );
  }
  for (let i = 0; i < prompt.length; i++) checkId(prompt[i], vocabulary, "ids");
  for (const id of sampling.logitBias?.keys() ?? []) checkId(id, vocabulary, "logit_bias");
}

function checkId(id: number, vocabulary: number, param: string): void {
  if (Number.isInteger(id) && id >= 0 && id < vocabulary) return;
  throw new UserError(`The token id ${id} is outside the vocabulary; ids go from 0 to ${vocabulary - 1}.`, {
    param,
    type: "invalid_token",
  });
}

function grown(old: Float32Array): Float32Array {
  const larger = new Float32Array(2 * old.length);
  larger.set(old);
  return larger;
}

/** Log-probabilities, entropy and alternatives of a token, from the row of logits it was drawn from. */
import { usageError } from "../error.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { TokenChoice, TokenInfo } from "./answer-options.ts";

/** As many alternatives as OpenAI's API gives at most. */
export const MOST_ALTERNATIVES = 20;

/** Reads rows of logits for one answer. */
export class TokenReader {
  readonly #tokenizer: Tokenizer;
  readonly #count: number;
  readonly #entropy: boolean;
  readonly #bestIds: Int32Array;
  readonly #best: Float64Array;

  /** `count` alternatives a token. @throws UserError for a count outside 0 to 20 */
  constructor(tokenizer: Tokenizer, count: number, entropy: boolean) {
    if (!(Number.isInteger(count) && count >= 0 && count <= MOST_ALTERNATIVES)) {
      throw usageError(
        `logprobs must be a whole number from 0 to ${MOST_ALTERNATIVES}, the alternatives to each token, not ${count}`,
        "logprobs",
      );
    }
    this.#tokenizer = tokenizer;
    this.#count = count;
    this.#entropy = entropy;
    this.#bestIds = new Int32Array(count);
    this.#best = new Float64Array(count);
  }

  /** What there is to say about token `id`; `logits` holds the row in [start, start + vocabulary). */
  read(logits: Float32Array, start: number, vocabulary: number, id: number): Omit<TokenInfo, "thinking"> {
    const end = start + vocabulary;
    let max = Number.NEGATIVE_INFINITY;
    for (let v = start; v < end; v++) if (logits[v] > max) max = logits[v];
    let sum = 0;
    let weighted = 0;
    for (let v = start; v < end; v++) {
      const d = logits[v] - max;
      const e = Math.exp(d);
      sum += e;
      if (e > 0) weighted += e * d;
    }
    const lse = max + Math.log(sum);
    const found = this.#findBest(logits, start, vocabulary);
    return {
      ...this.#choice(id, logits[start + id] - lse),
      // H = log sum - E[logit - max]
      entropy: this.#entropy ? Math.max(0, Math.log(sum) - weighted / sum) : null,
      top: Array.from({ length: found }, (_, i) => this.#choice(this.#bestIds[i], this.#best[i] - lse)),
    };
  }

  /** Keeps the largest logits in falling order, the lower id first among equals, and returns how many there are. */
  #findBest(logits: Float32Array, start: number, vocabulary: number): number {
    const most = this.#count;
    if (most === 0) return 0;
    let found = 0;
    for (let v = 0; v < vocabulary; v++) {
      const logit = logits[start + v];
      if (found === most && logit <= this.#best[most - 1]) continue;
      let at = found < most ? found++ : most - 1;
      for (; at > 0 && this.#best[at - 1] < logit; at--) {
        this.#best[at] = this.#best[at - 1];
        this.#bestIds[at] = this.#bestIds[at - 1];
      }
      this.#best[at] = logit;
      this.#bestIds[at] = v;
    }
    return found;
  }

  #choice(id: number, logprob: number): TokenChoice {
    const bytes = this.#tokenizer.tokenBytes(id);
    return { id, text: utf8.decode(bytes), bytes, logprob };
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One question and its thinking and answer as token ids, by the bundled model's template: what training builds millions of times,
 * so it is put together from ids directly; a test holds it equal to the rendered chat template.
 */
import { ASSISTANT, END_THINK, THINK, USER } from "./character-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** What a trainer asks of a model's language. */
export interface Speaker {
  /** Ids that end a response. */
  readonly stopIds: readonly number[];
  /** A question up to where the model goes on. */
  prompt(question: string): number[];
  /** What a model should write after the prompt, its end included. */
  response(thinking: string, answer: string): number[];
  /** The text of a response's ids, without the end of sequence. */
  text(ids: readonly number[]): string;
  /** How many of a response's tokens are thinking. */
  thinkingLength(ids: readonly number[]): number;
}

export class Dialogue implements Speaker {
  readonly tokenizer: Tokenizer;
  readonly endThink: number;
  readonly eos: number;
  /** Ids that end a response: `eos` alone. */
  readonly stopIds: readonly number[];
  readonly #before: readonly number[];
  readonly #after: readonly number[];

  /** @throws Error where the tokenizer lacks one of the template's marks. */
  constructor(tokenizer: Tokenizer) {
    const id = (token: string): number => {
      const found = tokenizer.idOf(token);
      if (found === undefined) throw new Error(`the tokenizer has no ${token}, which the thinking template needs`);
      return found;
    };
    this.tokenizer = tokenizer;
    this.endThink = id(END_THINK);
    this.eos = tokenizer.eosIds[0]!;
    this.stopIds = [this.eos];
    this.#before = [...(tokenizer.bosId === null ? [] : [tokenizer.bosId]), id(USER)];
    this.#after = [id(ASSISTANT), id(THINK)];
  }

  /** `<bos><User>question<Assistant><think>`: the model goes on from here. */
  prompt(question: string): number[] {
    return [...this.#before, ...this.tokenizer.encode(question), ...this.#after];
  }

  /** What a model should write after the prompt: `thinking</think>answer<eos>`. */
  response(thinking: string, answer: string): number[] {
    return [...this.tokenizer.encode(thinking), this.endThink, ...this.tokenizer.encode(answer), this.eos];
  }

  /** The text of a response's ids, without the end of sequence. */
  text(ids: readonly number[]): string {
    return this.tokenizer.decode(ids.at(-1) === this.eos ? ids.slice(0, -1) : ids);
  }

  /** How many of a response's tokens are thinking: those before `</think>`, all where it never comes. */
  thinkingLength(ids: readonly number[]): number {
    const end = ids.indexOf(this.endThink);
    return end < 0 ? ids.length : end;
  }
}

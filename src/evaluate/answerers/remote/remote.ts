/** Answers by a server: several requests at once, asked again where a failure may pass, all of them waiting where it asks to. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../error.ts";
import type { Reply } from "../../item.ts";
import type { Answerer, AnswerHooks, AnswerSettings, Ask } from "../answerer.ts";
import { type CallOptions, chatCompletion, WantsNewerLimit } from "./chat-completion.ts";
import type { Endpoint } from "./endpoint.ts";
import { delayBefore, LONGEST_WAIT, Passing } from "./retry.ts";

export interface RemoteOptions {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** How often a question is asked again after a failure that may pass. */
  readonly retries: number;
  /** Longest silence in seconds. */
  readonly timeout: number;
  /** Jitter, uniform in [0, 1). */
  readonly random: () => number;
}

export class RemoteAnswerer implements Answerer {
  readonly name: string;
  readonly #endpoint: Endpoint;
  readonly #options: RemoteOptions;
  #limitField: CallOptions["limitField"] = "max_tokens";
  /** Nobody asks before this (performance.now). */
  #notBefore = 0;
  #answered = 0;

  constructor(endpoint: Endpoint, options: RemoteOptions) {
    this.name = endpoint.model;
    this.#endpoint = endpoint;
    this.#options = options;
  }

  async answerAll(asks: readonly Ask[], settings: AnswerSettings, hooks: AnswerHooks): Promise<void> {
    // The first failure stops the others: they are cut, not waited for.
    const failed = new AbortController();
    const signal = AbortSignal.any([hooks.signal, failed.signal]);
    let [next, tokens] = [0, 0];
    const worker = async (): Promise<void> => {
      while (next < asks.length && !signal.aborted) {
        const ask = asks[next++]!;
        const reply = await this.answer(ask, settings, { ...hooks, signal });
        if (!Number.isNaN(reply.tokens)) tokens += reply.tokens;
        hooks.onTokens?.(tokens);
        hooks.onReply(ask, reply);
      }
    };
    const workers = Array.from({ length: Math.min(this.#options.concurrency, asks.length) }, async () => {
      try {
        await worker();
      } catch (error) {
        if (!signal.aborted) failed.abort(error);
      }
    });
    await Promise.all(workers);
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  /** Answers one, asking again where a failure may pass. @throws UserError where it does not, or the signal's reason */
  async answer(
    ask: Ask,
    settings: AnswerSettings,
    { signal, onNotice }: Pick<AnswerHooks, "signal" | "onNotice">,
  ): Promise<Reply> {
    const { retries, timeout, random } = this.#options;
    for (let attempt = 1; ; ) {
      await this.#turn(signal);
      try {
        const options = { signal, timeout, limitField: this.#limitField };
        const reply = await chatCompletion(this.#endpoint, ask, settings, options);
        this.#answered++;
        return reply;
      } catch (error) {
        if (error instanceof WantsNewerLimit) {
          this.#limitField = "max_completion_tokens";
          continue;
        }
        if (!(error instanceof Passing)) throw error;
        // An address nobody ever answered at is more likely wrong than restarting.
        const most = error.unreachable && this.#answered === 0 ? Math.min(retries, 2) : retries;
        if (attempt > most || (error.wait ?? 0) > LONGEST_WAIT) throw gaveUp(ask, attempt, error);
        const seconds = delayBefore(attempt, error.wait, random);
        if (error.limited) this.#notBefore = Math.max(this.#notBefore, performance.now() + seconds * 1000);
        onNotice?.(
          `${error.message}; asking again in ${seconds.toFixed(1)} s (${ask.item.id}, attempt ${attempt} of ${most + 1})`,
        );
        if (!error.limited) await sleep(seconds * 1000, undefined, { signal });
        attempt++;
      }
    }
  }

  /** Waits as long as the server asked everybody to. */
  async #turn(signal: AbortSignal): Promise<void> {
    for (;;) {
      const left = this.#notBefore - performance.now();
      if (left <= 0) return;
      await sleep(left, undefined, { signal });
    }
  }
}

const gaveUp = ({ item }: Ask, attempts: number, { message }: Passing): UserError =>
  new UserError(`The server did not answer ${item.id} in ${attempts} attempts; the last time: ${message}.`, {
    type: "unreachable",
    param: "--model",
  });

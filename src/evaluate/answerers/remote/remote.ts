/** Answers by a server: several requests at once, asked again where a failure may pass, all of them waiting where it asks to. */
import type { Reply } from "../../item.ts";
import type { Answerer, AnswerHooks, AnswerSettings, Ask } from "../answerer.ts";
import { type CallOptions, chatCompletion } from "./chat-completion.ts";
import type { Endpoint } from "./endpoint.ts";
import { Patience, type PatienceOptions } from "./patience.ts";
import { WantsNewerLimit } from "./post.ts";
import { several } from "./several.ts";

export interface RemoteOptions extends PatienceOptions {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Longest silence in seconds. */
  readonly timeout: number;
}

export class RemoteAnswerer implements Answerer {
  readonly name: string;
  readonly #endpoint: Endpoint;
  readonly #options: RemoteOptions;
  #limitField: CallOptions["limitField"] = "max_tokens";
  readonly #patience: Patience;

  constructor(endpoint: Endpoint, options: RemoteOptions) {
    this.name = endpoint.model;
    this.#endpoint = endpoint;
    this.#options = options;
    this.#patience = new Patience(options);
  }

  async answerAll(asks: readonly Ask[], settings: AnswerSettings, hooks: AnswerHooks): Promise<void> {
    let tokens = 0;
    await several(asks, this.#options.concurrency, hooks.signal, async (ask, signal) => {
      const reply = await this.answer(ask, settings, { ...hooks, signal });
      if (!Number.isNaN(reply.tokens)) tokens += reply.tokens;
      hooks.onTokens?.(tokens);
      hooks.onReply(ask, reply);
    });
  }

  /** Answers one, asking again where a failure may pass. @throws UserError where it does not, or the signal's reason */
  answer(ask: Ask, settings: AnswerSettings, hooks: Pick<AnswerHooks, "signal" | "onNotice">): Promise<Reply> {
    const once = async (): Promise<Reply> => {
      const options = { signal: hooks.signal, timeout: this.#options.timeout, limitField: this.#limitField };
      try {
        return await chatCompletion(this.#endpoint, ask, settings, options);
      } catch (error) {
        if (!(error instanceof WantsNewerLimit)) throw error;
        this.#limitField = "max_completion_tokens";
        return once();
      }
    };
    return this.#patience.until(ask.item.id, once, hooks);
  }
}

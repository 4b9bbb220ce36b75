/** Answers by a model opened here: many at once on one scheduler, across questions, each the same whatever else is asked. */
import { UserError } from "../../error.ts";
import type { AnswerWriter } from "../../generate/answer.ts";
import { breathe } from "../../generate/batch.ts";
import { beginAnswer } from "../../generate/begin-answer.ts";
import type { Prompt } from "../../generate/prompt.ts";
import { Scheduler } from "../../generate/scheduler.ts";
import type { Request, Sequence } from "../../generate/sequence.ts";
import type { ModelSession } from "../../generate/session.ts";
import type { Decoder } from "../../model/decoder.ts";
import { endsInsideThink, type ReasoningFormat, THINK_TAGS } from "../../text/reasoning.ts";
import type { Reply } from "../item.ts";
import type { Answerer, AnswerHooks, AnswerSettings, Ask } from "./answerer.ts";

/** The key-value cache of all answers under way may take this much. */
const CACHE_BYTES = 1.5 * 2 ** 30;

export class LocalAnswerer implements Answerer {
  readonly #session: ModelSession;
  readonly #slots: number;

  /** @param slots answers under way at once; fewer where their cache would not fit into memory */
  constructor(session: ModelSession, slots: number) {
    this.#session = session;
    this.#slots = slots;
  }

  get name(): string {
    return this.#session.name;
  }

  async answerAll(asks: readonly Ask[], settings: AnswerSettings, hooks: AnswerHooks): Promise<void> {
    if (asks.length === 0) return;
    const { decoder, context } = this.#session;
    const prompts = this.#prompts(asks);
    const longest = Math.max(...[...prompts.values()].map(({ ids }) => ids.length));
    const capacity = Math.min(context, longest + settings.maxTokens);
    const slots = Math.max(
      1,
      Math.min(this.#slots, asks.length, Math.floor(CACHE_BYTES / (bytesOfPosition(decoder) * capacity))),
    );
    const scheduler = new Scheduler(decoder, { slots, capacity });
    try {
      await this.#run(scheduler, slots, asks, prompts, settings, hooks);
    } finally {
      scheduler.close();
    }
  }

  async #run(
    scheduler: Scheduler,
    slots: number,
    asks: readonly Ask[],
    prompts: ReadonlyMap<string, Prompt>,
    settings: AnswerSettings,
    { signal, onReply, onTokens }: AnswerHooks,
  ): Promise<void> {
    const running = new Map<Sequence, { readonly ask: Ask; readonly writer: AnswerWriter; readonly prompt: Prompt }>();
    let [next, tokens] = [0, 0];
    const end = (sequence: Sequence): void => {
      const { ask, writer, prompt } = running.get(sequence)!;
      running.delete(sequence);
      if (sequence.error !== null) throw sequence.error;
      onReply(ask, this.#reply(sequence, writer, prompt));
    };
    const onToken = (sequence: Sequence): void => {
      tokens++;
      const finish = running.get(sequence)!.writer.onToken(sequence);
      if (finish !== null) scheduler.cancel(sequence, finish);
      if (sequence.finish !== null) end(sequence);
    };
    let breathed = performance.now();
    while ((next < asks.length || running.size > 0) && !signal.aborted) {
      // A few wait beside those under way, so that no slot stands empty and no list of all prompts is held twice.
      while (next < asks.length && running.size < slots + WAITING) {
        const ask = asks[next++]!;
        const prompt = prompts.get(ask.item.id)!;
        const { request, writer } = this.#begin(prompt, ask, settings);
        const sequence = scheduler.add(request);
        running.set(sequence, { ask, writer, prompt });
        writer.start();
      }
      const pending = scheduler.step(onToken);
      if (pending !== undefined) await pending;
      for (const sequence of running.keys()) if (sequence.finish !== null) end(sequence); // failed before its first token
      if (performance.now() - breathed > BREATHE_MS) {
        onTokens?.(tokens);
        await breathe();
        breathed = performance.now();
      }
    }
    onTokens?.(tokens);
  }

  #begin(
    prompt: Prompt,
    ask: Ask,
    settings: AnswerSettings,
  ): { readonly request: Request; readonly writer: AnswerWriter } {
    const { tokenizer, reasoningFormat: format, context } = this.#session;
    const { temperature, topP, maxTokens, thinkBudget } = settings;
    return beginAnswer({
      tokenizer,
      prompt,
      format,
      // What ends the text inside the thinking ends the answer: an evaluation does not help a model out.
      options: { thinkBudget, eosInThink: "stop" },
      maxTokens: Math.min(maxTokens, context - prompt.ids.length),
      sampling: { temperature, topP, topK: 0, minP: 0, seed: ask.seed },
    });
  }

  #reply(sequence: Sequence, writer: AnswerWriter, prompt: Prompt): Reply {
    const { text, finish_reason, usage, timing } = writer.finish(sequence, 0);
    const format = this.#session.reasoningFormat ?? THINK_TAGS;
    return {
      text: inThinkTags(endsInsideThink(prompt.text, format) ? format.open + text : text, format),
      tokens: usage.completion_tokens,
      thinking: usage.reasoning_tokens,
      finish: finish_reason,
      promptTokens: usage.prompt_tokens,
      cachedTokens: sequence.cached,
      seconds: (timing.prefill_ms + timing.decode_ms) / 1000,
    };
  }

  /** The prompt of each question, checked before anything is asked. @throws UserError naming the first that does not fit */
  #prompts(asks: readonly Ask[]): Map<string, Prompt> {
    const { context, name } = this.#session;
    const prompts = new Map<string, Prompt>();
    for (const { item } of asks) {
      if (prompts.has(item.id)) continue;
      const prompt = this.#prompt(item.id, item.prompt);
      if (prompt.ids.length >= context) {
        throw new UserError(
          `The question ${item.id} has ${prompt.ids.length} tokens, but the context of ${name} holds ${context}, answer included; ` +
            "choose other questions or a model with a longer context.",
          { type: "context_length_exceeded", param: "--benchmark" },
        );
      }
      prompts.set(item.id, prompt);
    }
    return prompts;
  }

  #prompt(id: string, content: string): Prompt {
    try {
      return this.#session.prompt({ messages: [{ role: "user", content }] });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`The question ${id} cannot be asked: ${error.message}`, {
        type: error.type,
        param: error.param,
      });
    }
  }
}

/** Requests that wait for a slot. */
const WAITING = 16;
const BREATHE_MS = 20;

/** Bytes of cache a position takes, told by a cache as small as they come. */
function bytesOfPosition(decoder: Decoder): number {
  const cache = decoder.newCache(1, 32);
  const bytes = cache.bytes / 32;
  cache.free();
  return bytes;
}

/** A model's own thinking tags as `<think>` and `</think>`, which every judge knows; only the block at the start. */
function inThinkTags(text: string, { open, close }: ReasoningFormat): string {
  if (open === THINK_TAGS.open || !text.trimStart().startsWith(open)) return text;
  const opened = text.replace(open, () => THINK_TAGS.open);
  return opened.replace(close, () => THINK_TAGS.close);
}

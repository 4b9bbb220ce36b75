/**
 * A model ready to answer: weights on a device, tokenizer, chat template and defaults opened together, and questions answered
 * one after the other or several at once. What `ask`, `chat`, `demo` and the HTTP side share.
 */
import { UserError } from "../error.ts";
import type { Decoder } from "../model/decoder.ts";
import { type ReasoningFormat, reasoningFormatOf } from "../text/reasoning.ts";
import type { ChatMessage } from "../text/template.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { Answer, AnswerWriter } from "./answer.ts";
import type { AnswerEvent, CompleteOptions } from "./answer-options.ts";
import { breathe } from "./batch.ts";
import { type BegunAnswer, beginAnswer, samplingOf } from "./begin-answer.ts";
import { readyConstraint } from "./constraint/load.ts";
import { type LoadedModel, loadModel, type ModelAbout, type OpenOptions } from "./load-model.ts";
import { chatPrompt, type Prompt, rawPrompt } from "./prompt.ts";
import { Scheduler } from "./scheduler.ts";
import type { Sequence } from "./sequence.ts";
import { drafterFor } from "./speculative/drafter-for.ts";
import { RowWriter } from "./speculative/row-writer.ts";
import { SpeculativeRunner } from "./speculative/runner.ts";

/** Messages for the chat template, or a text for the model to continue as it is. */
export type Question = { readonly messages: readonly ChatMessage[] } | { readonly raw: string };

/** Called with each piece of text and the index of the answer it belongs to. */
export type OnDelta = (event: AnswerEvent, index: number) => void;

export { BUNDLED_MODEL } from "./load-model.ts";
export type { CompleteOptions, OpenOptions };

export class ModelSession {
  /** The name a person knows the model by. */
  readonly name: string;
  /** The folder or file its weights lie in. */
  readonly folder: string;
  /** Where it lies, in which format and how large it is. */
  readonly about: ModelAbout;
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  /** Null where the model has none and only continues texts. */
  readonly template: string | null;
  /** The tags the model thinks between; null where it knows none. */
  readonly reasoningFormat: ReasoningFormat | null;
  readonly generationConfig: Readonly<Record<string, unknown>>;
  readonly loadMs: number;
  readonly #ownsDevice: boolean;
  #runner: SpeculativeRunner | null = null;
  #scheduler: { readonly run: Scheduler; readonly slots: number; readonly capacity: number } | null = null;

  /** Opens a model: a folder, a run's newest checkpoint or a GGUF file. @throws UserError naming what is missing or wrong */
  static async open(options: OpenOptions = {}): Promise<ModelSession> {
    const started = performance.now();
    const loaded = await loadModel(options);
    return new ModelSession(loaded, options.device === undefined, performance.now() - started);
  }

  private constructor({ about, decoder, tokenizer }: LoadedModel, ownsDevice: boolean, loadMs: number) {
    this.name = about.name;
    this.folder = about.path;
    this.about = about;
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.template = about.chatTemplate;
    this.reasoningFormat = reasoningFormatOf(this.template, tokenizer);
    this.generationConfig = about.generationConfig;
    this.loadMs = loadMs;
    this.#ownsDevice = ownsDevice;
  }

  /** The ids a question becomes. @throws UserError where the model has no chat template or cannot read the text */
  prompt(question: Question): Prompt {
    if ("raw" in question) return rawPrompt(this.tokenizer, question.raw);
    if (this.template === null) {
      throw new UserError(
        `The model ${this.name} has no chat template, so it cannot be asked, only made to continue a text: use --raw.`,
        { param: "model", type: "invalid_model" },
      );
    }
    return chatPrompt(this.tokenizer, this.template, question.messages);
  }

  /** Positions there are, prompt and answer together. */
  get context(): number {
    return this.decoder.config.max_position_embeddings;
  }

  /** Answers once. @throws UserError */
  async complete(question: Question, options: CompleteOptions = {}, onDelta?: OnDelta): Promise<Answer> {
    return (await this.completeAll(question, { ...options, n: 1 }, onDelta))[0];
  }

  /** Answers `options.n` times at once; a stop by `options.signal` gives what there is, with finish_reason "abort". @throws UserError */
  async completeAll(question: Question, options: CompleteOptions = {}, onDelta?: OnDelta): Promise<Answer[]> {
    const prompt = this.prompt(question);
    const n = options.n ?? 1;
    const maxTokens = options.maxTokens ?? this.#defaultMaxTokens(prompt.ids.length);
    const sampling = samplingOf(options, this.generationConfig);
    const constraint = await readyConstraint(options.constraint, this.tokenizer);
    const begin = (index: number) =>
      beginAnswer({
        tokenizer: this.tokenizer,
        prompt,
        format: this.reasoningFormat,
        options,
        maxTokens,
        sampling,
        constraint,
        index,
        onEvent: onDelta === undefined ? undefined : (event) => onDelta(event, index),
      });
    if (n === 1 && (options.speculative ?? 0) > 0 && RowWriter.fits(this.decoder.device)) {
      return [await this.#speculate(begin(0), prompt.ids.length + maxTokens, options)];
    }
    const scheduler = this.#schedulerFor(n, prompt.ids.length + maxTokens);
    const writers = new Map<Sequence, AnswerWriter>();
    for (let index = 0; index < n; index++) {
      const { request, writer } = begin(index);
      writers.set(scheduler.add(request), writer);
    }
    await run(scheduler, writers, options.signal);
    for (const { error } of writers.keys()) if (error !== null) throw error;
    return [...writers].map(([sequence, writer]) => writer.finish(sequence, this.loadMs));
  }

  /** One answer with guesses; the runner is kept as the scheduler is. */
  async #speculate(
    { request, writer }: BegunAnswer,
    needed: number,
    { speculative = 0, signal }: CompleteOptions,
  ): Promise<Answer> {
    const kept = this.#runner;
    if (kept === null || kept.capacity < needed || kept.mostDrafted !== speculative) {
      const capacity = Math.min(this.context, Math.max(needed, 256, 2 * (kept?.capacity ?? 0)));
      kept?.close();
      this.#runner = new SpeculativeRunner(this.decoder, capacity, drafterFor(this.decoder), speculative);
    }
    writer.start();
    const onToken = (sequence: Sequence) => writer.onToken(sequence);
    const { sequence } = await this.#runner!.run(request, { signal, onToken });
    return writer.finish(sequence, this.loadMs);
  }

  /** Ends the worker threads and gives the memory back. */
  async close(): Promise<void> {
    this.#runner?.close();
    this.#runner = null;
    this.#scheduler?.run.close();
    this.#scheduler = null;
    this.decoder.free();
    if (this.#ownsDevice) await this.decoder.device.close();
  }

  /** The scheduler is kept from one question to the next, since it still holds the beginning of the conversation. */
  #schedulerFor(slots: number, needed: number): Scheduler {
    const kept = this.#scheduler;
    if (kept !== null && kept.slots >= slots && kept.capacity >= needed) return kept.run;
    const capacity = Math.min(this.context, Math.max(needed, 256, 2 * (kept?.capacity ?? 0)));
    kept?.run.close();
    const made = { run: new Scheduler(this.decoder, { slots, capacity }), slots, capacity };
    this.#scheduler = made;
    return made.run;
  }

  #defaultMaxTokens(promptTokens: number): number {
    const left = Math.max(1, this.context - promptTokens);
    const stated = this.generationConfig.max_new_tokens;
    return Math.min(left, typeof stated === "number" && stated > 0 ? stated : 4096);
  }
}

async function run(
  scheduler: Scheduler,
  writers: ReadonlyMap<Sequence, AnswerWriter>,
  signal?: AbortSignal,
): Promise<void> {
  const onToken = (sequence: Sequence): void => {
    const finish = writers.get(sequence)?.onToken(sequence) ?? null;
    if (finish !== null) scheduler.cancel(sequence, finish);
  };
  for (const writer of writers.values()) writer.start();
  let breathed = performance.now();
  try {
    while (!scheduler.idle) {
      if (signal?.aborted) break;
      const pending = scheduler.step(onToken);
      if (pending !== undefined) await pending;
      if (performance.now() - breathed > 15) {
        await breathe();
        breathed = performance.now();
      }
    }
  } finally {
    for (const sequence of writers.keys()) scheduler.cancel(sequence);
  }
}

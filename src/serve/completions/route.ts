/** POST /v1/completions: the model goes on from a text. */
import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import { Hono } from "hono";
import type { Answer } from "../../generate/answer.ts";
import type { EngineEvent, Handle } from "../../generate/engine/handle.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { AppEnv, Core } from "../core.ts";
import { invalid, toApiError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import { costField, type Price, priceOf } from "../price.ts";
import { merged } from "../stream/merged.ts";
import { streamResponse } from "../stream/respond.ts";
import { framesOf, sseFrame } from "../stream/sse.ts";
import { submit } from "../submit.ts";
import { CompletionLogprobList } from "./logprobs.ts";
import { type CompletionPlan, planCompletions } from "./plan.ts";
import { type CompletionRequest, completionRequest } from "./schema.ts";

export function completionRoutes(core: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  for (const path of ["/v1/completions", "/completions", "/beta/completions"]) app.post(path, (c) => complete(core, c));
  return app;
}

/** Prompts a request may hold. */
const MOST_PROMPTS = 128;

async function complete(core: Core, c: Context<AppEnv>): Promise<Response> {
  const request = await readBody(c, completionRequest);
  const model = core.models.resolve(request.model);
  const engine = await model.served.engine();
  const plans = planCompletions(request, engine);
  if (plans.length > MOST_PROMPTS) throw invalid(`There may be at most ${MOST_PROMPTS} prompts.`, "prompt");
  if (request.stream && request.return_token_ids)
    throw invalid("return_token_ids does not go with stream.", "return_token_ids");
  const { stream = false, stream_options: { include_usage: wantsUsage = false, resumable = false } = {} } = request;
  const id = `cmpl-${randomUUID()}`;
  const handles: Handle[] = [];
  const cancel = (): void => {
    for (const handle of handles) handle.cancel();
  };
  try {
    for (const [i, plan] of plans.entries()) {
      const own = plans.length === 1 ? id : `${id}-${i}`;
      const how = { id: own, operation: "text_completion", stream, stays: stream && resumable } as const;
      handles.push(await submit(core, c, model, plan, how));
    }
  } catch (error) {
    cancel();
    throw error;
  }
  c.get("logged").id = id;
  const head = {
    id,
    object: "text_completion",
    created: Math.floor(Date.now() / 1000),
    model: model.id,
    system_fingerprint: model.served.fingerprint,
  };
  const price = priceOf(core.config.price, engine.slots);
  const told = new CompletionTeller(request, plans, handles, engine.session.tokenizer, price);
  if (!stream) {
    const answers = await Promise.all(handles.map(({ result }) => result)).catch((error) => {
      cancel();
      throw error;
    });
    return c.json({ ...head, choices: told.choices(answers), usage: told.usage(answers) });
  }
  const answers: Answer[][] = plans.map(() => []);
  const chunk = (choice: object): string => sseFrame(JSON.stringify({ ...head, choices: [choice], usage: null }));
  const source = framesOf({
    events: merged(handles.map(({ events }) => events)),
    opening: told.echoes().map(chunk),
    of: ({ from, event }) => {
      if (event.answer !== null) answers[from].push(event.answer);
      return told.chunks(from, event).map(chunk);
    },
    closing: () => {
      const usage = { ...head, choices: [], usage: told.usage(answers) };
      return [...(wantsUsage ? [sseFrame(JSON.stringify(usage))] : []), sseFrame("[DONE]")];
    },
    failed: (error) => {
      cancel();
      return [sseFrame(JSON.stringify(toApiError(error).body))];
    },
    cancel,
  });
  return streamResponse(core, c, source, resumable ? id : null);
}

/** Tells answers as this endpoint's choices, numbered prompt by prompt. */
class CompletionTeller {
  readonly #n: number;
  readonly #withLogprobs: boolean;
  readonly #withIds: boolean;
  readonly #plans: readonly CompletionPlan[];
  readonly #handles: readonly Handle[];
  readonly #tokenizer: Tokenizer;
  readonly #price: Price | null;
  /** Characters told of each choice, for the offsets of its tokens. */
  readonly #told: number[] = [];

  constructor(
    request: CompletionRequest,
    plans: readonly CompletionPlan[],
    handles: readonly Handle[],
    tokenizer: Tokenizer,
    price: Price | null,
  ) {
    this.#price = price;
    this.#n = request.n ?? 1;
    this.#withLogprobs = request.logprobs !== undefined;
    this.#withIds = request.return_token_ids ?? false;
    this.#plans = plans;
    this.#handles = handles;
    this.#tokenizer = tokenizer;
  }

  choices(answers: readonly (readonly Answer[])[]) {
    return answers.flatMap((own, from) =>
      own.map((answer, i) => {
        const { echo, promptOnly } = this.#plans[from];
        const list = this.#withLogprobs ? this.#promptList(from) : null;
        if (!promptOnly) for (const token of answer.logprobs ?? []) list?.add(token);
        if (!promptOnly && this.#withIds && answer.end !== null) list?.add({ ...answer.end, text: "" });
        return {
          text: echo + (promptOnly ? "" : answer.answer),
          index: from * this.#n + i,
          logprobs: list?.lists ?? null,
          finish_reason: finishReason(answer),
          ...(this.#withIds ? { token_ids: promptOnly ? [] : answer.ids } : {}),
        };
      }),
    );
  }

  /** Chunks with the prompts, where they are to be echoed. Their log-probabilities come with the first answer's text. */
  echoes(): object[] {
    return this.#plans.flatMap(({ echo }, from) =>
      echo === "" || this.#withLogprobs
        ? []
        : Array.from({ length: this.#n }, (_, i) => this.#choice(from * this.#n + i, echo, null, null)),
    );
  }

  chunks(from: number, { index: i, content, tokens, answer }: EngineEvent): object[] {
    const index = from * this.#n + i;
    const { echo, promptOnly } = this.#plans[from];
    const first = this.#told[index] === undefined;
    const list = !this.#withLogprobs
      ? null
      : first
        ? this.#promptList(from)
        : new CompletionLogprobList(this.#told[index]);
    if (answer !== null && !(first && list !== null && echo !== "")) {
      return [this.#choice(index, "", null, finishReason(answer))];
    }
    const text = (first && list !== null ? echo : "") + (promptOnly ? "" : content);
    if (!promptOnly) for (const token of tokens) list?.add(token);
    this.#told[index] = (this.#told[index] ?? 0) + text.length;
    const chunk = this.#choice(index, text, list?.lists ?? null, answer === null ? null : finishReason(answer));
    return text === "" && answer === null && tokens.length === 0 ? [] : [chunk];
  }

  usage(answers: readonly (readonly Answer[])[]) {
    const prompt = this.#handles.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
    const cached = this.#handles.reduce((sum, { cachedTokens }) => sum + cachedTokens, 0);
    const completion = answers.reduce(
      (sum, own, from) =>
        this.#plans[from].promptOnly ? sum : own.reduce((inner, { usage }) => inner + usage.completion_tokens, sum),
      0,
    );
    return {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      prompt_tokens_details: { cached_tokens: cached },
      prompt_cache_hit_tokens: cached,
      prompt_cache_miss_tokens: prompt - cached,
      ...costField(this.#price, prompt, cached, answers.flat()),
    };
  }

  #promptList(from: number): CompletionLogprobList {
    const list = new CompletionLogprobList();
    const { echo, prompt } = this.#plans[from];
    if (echo === "") return list;
    list.addUnpredicted(this.#tokenizer.decode([prompt.ids[0]]));
    for (const token of this.#handles[from].promptLogprobs) list.add(token);
    return list;
  }

  #choice(index: number, text: string, logprobs: object | null, finish: string | null): object {
    return { text, index, logprobs, finish_reason: finish };
  }
}

const finishReason = ({ finish_reason: finish }: Answer): string =>
  finish === "abort" ? "insufficient_system_resource" : finish;

/** One question to an OpenAI-compatible server: the request, and its answer read from a stream of events or from one document. */
import type { Reply } from "../../item.ts";
import type { AnswerSettings, Ask } from "../answerer.ts";
import type { Endpoint } from "./endpoint.ts";
import { type PostOptions, parsed, post, record } from "./post.ts";
import { Passing } from "./retry.ts";
import { eventData } from "./sse.ts";

export interface CallOptions extends PostOptions {
  /** The name this server knows the token limit by. */
  readonly limitField: "max_tokens" | "max_completion_tokens";
}

/** Asks once. @throws Passing, WantsNewerLimit, or UserError for what will not pass by itself */
export async function chatCompletion(
  endpoint: Endpoint,
  { item, seed }: Ask,
  settings: AnswerSettings,
  options: CallOptions,
): Promise<Reply> {
  const started = performance.now();
  const body = {
    model: endpoint.model,
    messages: [{ role: "user", content: item.prompt }],
    temperature: settings.temperature,
    top_p: settings.topP,
    [options.limitField]: settings.maxTokens,
    seed,
    stream: true,
    stream_options: { include_usage: true },
  };
  return post(endpoint, "/chat/completions", body, options, async (response, heard) => {
    const gathered = new Gathered();
    if (response.headers.get("content-type")?.includes("text/event-stream")) {
      await readStream(response, gathered, heard);
    } else {
      gathered.add(parsed(await response.text()), "message");
      gathered.ended = true;
    }
    return gathered.reply((performance.now() - started) / 1000);
  });
}

async function readStream(response: Response, gathered: Gathered, onBytes: () => void): Promise<void> {
  for await (const data of eventData(response.body!, onBytes)) {
    if (data === "[DONE]") {
      gathered.ended = true;
      return;
    }
    gathered.add(parsed(data), "delta");
  }
}

/** What has arrived of an answer. */
class Gathered {
  #reasoning = "";
  /** The server tells thinking apart, be there any or not. */
  #tellsReasoning = false;
  #content = "";
  #finish: string | null = null;
  #usage: Record<string, unknown> | null = null;
  /** The server said that nothing more comes. */
  ended = false;

  add(chunk: Readonly<Record<string, unknown>>, part: "delta" | "message"): void {
    const error = record(chunk.error);
    if (error !== null) throw new Passing(`the server reported ${JSON.stringify(error.message ?? error)}`);
    this.#usage = record(chunk.usage) ?? this.#usage;
    const choice = Array.isArray(chunk.choices) ? record(chunk.choices[0]) : null;
    if (choice === null) return;
    const message = record(choice[part]) ?? {};
    this.#reasoning += textOf(message.reasoning_content) || textOf(message.reasoning);
    this.#tellsReasoning ||= [message.reasoning_content, message.reasoning].some((value) => typeof value === "string");
    this.#content += textOf(message.content);
    if (typeof choice.finish_reason === "string") this.#finish = choice.finish_reason;
  }

  /** @throws Passing where it broke off */
  reply(seconds: number): Reply {
    if (this.#finish === "insufficient_system_resource") throw new Passing("the server ran out of resources");
    if (this.#finish === null && !this.ended) throw new Passing("the answer broke off");
    const finish = this.#finish === "length" ? "length" : "stop";
    const [thinking, answer] = [this.#reasoning, this.#content];
    // Nothing behind the thinking: it was never closed.
    const thought = answer === "" ? `<think>${thinking}` : `<think>${thinking}</think>${answer}`;
    const text = this.#tellsReasoning && (thinking !== "" || answer !== "") ? thought : answer;
    const details = record(this.#usage?.completion_tokens_details);
    const cached = this.#usage?.prompt_cache_hit_tokens ?? record(this.#usage?.prompt_tokens_details)?.cached_tokens;
    return {
      text,
      tokens: count(this.#usage?.completion_tokens),
      thinking:
        details?.reasoning_tokens === undefined
          ? thinking === "" && !text.includes("</think>")
            ? 0
            : Number.NaN
          : count(details.reasoning_tokens),
      finish,
      promptTokens: count(this.#usage?.prompt_tokens),
      cachedTokens: cached === undefined ? 0 : count(cached),
      seconds,
    };
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const count = (value: unknown): number => (typeof value === "number" && value >= 0 ? value : Number.NaN);

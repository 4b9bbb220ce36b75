/**
 * A response as it is written: items that open, grow and close, each change told as an event of OpenAI's Responses API. Thinking is
 * an item with its text in the open (`reasoning_text`, as open models have it there), not a summary.
 */
import { randomUUID } from "node:crypto";
import type { Answer } from "../../generate/answer.ts";
import type { TokenInfo } from "../../generate/answer-options.ts";
import type { Handle } from "../../generate/engine/handle.ts";
import { chatLogprobs } from "../chat/logprobs.ts";
import type { ToldPiece } from "../chat/teller.ts";
import { costField, type Price } from "../price.ts";
import { wantsLogprobs } from "./input.ts";
import type { CallItem, Logprobs, OutputItem, ResponseBody, Status } from "./items.ts";
import type { ResponsesRequest } from "./schema.ts";

export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [more: string]: unknown;
}

/** The fields known from the start. */
export interface ResponseHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly request: ResponsesRequest;
  readonly price: Price | null;
}

export class ResponseWriter {
  readonly #head: ResponseHead;
  readonly #output: OutputItem[] = [];
  #open: OutputItem | null = null;
  #events: ResponseEvent[] = [];
  #count = 0;

  constructor(head: ResponseHead) {
    this.#head = head;
  }

  opening(): readonly ResponseEvent[] {
    const response = this.#body("in_progress");
    this.#tell("response.created", { response });
    this.#tell("response.in_progress", { response });
    return this.#told();
  }

  write({ reasoning, content, calls }: ToldPiece, tokens: readonly TokenInfo[]): readonly ResponseEvent[] {
    if (reasoning !== "") this.#think(reasoning);
    const told = wantsLogprobs(this.#head.request) ? chatLogprobs(tokens, false).content! : [];
    const logprobs = reasoning === "" || content !== "" ? told : [];
    if (content !== "") this.#say(content, logprobs);
    for (const call of calls) {
      if (call.name !== undefined) {
        this.#start({
          id: newId("fc"),
          type: "function_call",
          status: "in_progress",
          call_id: call.id!,
          name: call.name,
          arguments: "",
        });
      }
      if (call.argumentsDelta !== "") this.#call(call.argumentsDelta);
    }
    return this.#told();
  }

  /** Closes it. */
  end(answer: Answer, handle: Handle): { readonly events: readonly ResponseEvent[]; readonly response: ResponseBody } {
    const complete = answer.finish_reason === "stop";
    // A program that reads the message's text finds one, unless thinking is all that there is.
    if (complete && !this.#output.some(({ type }) => type !== "reasoning")) this.#say("", []);
    this.#close(complete ? "completed" : "incomplete");
    const status = complete ? "completed" : answer.finish_reason === "length" ? "incomplete" : "failed";
    const response = this.#body(status, {
      completed_at: now(),
      incomplete_details:
        status === "incomplete"
          ? { reason: "max_output_tokens", ...(answer.thinking_truncated ? { in_reasoning: true } : {}) }
          : null,
      error:
        status === "failed" ? { code: "server_error", message: "The server ended the answer before its time." } : null,
      usage: {
        input_tokens: handle.promptTokens,
        input_tokens_details: { cached_tokens: handle.cachedTokens },
        output_tokens: answer.usage.completion_tokens,
        output_tokens_details: { reasoning_tokens: answer.usage.reasoning_tokens },
        total_tokens: handle.promptTokens + answer.usage.completion_tokens,
        ...costField(this.#head.price, handle.promptTokens, handle.cachedTokens, [answer]),
      },
    });
    this.#tell(`response.${status}`, { response });
    return { events: this.#told(), response };
  }

  /** The last event where writing failed. */
  fail(message: string, code: string): readonly ResponseEvent[] {
    this.#tell("response.failed", { response: this.#body("failed", { error: { code, message } }) });
    return this.#told();
  }

  #think(delta: string): void {
    const item = this.#open;
    if (item?.type !== "reasoning") {
      this.#start({ id: newId("rs"), type: "reasoning", status: "in_progress", summary: [], content: [] });
      this.#think(delta);
      return;
    }
    if (item.content.length === 0) this.#part(item, { type: "reasoning_text", text: "" });
    item.content[0].text += delta;
    this.#tell("response.reasoning_text.delta", { ...this.#at(item), content_index: 0, delta });
  }

  #say(delta: string, logprobs: readonly Logprobs[]): void {
    const item = this.#open;
    if (item?.type !== "message") {
      this.#start({ id: newId("msg"), type: "message", status: "in_progress", role: "assistant", content: [] });
      this.#say(delta, logprobs);
      return;
    }
    if (item.content.length === 0) this.#part(item, { type: "output_text", text: "", annotations: [], logprobs: [] });
    if (delta === "") return;
    item.content[0].text += delta;
    item.content[0].logprobs.push(...logprobs);
    this.#tell("response.output_text.delta", { ...this.#at(item), content_index: 0, delta, logprobs });
  }

  #call(delta: string): void {
    const item = this.#open as CallItem;
    item.arguments += delta;
    this.#tell("response.function_call_arguments.delta", { ...this.#at(item), delta });
  }

  #start(item: OutputItem): void {
    this.#close("completed");
    this.#open = item;
    this.#output.push(item);
    this.#tell("response.output_item.added", { output_index: this.#output.length - 1, item: copy(item) });
  }

  #part<P extends object>(item: { readonly id: string; readonly content: P[] }, part: P): void {
    this.#tell("response.content_part.added", { ...this.#at(item), content_index: 0, part: copy(part) });
    item.content.push(part);
  }

  #close(status: Status): void {
    const item = this.#open;
    if (item === null) return;
    this.#open = null;
    item.status = status;
    const at = this.#at(item);
    if (item.type === "function_call") {
      this.#tell("response.function_call_arguments.done", { ...at, name: item.name, arguments: item.arguments });
    } else {
      const [part] = item.content;
      const { type, text } = part;
      if (type === "output_text")
        this.#tell("response.output_text.done", { ...at, content_index: 0, text, logprobs: part.logprobs });
      else this.#tell("response.reasoning_text.done", { ...at, content_index: 0, text });
      this.#tell("response.content_part.done", { ...at, content_index: 0, part: copy(part) });
    }
    this.#tell("response.output_item.done", { output_index: at.output_index, item: copy(item) });
  }

  #at(item: { readonly id: string }) {
    return { item_id: item.id, output_index: this.#output.length - 1 };
  }

  #tell(type: string, more: object): void {
    this.#events.push({ type, sequence_number: this.#count++, ...more });
  }

  #told(): readonly ResponseEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #body(status: Status, more: object = {}): ResponseBody {
    const { id, created, model, request } = this.#head;
    return {
      id,
      object: "response",
      created_at: created,
      status,
      error: null,
      incomplete_details: null,
      instructions: request.instructions ?? null,
      max_output_tokens: request.max_output_tokens ?? null,
      model,
      output: copy(this.#output),
      parallel_tool_calls: request.parallel_tool_calls ?? true,
      previous_response_id: request.previous_response_id ?? null,
      reasoning: { effort: request.reasoning?.effort ?? null, summary: null },
      store: request.store ?? true,
      temperature: request.temperature ?? null,
      text: { format: request.text?.format ?? { type: "text" } },
      tool_choice: request.tool_choice ?? "auto",
      tools: request.tools ?? [],
      top_p: request.top_p ?? null,
      truncation: "disabled",
      usage: null,
      metadata: request.metadata ?? {},
      ...more,
    };
  }
}

const now = (): number => Math.floor(Date.now() / 1000);
const newId = (kind: string): string => `${kind}_${randomUUID().replaceAll("-", "")}`;
/** Events are read later than they are told. */
const copy = <T>(value: T): T => structuredClone(value);

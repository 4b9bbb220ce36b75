/** A message as Anthropic tells it: blocks that open, grow and close, each change an event. Of whole answers only the blocks are kept. */
import { createHash } from "node:crypto";
import type { Answer } from "../../generate/answer.ts";
import type { Handle } from "../../generate/engine/handle.ts";
import { type FinishReason, incompleteDetails, type ToldPiece } from "../chat/teller.ts";
import { ApiError } from "../errors.ts";
import { costField, type Price } from "../price.ts";

export interface MessageEvent {
  readonly type: string;
  readonly [more: string]: unknown;
}

interface TextBlock {
  readonly type: "text";
  text: string;
  readonly citations: null;
}
interface ThinkingBlock {
  readonly type: "thinking";
  thinking: string;
  signature: string;
}
interface ToolBlock {
  readonly type: "tool_use";
  readonly id: string;
  readonly name: string;
  input: unknown;
}
type Block = TextBlock | ThinkingBlock | ToolBlock;

export class MessageWriter {
  readonly #id: string;
  readonly #model: string;
  readonly #handle: Handle;
  readonly #price: Price | null;
  readonly #blocks: Block[] = [];
  #open: Block | null = null;
  #json = "";
  #events: MessageEvent[] = [];

  constructor(id: string, model: string, handle: Handle, price: Price | null) {
    this.#price = price;
    this.#id = id;
    this.#model = model;
    this.#handle = handle;
  }

  opening(): readonly MessageEvent[] {
    this.#tell("message_start", { message: this.#message(null, null, this.#usage(null)) });
    return this.#told();
  }

  write({ reasoning, content, calls }: ToldPiece): readonly MessageEvent[] {
    if (reasoning !== "") {
      const block = this.#of("thinking") ?? this.#start({ type: "thinking", thinking: "", signature: "" });
      block.thinking += reasoning;
      this.#delta({ type: "thinking_delta", thinking: reasoning });
    }
    if (content !== "") {
      const block = this.#of("text") ?? this.#start({ type: "text", text: "", citations: null });
      block.text += content;
      this.#delta({ type: "text_delta", text: content });
    }
    for (const { id = "", name, argumentsDelta } of calls) {
      if (name !== undefined) this.#start({ type: "tool_use", id, name, input: {} });
      if (argumentsDelta === "") continue;
      this.#json += argumentsDelta;
      this.#delta({ type: "input_json_delta", partial_json: argumentsDelta });
    }
    return this.#told();
  }

  /** Closes it. @throws ApiError where the server ended it before its time: Anthropic has no name for such an end */
  end(answer: Answer, finish: FinishReason): { readonly events: readonly MessageEvent[]; readonly message: object } {
    if (finish === "insufficient_system_resource")
      throw new ApiError(503, "The server ended the answer before its time.", {
        code: "answer_aborted",
        retryAfter: 2,
      });
    // A program that reads the first text finds one, unless the limit came before it.
    const told = this.#blocks.some(({ type }) => type !== "thinking");
    if (!told && finish === "stop") this.#start({ type: "text", text: "", citations: null });
    this.#close();
    const usage = this.#usage(answer);
    const stopped = answer.stop_sequence !== null && finish === "stop";
    const reason = stopped ? "stop_sequence" : STOP_REASONS[finish];
    const delta = { stop_reason: reason, stop_sequence: stopped ? answer.stop_sequence : null };
    this.#tell("message_delta", { delta: { ...delta, ...incompleteDetails(answer) }, usage });
    this.#tell("message_stop", {});
    const message = { ...this.#message(reason, delta.stop_sequence, usage), ...incompleteDetails(answer) };
    return { events: this.#told(), message };
  }

  #of<T extends Block["type"]>(type: T): Extract<Block, { type: T }> | null {
    return this.#open?.type === type ? (this.#open as Extract<Block, { type: T }>) : null;
  }

  #start<B extends Block>(block: B): B {
    this.#close();
    this.#tell("content_block_start", { index: this.#blocks.length, content_block: { ...block } });
    this.#blocks.push(block);
    this.#open = block;
    this.#json = "";
    return block;
  }

  #delta(delta: object): void {
    this.#tell("content_block_delta", { index: this.#blocks.length - 1, delta });
  }

  #close(): void {
    const block = this.#open;
    if (block === null) return;
    this.#open = null;
    if (block.type === "thinking") {
      block.signature = signatureOf(block.thinking);
      this.#delta({ type: "signature_delta", signature: block.signature });
    }
    if (block.type === "tool_use") block.input = inputOf(this.#json);
    this.#tell("content_block_stop", { index: this.#blocks.length - 1 });
  }

  #message(stop_reason: string | null, stop_sequence: string | null, usage: object) {
    const content = this.#blocks.map((block) => ({ ...block }));
    const head = { id: this.#id, type: "message", role: "assistant", model: this.#model };
    return { ...head, content, stop_reason, stop_sequence, usage };
  }

  /** Anthropic counts prompt tokens that were cached apart from the others. */
  #usage(answer: Answer | null) {
    const { promptTokens, cachedTokens } = this.#handle;
    return {
      input_tokens: promptTokens - cachedTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: cachedTokens,
      output_tokens: answer?.usage.completion_tokens ?? 0,
      output_tokens_details: { thinking_tokens: answer?.usage.reasoning_tokens ?? 0 },
      ...(answer === null ? {} : costField(this.#price, promptTokens, cachedTokens, [answer])),
    };
  }

  #tell(type: string, more: object): void {
    this.#events.push({ type, ...more });
  }

  #told(): readonly MessageEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

const STOP_REASONS = { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use" } as const;

/** Clients send thinking back only with a signature. This one is a digest: it proves nothing, and is not asked for. */
const signatureOf = (thinking: string): string => createHash("sha256").update(thinking).digest("base64");

/** Arguments that the token limit cut are none. */
function inputOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

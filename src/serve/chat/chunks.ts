/**
 * A streamed chat answer, chunk by chunk in the order and with the keys of DeepSeek's API. Only what changes is turned to JSON
 * for each token.
 */

import type { Answer } from "../../generate/answer.ts";
import type { EngineEvent, Handle } from "../../generate/engine/handle.ts";
import type { ToolCallDelta } from "../../text/tool-calls.ts";
import { chatLogprobs } from "./logprobs.ts";
import type { ChatShape } from "./plan.ts";
import { AnswerTeller, type ToldPiece } from "./teller.ts";
import { chatUsage } from "./usage.ts";

export interface ChunkIdentity {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

/**
 * Where the usage stands: "finish": on the last chunk of the last choice, as DeepSeek's API has it; "chunk": in one of its own
 * after that, as OpenAI's has it; "none".
 */
export type UsagePlace = "finish" | "chunk" | "none";

export class ChatChunks {
  readonly #shape: ChatShape;
  readonly #handle: Handle;
  readonly #usage: UsagePlace;
  readonly #head: string;
  readonly #tellers: readonly AnswerTeller[];
  readonly #answers: Answer[] = [];

  constructor(identity: ChunkIdentity, shape: ChatShape, handle: Handle, n: number, usage: UsagePlace) {
    const { id, created, model, system_fingerprint } = identity;
    const head = JSON.stringify({ id, object: "chat.completion.chunk", created, model, system_fingerprint });
    this.#head = `${head.slice(0, -1)},"choices":`;
    this.#shape = shape;
    this.#handle = handle;
    this.#usage = usage;
    this.#tellers = Array.from({ length: n }, () => new AnswerTeller(shape));
  }

  /** The chunks before any text. */
  opening(): string[] {
    const delta = this.#shape.reasoning
      ? `{"role":"assistant","content":null,${this.#reasoningKeys('""')}}`
      : '{"role":"assistant","content":""}';
    return this.#tellers.map((_, index) => this.#chunk(index, delta, "null"));
  }

  /** The chunks that tell an event. */
  of(event: EngineEvent): string[] {
    const { index, answer } = event;
    const teller = this.#tellers[index];
    if (answer !== null) {
      const chunks = this.#pieces(index, teller.end(), "null");
      this.#answers.push(answer);
      chunks.push(this.#finish(index, teller, answer));
      return chunks;
    }
    const logprobs = this.#shape.logprobs ? JSON.stringify(chatLogprobs(event.tokens, this.#shape.reasoning)) : "null";
    return this.#pieces(index, teller.take(event), logprobs);
  }

  /** The chunk after all choices, where the usage has one of its own. */
  closing(): string[] {
    return this.#usage === "chunk" ? [`${this.#head}[],"usage":${this.#usageJson()}}`] : [];
  }

  #pieces(index: number, { reasoning, content, calls }: ToldPiece, logprobs: string): string[] {
    const chunks: string[] = [];
    const split = this.#shape.reasoning;
    if (reasoning !== "") {
      chunks.push(this.#chunk(index, `{"content":null,${this.#reasoningKeys(JSON.stringify(reasoning))}}`, logprobs));
    }
    if (content !== "" || (logprobs !== "null" && reasoning === "")) {
      const more = split ? `,${this.#reasoningKeys("null")}` : "";
      const here = reasoning === "" ? logprobs : "null";
      chunks.push(this.#chunk(index, `{"content":${JSON.stringify(content)}${more}}`, here));
    }
    for (const call of calls) {
      for (const json of toolCallJson(call)) chunks.push(this.#chunk(index, `{"tool_calls":[${json}]}`, "null"));
    }
    return chunks;
  }

  #finish(index: number, teller: AnswerTeller, answer: Answer): string {
    const delta = this.#shape.reasoning ? `{"content":"",${this.#reasoningKeys("null")}}` : '{"content":""}';
    const last = this.#answers.length === this.#tellers.length;
    const usage = last && this.#usage === "finish" ? this.#usageJson() : "null";
    const more = JSON.stringify(teller.details(answer)).slice(1, -1);
    return this.#chunk(index, delta, "null", `"${teller.finishReason(answer)}"${more === "" ? "" : `,${more}`}`, usage);
  }

  #chunk(index: number, delta: string, logprobs: string, finish = "null", usage = "null"): string {
    const choice = `{"index":${index},"delta":${delta},"logprobs":${logprobs},"finish_reason":${finish}}`;
    return `${this.#head}[${choice}],"usage":${usage}}`;
  }

  #reasoningKeys(value: string): string {
    const field = this.#shape.reasoningField;
    return field === "both" ? `"reasoning_content":${value},"reasoning":${value}` : `"${field}":${value}`;
  }

  #usageJson(): string {
    const { promptTokens, cachedTokens } = this.#handle;
    return JSON.stringify(chatUsage(promptTokens, cachedTokens, this.#answers, this.#shape));
  }
}

/** A call opens with its name and no arguments; these follow in pieces of their own. */
function toolCallJson({ index, id, name, argumentsDelta }: ToolCallDelta): string[] {
  const opening = { index, id, type: "function", function: { name, arguments: "" } };
  const more = { index, function: { arguments: argumentsDelta } };
  return [...(name === undefined ? [] : [opening]), ...(argumentsDelta === "" ? [] : [more])].map((one) =>
    JSON.stringify(one),
  );
}

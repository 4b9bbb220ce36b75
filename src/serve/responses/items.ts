/** What a response is made of, as OpenAI's Responses API has it. */
import type { chatLogprobs } from "../chat/logprobs.ts";

export type Status = "in_progress" | "completed" | "incomplete" | "failed";
export type Logprobs = NonNullable<ReturnType<typeof chatLogprobs>["content"]>[number];

interface ReasoningItem {
  readonly id: string;
  readonly type: "reasoning";
  status: Status;
  readonly summary: readonly never[];
  readonly content: { readonly type: "reasoning_text"; text: string }[];
}
interface MessageItem {
  readonly id: string;
  readonly type: "message";
  status: Status;
  readonly role: "assistant";
  readonly content: { readonly type: "output_text"; text: string; annotations: never[]; logprobs: Logprobs[] }[];
}
export interface CallItem {
  readonly id: string;
  readonly type: "function_call";
  status: Status;
  readonly call_id: string;
  readonly name: string;
  arguments: string;
}
export type OutputItem = ReasoningItem | MessageItem | CallItem;

/** The response object. */
export interface ResponseBody {
  readonly id: string;
  readonly object: "response";
  readonly status: Status;
  readonly output: readonly OutputItem[];
  readonly [more: string]: unknown;
}

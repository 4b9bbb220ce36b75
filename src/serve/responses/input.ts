/** From a request to /v1/responses to the chat request that asks the same. */
import { type ChatRequest, chatRequest } from "../chat/schema.ts";
import { invalid } from "../errors.ts";
import { parse } from "../http/body.ts";
import type { InputItem, ItemContent, ResponsesRequest } from "./schema.ts";

/** The items a request's own input stands for. */
export const itemsOf = ({ input }: ResponsesRequest): readonly InputItem[] =>
  typeof input === "string" ? [{ type: "message", role: "user", content: input }] : input;

/** @param items all of the conversation, this request's last @throws ApiError where there is nothing to answer */
export function toChatRequest(request: ResponsesRequest, items: readonly InputItem[]): ChatRequest {
  const { model, seed, temperature, top_p, top_k, min_p, typical_p, user, priority } = request;
  const { presence_penalty, frequency_penalty, repetition_penalty, ignore_eos, cache_prompt } = request;
  const messages = [
    ...(request.instructions === undefined ? [] : [{ role: "system", content: request.instructions }]),
    ...toMessages(items),
  ];
  if (messages.length === 0) throw invalid("There is no input.", "input");
  const format = request.text?.format;
  return parse(chatRequest, {
    ...{ model, seed, temperature, top_p, top_k, min_p, typical_p, user, priority },
    ...{ presence_penalty, frequency_penalty, repetition_penalty, ignore_eos, cache_prompt },
    messages,
    max_completion_tokens: request.max_output_tokens,
    reasoning_effort: request.reasoning?.effort,
    response_format: format?.type === "json_schema" ? { type: "json_schema", json_schema: format } : format,
    tools: request.tools?.map(({ type, ...called }) => ({ type, function: called })),
    tool_choice:
      typeof request.tool_choice === "object"
        ? { type: "function", function: { name: request.tool_choice.name } }
        : request.tool_choice,
    parallel_tool_calls: request.parallel_tool_calls,
    logprobs: wantsLogprobs(request),
    top_logprobs: wantsLogprobs(request) ? request.top_logprobs : undefined,
  });
}

export const wantsLogprobs = ({ include, top_logprobs: top }: ResponsesRequest): boolean =>
  top !== undefined || include?.includes("message.output_text.logprobs") === true;

interface Message {
  role: string;
  content?: string;
  reasoning_content?: string;
  tool_calls?: object[];
  tool_call_id?: string;
}

/** Thinking, text and calls in a row are one turn of the assistant. */
function toMessages(items: readonly InputItem[]): Message[] {
  const messages: Message[] = [];
  let turn = null as Message | null;
  const own = (): Message => {
    if (turn === null) {
      turn = { role: "assistant" };
      messages.push(turn);
    }
    return turn;
  };
  for (const item of items) {
    if (item.type === "reasoning") {
      const text = [...(item.content ?? item.summary ?? [])].map((part) => part.text).join("\n");
      const said = own();
      said.reasoning_content = (said.reasoning_content ?? "") + text;
    } else if (item.type === "function_call") {
      const call = { id: item.call_id, type: "function", function: { name: item.name, arguments: item.arguments } };
      const said = own();
      said.tool_calls = [...(said.tool_calls ?? []), call];
    } else if (item.type === "function_call_output") {
      turn = null;
      messages.push({ role: "tool", content: textOf(item.output), tool_call_id: item.call_id });
    } else if (item.role === "assistant") {
      if (turn?.content !== undefined) turn = null;
      own().content = textOf(item.content);
    } else {
      turn = null;
      messages.push({ role: item.role, content: textOf(item.content) });
    }
  }
  // Thinking without an answer, of a turn that the token limit ended, is still a turn.
  for (const said of messages) if (said.content === undefined && said.tool_calls === undefined) said.content = "";
  return messages;
}

const textOf = (content: ItemContent): string =>
  typeof content === "string"
    ? content
    : content.map((part) => ("text" in part ? part.text : "refusal" in part ? part.refusal : "")).join("\n");

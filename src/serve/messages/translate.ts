/** From a request to /v1/messages to the chat request that asks the same. */
import { type ChatRequest, chatRequest } from "../chat/schema.ts";
import { invalid } from "../errors.ts";
import { parse } from "../http/body.ts";
import type { AnthropicMessage, CountRequest, MessagesRequest } from "./schema.ts";

/**
 * @param named whether the model's name says that it thinks; else it does where the request asks for it
 * @throws ApiError where something in it cannot be
 */
export function toChat(request: MessagesRequest, named: boolean | null): ChatRequest {
  const { thinking, output_config: output, max_tokens: most } = request;
  if (thinking?.type === "enabled" && thinking.budget_tokens >= most) {
    throw invalid(
      `thinking.budget_tokens is ${thinking.budget_tokens}: it must be less than max_tokens, ${most}, or no answer fits.`,
      "thinking.budget_tokens",
    );
  }
  const { temperature, top_p, top_k, seed, ignore_eos, stream } = request;
  const thinks = thinking === undefined ? named === true : thinking.type !== "disabled";
  return parse(chatRequest, {
    ...promptOf(request, named),
    ...{ temperature, top_p, top_k, seed, ignore_eos, stream },
    max_completion_tokens: most,
    stop: request.stop_sequences,
    reasoning_effort: thinks ? output?.effort : undefined,
    user: request.metadata?.user_id,
    response_format:
      output?.format === undefined
        ? undefined
        : { type: "json_schema", json_schema: { schema: output.format.schema, strict: true } },
  });
}

/** What of it the model reads. @throws ApiError */
export const toPrompt = (request: CountRequest, named: boolean | null): ChatRequest =>
  parse(chatRequest, promptOf(request, named));

function promptOf(
  { model, messages, system, tools, tool_choice: choice, thinking }: CountRequest,
  named: boolean | null,
) {
  return {
    model,
    messages: [...(system === undefined ? [] : [{ role: "system", content: system }]), ...toMessages(messages)],
    tools: tools?.map(({ name, description, input_schema: parameters, strict }) => ({
      type: "function",
      function: { name, description, parameters, strict },
    })),
    tool_choice:
      choice?.type === "tool"
        ? { type: "function", function: { name: choice.name } }
        : choice?.type === "any"
          ? "required"
          : choice?.type,
    parallel_tool_calls: choice !== undefined && choice.type !== "none" ? !choice.disable_parallel_tool_use : undefined,
    thinking:
      thinking === undefined
        ? { type: named === true ? "enabled" : "disabled" }
        : { type: thinking.type, budget_tokens: thinking.type === "enabled" ? thinking.budget_tokens : undefined },
    include_reasoning:
      thinking !== undefined && thinking.type !== "disabled" ? thinking.display !== "omitted" : undefined,
  };
}

/** The answer goes on from a last message that is the assistant's. */
function toMessages(messages: readonly AnthropicMessage[]): object[] {
  const told = messages.flatMap((message) => (message.role === "assistant" ? [own(message)] : heard(message)));
  if (messages.at(-1)?.role === "assistant") told.push({ ...told.pop(), prefix: true });
  return told;
}

/** A turn of the assistant. */
function own({ role, content }: AnthropicMessage): object {
  if (typeof content === "string") return { role, content };
  const calls = content.flatMap((block) =>
    "input" in block
      ? [{ id: block.id, type: "function", function: { name: block.name, arguments: JSON.stringify(block.input) } }]
      : [],
  );
  const thought = content.flatMap((block) => ("thinking" in block ? [block.thinking] : []));
  return {
    role,
    content: content.flatMap((block) => ("text" in block ? [block.text] : [])).join(""),
    ...(thought.length === 0 ? {} : { reasoning_content: thought.join("\n") }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** A turn of the user holds results of tools too, which are messages of their own. */
function heard({ role, content }: AnthropicMessage): object[] {
  if (typeof content === "string") return [{ role, content }];
  const results = content.flatMap((block) =>
    "tool_use_id" in block ? [{ role: "tool", content: block.content ?? "", tool_call_id: block.tool_use_id }] : [],
  );
  const texts = content.flatMap((block) => ("text" in block ? [block] : []));
  return [...results, ...(texts.length === 0 && results.length > 0 ? [] : [{ role, content: texts }])];
}

/** From a request's messages to what chat templates read. */
import type { ChatMessage } from "../../text/template.ts";
import { invalid } from "../errors.ts";
import type { RequestMessage } from "./schema.ts";

export interface Conversation {
  readonly messages: readonly ChatMessage[];
  /** What the answer goes on from, where the last message is a prefix. */
  readonly prefix: { readonly reasoning: string | null; readonly content: string } | null;
}

/** @throws ApiError where a message lacks what its role needs */
export function readConversation(messages: readonly RequestMessage[]): Conversation {
  const last = messages.at(-1)!;
  const wrong = messages.findIndex(({ prefix }, i) => prefix === true && i < messages.length - 1);
  if (wrong >= 0) throw invalid("Only the last message can be a prefix.", `messages[${wrong}].prefix`);
  if (last.prefix !== true) return { messages: messages.map(toTemplate), prefix: null };
  if (last.role !== "assistant") {
    throw invalid("A prefix must be an assistant message.", `messages[${messages.length - 1}].prefix`);
  }
  if (messages.length === 1) throw invalid("There is no question before the prefix.", "messages");
  return {
    messages: messages.slice(0, -1).map(toTemplate),
    prefix: { reasoning: last.reasoning_content ?? last.reasoning ?? null, content: last.content ?? "" },
  };
}

function toTemplate(message: RequestMessage, index: number): ChatMessage {
  const { role, content, name, tool_calls: calls, tool_call_id: id } = message;
  if (content === undefined && (role !== "assistant" || calls === undefined)) {
    throw invalid(
      `A message of role ${role} needs content.`,
      `messages[${index}].content`,
      "missing_required_parameter",
    );
  }
  const reasoning = message.reasoning_content ?? message.reasoning;
  return {
    // Templates know DeepSeek's roles; OpenAI renamed system to developer.
    role: role === "developer" ? "system" : role,
    content: content ?? "",
    ...(name === undefined ? {} : { name }),
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(calls === undefined ? {} : { tool_calls: calls.map(toTemplateCall) }),
    ...(id === undefined ? {} : { tool_call_id: id }),
  };
}

const toTemplateCall = ({ id, function: called }: NonNullable<RequestMessage["tool_calls"]>[number]) => ({
  ...(id === undefined ? {} : { id }),
  type: "function",
  function: { name: called.name, arguments: called.arguments ?? "{}" },
});

/** A whole chat answer in one body, with the keys of DeepSeek's API. */
import type { Answer } from "../../generate/answer.ts";
import type { Handle } from "../../generate/engine/handle.ts";
import { tellWhole, type WholeCall } from "./begin.ts";
import type { ChunkIdentity } from "./chunks.ts";
import { chatLogprobs } from "./logprobs.ts";
import type { ChatShape } from "./plan.ts";
import { chatUsage } from "./usage.ts";

export function chatResponse(
  { id, created, model, system_fingerprint }: ChunkIdentity,
  shape: ChatShape,
  handle: Handle,
  answers: readonly Answer[],
) {
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: answers.map((answer, index) => choice(answer, index, shape)),
    usage: chatUsage(handle.promptTokens, handle.cachedTokens, answers, shape),
    system_fingerprint,
  };
}

function choice(answer: Answer, index: number, shape: ChatShape) {
  const { reasoning, content, calls, finish, details } = tellWhole(answer, shape);
  const { reasoningField: field } = shape;
  return {
    index,
    message: {
      role: "assistant",
      content,
      ...(shape.reasoning && field !== "reasoning" ? { reasoning_content: reasoning } : {}),
      ...(shape.reasoning && field !== "reasoning_content" ? { reasoning } : {}),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(toolCall) }),
    },
    logprobs: shape.logprobs ? chatLogprobs(answer.logprobs ?? [], shape.reasoning) : null,
    finish_reason: finish,
    ...details,
  };
}

const toolCall = ({ index, id, name, arguments: given }: WholeCall) => ({
  index,
  id,
  type: "function",
  function: { name, arguments: given },
});

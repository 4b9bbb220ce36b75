/** A whole chat answer in one body, with the keys of DeepSeek's API. */
import type { Answer } from "../../generate/answer.ts";
import type { Handle } from "../../generate/engine/handle.ts";
import type { ChunkIdentity } from "./chunks.ts";
import { chatLogprobs } from "./logprobs.ts";
import type { ChatShape } from "./plan.ts";
import { AnswerTeller, incompleteDetails } from "./teller.ts";
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
    usage: chatUsage(handle.promptTokens, handle.cachedTokens, answers, shape.reasoning),
    system_fingerprint,
  };
}

function choice(answer: Answer, index: number, shape: ChatShape) {
  const teller = new AnswerTeller(shape);
  const pieces = [teller.take({ reasoning: answer.reasoning, content: answer.answer, tokens: [] }), teller.end()];
  const reasoning = pieces.map((piece) => piece.reasoning).join("");
  const calls = pieces.flatMap((piece) => piece.calls);
  const { reasoningField: field } = shape;
  return {
    index,
    message: {
      role: "assistant",
      content: pieces.map((piece) => piece.content).join(""),
      ...(shape.reasoning && field !== "reasoning" ? { reasoning_content: reasoning } : {}),
      ...(shape.reasoning && field !== "reasoning_content" ? { reasoning } : {}),
      ...(calls.length === 0 ? {} : { tool_calls: wholeCalls(calls) }),
    },
    logprobs: shape.logprobs ? chatLogprobs(answer.logprobs ?? [], shape.reasoning) : null,
    finish_reason: teller.finishReason(answer),
    ...incompleteDetails(answer),
  };
}

function wholeCalls(deltas: ReturnType<AnswerTeller["take"]>["calls"]) {
  const calls: { index: number; id?: string; type: "function"; function: { name: string; arguments: string } }[] = [];
  for (const { index, id, name, argumentsDelta } of deltas) {
    if (name === undefined) calls.find((call) => call.index === index)!.function.arguments += argumentsDelta;
    else calls.push({ index, id, type: "function", function: { name, arguments: argumentsDelta } });
  }
  return calls;
}

/** From Ollama's requests to those of the chat endpoint and of text completion. */
import { type ChatRequest, chatRequest } from "../chat/schema.ts";
import { type CompletionRequest, completionRequest } from "../completions/schema.ts";
import { parse } from "../http/body.ts";
import type { OllamaChatRequest, OllamaGenerateRequest, OllamaOptions } from "./schema.ts";

/** Ollama's names have a tag; the one that goes without saying is no part of ours. */
export const untagged = (name: string): string => name.replace(/:latest$/, "");

/** @throws ApiError */
export const fromChat = (request: OllamaChatRequest): ChatRequest =>
  parse(chatRequest, {
    ...common(request),
    tools: request.tools,
    messages: (request.messages ?? []).map(({ role, content, thinking, tool_calls: calls, tool_name: name }) => ({
      role,
      content: content ?? "",
      name,
      reasoning_content: thinking,
      tool_calls: calls?.map(({ function: called }) => ({ type: "function", function: called })),
    })),
  });

/** A single question. @throws ApiError */
export const fromGenerate = (request: OllamaGenerateRequest): ChatRequest =>
  parse(chatRequest, {
    ...common(request),
    messages: [
      ...(request.system ? [{ role: "system", content: request.system }] : []),
      { role: "user", content: request.prompt ?? "" },
    ],
  });

/** A text to go on from or a gap to fill. @param context as many tokens as there can be, where no number is given @throws ApiError */
export function fromRaw(request: OllamaGenerateRequest, context: number): CompletionRequest {
  const sampling = samplingOf(request.options);
  return parse(completionRequest, {
    ...sampling,
    max_tokens: sampling.max_tokens ?? context,
    prompt: request.prompt ?? "",
    suffix: request.suffix,
    logprobs: request.logprobs ? (request.top_logprobs ?? 0) : undefined,
  });
}

function samplingOf({ num_predict: most = -1, repeat_penalty: penalty, ...same }: Partial<OllamaOptions> = {}) {
  return { ...same, repetition_penalty: penalty, max_tokens: most < 0 ? undefined : most };
}

function common(request: OllamaChatRequest | OllamaGenerateRequest): object {
  const { format, think, stream = true } = request;
  return {
    ...samplingOf(request.options),
    model: untagged(request.model),
    stream,
    logprobs: request.logprobs,
    top_logprobs: request.top_logprobs,
    thinking: typeof think === "boolean" ? { type: think ? "enabled" : "disabled" } : undefined,
    reasoning_effort: typeof think === "string" ? think : undefined,
    response_format:
      format === undefined || format === ""
        ? undefined
        : format === "json"
          ? { type: "json_object" }
          : { type: "json_schema", json_schema: { schema: format } },
  };
}

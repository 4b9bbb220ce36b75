/** What Ollama's requests may hold. Unknown fields are ignored, as Ollama does; those of models' upkeep have no meaning here. */
import { z } from "zod";
import { chatRequest, maybe } from "../chat/schema.ts";

const natural = z.int().min(0);

const options = z.object({
  /** Below 0: as many as there is room for. */
  num_predict: maybe(z.int()),
  temperature: maybe(z.number().min(0).max(100)),
  top_k: maybe(natural),
  top_p: maybe(z.number().min(0).max(1)),
  min_p: maybe(z.number().min(0).max(1)),
  typical_p: maybe(z.number().min(0).max(1)),
  repeat_penalty: maybe(z.number().gt(0).max(100)),
  presence_penalty: maybe(z.number().min(-2).max(2)),
  frequency_penalty: maybe(z.number().min(-2).max(2)),
  seed: maybe(z.int()),
  stop: maybe(z.union([z.string().transform((text) => [text]), z.array(z.string())])),
});
export type OllamaOptions = z.infer<typeof options>;

const shared = {
  model: z.string(),
  /** True unless said otherwise. */
  stream: maybe(z.boolean()),
  /** "json", or a JSON schema. */
  format: maybe(z.union([z.enum(["", "json"]), z.record(z.string(), z.unknown())])),
  think: maybe(z.union([z.boolean(), z.enum(["low", "medium", "high", "max"])])),
  options: maybe(options),
  logprobs: maybe(z.boolean()),
  top_logprobs: maybe(natural.max(20)),
};

const images = maybe(z.array(z.unknown()).max(0, { error: "this model reads text only" }));

const ollamaMessage = z.object({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: maybe(z.string()),
  thinking: maybe(z.string()),
  images,
  tool_calls: maybe(
    z.array(z.object({ function: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }) })),
  ),
  tool_name: maybe(z.string()),
});

export const ollamaChatRequest = z.object({
  ...shared,
  messages: maybe(z.array(ollamaMessage)),
  tools: chatRequest.shape.tools,
});
export type OllamaChatRequest = z.infer<typeof ollamaChatRequest>;

export const ollamaGenerateRequest = z.object({
  ...shared,
  prompt: maybe(z.string()),
  system: maybe(z.string()),
  /** The model fills in between prompt and suffix. */
  suffix: maybe(z.string()),
  /** The prompt is continued as it is, without the chat template. */
  raw: maybe(z.boolean()),
  images,
});
export type OllamaGenerateRequest = z.infer<typeof ollamaGenerateRequest>;

export const ollamaShowRequest = z.object({ model: maybe(z.string()), name: maybe(z.string()) });

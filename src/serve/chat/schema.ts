/**
 * What a chat request may hold: OpenAI's fields, DeepSeek's and llama.cpp's. Unknown fields are ignored, null is as good as
 * absent, and a value that cannot be is refused by name.
 */
import { z } from "zod";

/** A field that may be left out or null. */
export const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const textPart = z.object({ type: z.literal("text"), text: z.string() });
const refusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });
const otherPart = z
  .object({ type: z.string() })
  .refine(({ type }) => type === "text" || type === "refusal", { error: "this model reads text only" });

/** A text, or parts of it, which are put together line by line as vLLM and llama.cpp do. */
const content = z.union([
  z.string(),
  z
    .array(z.union([textPart, refusalPart, otherPart]))
    .transform((parts) =>
      parts.map((part) => ("text" in part ? part.text : "refusal" in part ? part.refusal : "")).join("\n"),
    ),
]);

const toolCall = z.object({
  id: maybe(z.string()),
  type: maybe(z.literal("function")),
  function: z.object({ name: z.string(), arguments: maybe(z.union([z.string(), z.record(z.string(), z.unknown())])) }),
});

const message = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content: maybe(content),
  name: maybe(z.string()),
  reasoning_content: maybe(z.string()),
  reasoning: maybe(z.string()),
  tool_calls: maybe(z.array(toolCall)),
  tool_call_id: maybe(z.string()),
  /** The answer is to go on from this message's content (DeepSeek's prefix completion). */
  prefix: maybe(z.boolean()),
});
export type RequestMessage = z.infer<typeof message>;

const tool = z.object({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string().regex(/^[\w.-]{1,64}$/, { error: "a function's name has 1 to 64 letters, digits, _, . or -" }),
    description: maybe(z.string()),
    parameters: maybe(z.record(z.string(), z.unknown())),
    strict: maybe(z.boolean()),
  }),
});

const toolChoice = z.union([
  z.enum(["none", "auto", "required"]),
  z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
]);

const responseFormat = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object"), schema: maybe(z.record(z.string(), z.unknown())) }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({
      name: maybe(z.string()),
      schema: z.union([z.record(z.string(), z.unknown()), z.boolean()]),
      strict: maybe(z.boolean()),
    }),
  }),
]);

const natural = z.int().min(0);
const stop = z.union([z.string().transform((text) => [text]), z.array(z.string())]);

/** How tokens are drawn and where the text ends: the same for chat and text completions. */
export const samplingFields = {
  model: maybe(z.string()),
  max_tokens: maybe(natural),
  temperature: maybe(z.number().min(0).max(100)),
  top_p: maybe(z.number().min(0).max(1)),
  top_k: maybe(z.int().transform((k) => Math.max(0, k))),
  min_p: maybe(z.number().min(0).max(1)),
  typical_p: maybe(z.number().min(0).max(1)),
  presence_penalty: maybe(z.number().min(-2).max(2)),
  frequency_penalty: maybe(z.number().min(-2).max(2)),
  repetition_penalty: maybe(z.number().gt(0).max(100)),
  logit_bias: maybe(
    z.record(z.string().regex(/^\d+$/, { error: "token ids are whole numbers" }), z.number().min(-100).max(100)),
  ),
  seed: maybe(z.int()),
  n: maybe(z.int().min(1).max(128)),
  stop: maybe(stop),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.object({ include_usage: maybe(z.boolean()), resumable: maybe(z.boolean()) })),
  user: maybe(z.string()),
  /** llama.cpp's: an end-of-text token does not end it. */
  ignore_eos: maybe(z.boolean()),
  /** llama.cpp's: false reads the prompt anew. */
  cache_prompt: maybe(z.boolean()),
  /** vLLM's: lower goes first there; here as well. */
  priority: maybe(z.int()),
};

export const REASONING_EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;

export const chatRequest = z.object({
  ...samplingFields,
  messages: z.array(message).min(1, { error: "there must be at least one message" }),
  max_completion_tokens: maybe(natural),
  logprobs: maybe(z.boolean()),
  top_logprobs: maybe(z.int().min(0).max(20)),
  /** The entropy of each token's distribution, in nats, beside its log-probability: true gives `logprobs` too. */
  entropy: maybe(z.boolean()),
  response_format: maybe(responseFormat),
  tools: maybe(z.array(tool)),
  tool_choice: maybe(toolChoice),
  parallel_tool_calls: maybe(z.boolean()),
  thinking: maybe(z.object({ type: z.enum(["enabled", "disabled", "adaptive"]), budget_tokens: maybe(natural) })),
  reasoning_effort: maybe(z.enum(REASONING_EFFORTS)),
  /** OpenRouter's. */
  reasoning: maybe(
    z.object({
      effort: maybe(z.enum(REASONING_EFFORTS)),
      max_tokens: maybe(natural),
      exclude: maybe(z.boolean()),
      enabled: maybe(z.boolean()),
    }),
  ),
  include_reasoning: maybe(z.boolean()),
  /** llama.cpp's and vLLM's names of the thinking budget. */
  reasoning_budget_tokens: maybe(z.int().min(-1)),
  thinking_budget_tokens: maybe(z.int().min(-1)),
  thinking_token_budget: maybe(z.int().min(-1)),
  /** s1's minimum: thinking goes on for at least so long. */
  thinking_minimum_tokens: maybe(natural),
  /** llama.cpp's: "none" leaves the thinking with its tags in the content. */
  reasoning_format: maybe(z.enum(["auto", "deepseek", "none"])),
  /** The field thinking goes to. */
  reasoning_field: maybe(z.enum(["reasoning_content", "reasoning", "both"])),
  /** So many answers, of which the one given most often is told; `verify` (true): the same mathematics is the same answer. */
  vote: maybe(z.object({ n: z.int().min(2).max(64), verify: maybe(z.boolean()) })),
  chat_template_kwargs: maybe(z.record(z.string(), z.unknown())),
});
export type ChatRequest = z.infer<typeof chatRequest>;

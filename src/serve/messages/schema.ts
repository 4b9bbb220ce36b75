/** What a request to /v1/messages may hold: Anthropic's fields that make sense for one's own model. Unknown ones are ignored. */
import { z } from "zod";
import { maybe } from "../chat/schema.ts";

const textBlock = z.object({ type: z.literal("text"), text: z.string() });
const thinkingBlock = z.object({ type: z.literal("thinking"), thinking: z.string() });
const redactedBlock = z.object({ type: z.literal("redacted_thinking") });
const toolUse = z.object({
  type: z.literal("tool_use"),
  id: z.string(),
  name: z.string(),
  input: z.record(z.string(), z.unknown()),
});
const toolResult = z.object({
  type: z.literal("tool_result"),
  tool_use_id: z.string(),
  content: maybe(z.union([z.string(), z.array(textBlock)])),
});
const otherBlock = z
  .object({ type: z.string() })
  .refine(({ type }) => /^(text|(redacted_)?thinking|tool_(use|result))$/.test(type), {
    error: "this model reads text only",
  });

const message = z.object({
  role: z.enum(["user", "assistant", "system"]),
  content: z.union([
    z.string(),
    z.array(z.union([textBlock, thinkingBlock, redactedBlock, toolUse, toolResult, otherBlock])),
  ]),
});
export type AnthropicMessage = z.infer<typeof message>;

const tool = z.object({
  type: maybe(z.literal("custom", { error: "only tools of one's own are possible, of the type custom" })),
  name: z.string(),
  description: maybe(z.string()),
  input_schema: z.record(z.string(), z.unknown()),
  strict: maybe(z.boolean()),
});

const parallel = { disable_parallel_tool_use: maybe(z.boolean()) };
const toolChoice = z.discriminatedUnion("type", [
  z.object({ type: z.literal("auto"), ...parallel }),
  z.object({ type: z.literal("any"), ...parallel }),
  z.object({ type: z.literal("tool"), name: z.string(), ...parallel }),
  z.object({ type: z.literal("none") }),
]);

const display = maybe(z.enum(["summarized", "omitted"]));
const thinking = z.discriminatedUnion("type", [
  z.object({ type: z.literal("enabled"), budget_tokens: z.int().min(1), display }),
  z.object({ type: z.literal("adaptive"), display }),
  z.object({ type: z.literal("disabled") }),
]);

/** What counts as prompt: /v1/messages/count_tokens takes no more. */
const prompt = {
  model: z.string(),
  messages: z.array(message).min(1, { error: "there must be at least one message" }),
  system: maybe(z.union([z.string(), z.array(textBlock)])),
  tools: maybe(z.array(tool)),
  tool_choice: maybe(toolChoice),
  /** Left out: the model answers directly, unless its name says that it thinks. */
  thinking: maybe(thinking),
};

export const countRequest = z.object(prompt);
export type CountRequest = z.infer<typeof countRequest>;

export const messagesRequest = z.object({
  ...prompt,
  /** New tokens at most, thinking included. */
  max_tokens: z.int().min(1),
  stop_sequences: maybe(z.array(z.string())),
  temperature: maybe(z.number().min(0).max(100)),
  top_p: maybe(z.number().min(0).max(1)),
  top_k: maybe(z.int().min(0)),
  stream: maybe(z.boolean()),
  output_config: maybe(
    z.object({
      effort: maybe(z.enum(["low", "medium", "high", "xhigh", "max"])),
      format: maybe(z.object({ type: z.literal("json_schema"), schema: z.record(z.string(), z.unknown()) })),
    }),
  ),
  metadata: maybe(z.object({ user_id: maybe(z.string()) })),
  /** Not Anthropic's: equal seeds, equal answers. */
  seed: maybe(z.int()),
  /** llama.cpp's: an end-of-text token does not end it. */
  ignore_eos: maybe(z.boolean()),
});
export type MessagesRequest = z.infer<typeof messagesRequest>;

/** What a request to /v1/responses may hold: OpenAI's fields that make sense for one's own model. */
import { z } from "zod";
import { maybe, REASONING_EFFORTS, samplingFields } from "../chat/schema.ts";

const textPart = z.object({ type: z.enum(["input_text", "output_text", "text"]), text: z.string() });
const refusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });
const otherPart = z
  .object({ type: z.string() })
  .refine(({ type }) => /^((in|out)put_)?text$|^refusal$/.test(type), { error: "this model reads text only" });

/** A text, or parts of it. */
const content = z.union([z.string(), z.array(z.union([textPart, refusalPart, otherPart]))]);

const message = z.object({
  type: maybe(z.literal("message")),
  role: z.enum(["system", "developer", "user", "assistant"]),
  content,
});
const functionCall = z.object({
  type: z.literal("function_call"),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
});
const functionCallOutput = z.object({ type: z.literal("function_call_output"), call_id: z.string(), output: content });
const thought = z.object({ text: z.string() });
const reasoning = z.object({
  type: z.literal("reasoning"),
  content: maybe(z.array(thought)),
  summary: maybe(z.array(thought)),
});

/** One thing said, thought, called or answered before. */
export const inputItem = z.union([message, functionCall, functionCallOutput, reasoning]);
export type InputItem = z.infer<typeof inputItem>;
export type ItemContent = z.infer<typeof content>;

const tool = z.object({
  type: z.literal("function", { error: "only tools of the type function are possible" }),
  name: z.string(),
  description: maybe(z.string()),
  parameters: maybe(z.record(z.string(), z.unknown())),
  strict: maybe(z.boolean()),
});

const toolChoice = z.union([
  z.enum(["none", "auto", "required"]),
  z.object({ type: z.literal("function"), name: z.string() }),
]);

const textFormat = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    name: maybe(z.string()),
    schema: z.record(z.string(), z.unknown()),
    strict: maybe(z.boolean()),
  }),
]);

const { n: _n, max_tokens: _max, stop: _stop, stream_options: _options, logit_bias: _bias, ...shared } = samplingFields;

export const responsesRequest = z.object({
  ...shared,
  input: z.union([z.string(), z.array(inputItem)]),
  /** A system message of this response alone: it does not carry over to those that follow. */
  instructions: maybe(z.string()),
  /** The response this one follows: its input and output come before this input. */
  previous_response_id: maybe(z.string()),
  /** False: the response is not kept, so that none can follow it. */
  store: maybe(z.boolean()),
  /** New tokens at most, thinking included. */
  max_output_tokens: maybe(z.int().min(1)),
  reasoning: maybe(z.object({ effort: maybe(z.enum(REASONING_EFFORTS)), summary: maybe(z.string()) })),
  text: maybe(z.object({ format: maybe(textFormat) })),
  tools: maybe(z.array(tool)),
  tool_choice: maybe(toolChoice),
  parallel_tool_calls: maybe(z.boolean()),
  /** "message.output_text.logprobs" gives log-probabilities; others have no meaning here. */
  include: maybe(z.array(z.string())),
  top_logprobs: maybe(z.int().min(0).max(20)),
  metadata: maybe(z.record(z.string(), z.string())),
  background: maybe(z.literal(false, { error: "responses in the background are not possible; use stream" })),
  stream_options: maybe(z.object({ resumable: maybe(z.boolean()) })),
});
export type ResponsesRequest = z.infer<typeof responsesRequest>;

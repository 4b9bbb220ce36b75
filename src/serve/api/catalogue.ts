/** What the server can be asked, with the schemas it checks requests by: /openapi.json, its page and docs/api.md are made of it. */
import type { z } from "zod";
import { chatRequest } from "../chat/schema.ts";
import { completionRequest } from "../completions/schema.ts";
import { countRequest, messagesRequest } from "../messages/schema.ts";
import { ollamaChatRequest, ollamaGenerateRequest, ollamaShowRequest } from "../ollama/schema.ts";
import { responsesRequest } from "../responses/schema.ts";
import { detokenizeRequest, tokenizeRequest } from "../routes/text.ts";
import { verifyRequest } from "../routes/verify.ts";

export interface Operation {
  readonly method: "get" | "post" | "delete";
  /** As OpenAPI writes it: /v1/models/{id}. */
  readonly path: string;
  readonly title: string;
  /** What it does, in a sentence or two. */
  readonly about: string;
  readonly request?: z.ZodType;
  /** A request that works with any model; it is shown, and run by the tests. */
  readonly example?: Readonly<Record<string, unknown>>;
  /** What `stream: true` gives: server-sent events, or lines of JSON (where that is so unless it is false). */
  readonly streams?: "events" | "lines";
  /** What comes back where it is not JSON. */
  readonly mediaType?: string;
  /** Whether it is answered without a key. */
  readonly open?: boolean;
}

const question = [{ role: "user", content: "What is 12 + 30?" }];

export const operations: readonly Operation[] = [
  {
    method: "post",
    path: "/v1/chat/completions",
    title: "Chat",
    about:
      "Answers a conversation, in DeepSeek's shape: thinking is in `reasoning_content`, the answer in `content`. Also without `/v1`, and below `/beta`.",
    request: chatRequest,
    example: { messages: question, max_tokens: 200, temperature: 0 },
    streams: "events",
  },
  {
    method: "post",
    path: "/v1/chat/completions/{id}/end-thinking",
    title: "End thinking",
    about: "Closes the thinking of an answer under way, so that the answer comes now.",
  },
  {
    method: "delete",
    path: "/v1/chat/completions/{id}",
    title: "Cancel",
    about: "Ends an answer under way before its next token.",
  },
  {
    method: "post",
    path: "/v1/completions",
    title: "Text completion",
    about: "Goes on from a text, or fills in between `prompt` and `suffix`.",
    request: completionRequest,
    example: { prompt: "12 + 30 =", max_tokens: 8, temperature: 0 },
    streams: "events",
  },
  {
    method: "post",
    path: "/v1/responses",
    title: "Responses",
    about:
      "OpenAI's newer shape: output in items, and conversations the server keeps, gone on with `previous_response_id`.",
    request: responsesRequest,
    example: { input: "What is 12 + 30?", max_output_tokens: 200, temperature: 0 },
    streams: "events",
  },
  { method: "get", path: "/v1/responses/{id}", title: "A kept response", about: "The response as it was given." },
  {
    method: "get",
    path: "/v1/responses/{id}/input_items",
    title: "Its input",
    about: "The items a kept response was asked with, newest first.",
  },
  { method: "delete", path: "/v1/responses/{id}", title: "Forget a response", about: "No other can follow it then." },
  {
    method: "post",
    path: "/v1/responses/{id}/cancel",
    title: "Cancel a response",
    about: "Ends a response under way before its next token.",
  },
  {
    method: "get",
    path: "/v1/streams/{id}",
    title: "Resume a stream",
    about:
      "Reads a stream on that was asked for with `stream_options.resumable`, from the event after the header `Last-Event-ID`; the id is in the header `x-stream-id`.",
    mediaType: "text/event-stream",
  },
  {
    method: "post",
    path: "/v1/messages",
    title: "Messages",
    about:
      "Anthropic's shape: thinking, text and calls of tools are blocks. It thinks where `thinking` asks for it or the model's name says so; errors have Anthropic's shape; the header `x-api-key` holds the key.",
    request: messagesRequest,
    example: { model: "deepseek-reasoner", messages: question, max_tokens: 200, temperature: 0 },
    streams: "events",
  },
  {
    method: "post",
    path: "/v1/messages/count_tokens",
    title: "Count a message's tokens",
    about: "How many tokens the prompt of such a request has.",
    request: countRequest,
    example: { model: "deepseek-reasoner", messages: question },
  },
  {
    method: "post",
    path: "/api/chat",
    title: "Chat, as Ollama has it",
    about:
      'Ollama\'s shape of a conversation: thinking in `message.thinking`. Without messages it loads the model; errors are `{"error": "..."}`.',
    request: ollamaChatRequest,
    example: { model: "deepseek-reasoner", messages: question, stream: false, options: { temperature: 0 } },
    streams: "lines",
  },
  {
    method: "post",
    path: "/api/generate",
    title: "Generate, as Ollama has it",
    about: "Answers a prompt; with `raw` it goes on from it as it is, with `suffix` it fills in between.",
    request: ollamaGenerateRequest,
    example: { model: "deepseek-reasoner", prompt: "What is 12 + 30?", stream: false, options: { temperature: 0 } },
    streams: "lines",
  },
  {
    method: "post",
    path: "/api/show",
    title: "A model, as Ollama has it",
    about: "Its architecture, template and capabilities.",
    request: ollamaShowRequest,
    example: { model: "deepseek-reasoner" },
  },
  { method: "get", path: "/api/tags", title: "Models, as Ollama has them", about: "What `model` may be." },
  { method: "get", path: "/api/ps", title: "Loaded models, as Ollama has them", about: "What is in memory." },
  {
    method: "get",
    path: "/api/version",
    title: "Version, as Ollama has it",
    about: "The version of Ollama whose API this is.",
  },
  {
    method: "get",
    path: "/v1/models",
    title: "Models",
    about:
      "What `model` may be, and what is loaded; `alias_of` where it is another name of a model, `about` and `one_question` (it was trained on single questions, a conversation misleads it) of the bundled one.",
  },
  { method: "get", path: "/v1/models/{id}", title: "A model", about: "One of them." },
  {
    method: "post",
    path: "/tokenize",
    title: "Tokenize",
    about: "A text's token ids.",
    request: tokenizeRequest,
    example: { content: "12 + 30", with_pieces: true },
  },
  {
    method: "post",
    path: "/detokenize",
    title: "Detokenize",
    about: "The text of token ids.",
    request: detokenizeRequest,
    example: { tokens: [5, 6, 7] },
  },
  {
    method: "post",
    path: "/v1/verify",
    title: "Verify",
    about: "Whether an answer is the gold answer, by mathematics, and why.",
    request: verifyRequest,
    example: { gold: "1/2", answer: "0.5" },
  },
  {
    method: "post",
    path: "/apply-template",
    title: "Render a chat",
    about:
      "The text a chat request's messages become, and how many tokens that is. Takes the fields of a chat request.",
    request: chatRequest,
    example: { messages: question },
  },
  {
    method: "get",
    path: "/health",
    title: "Health",
    about: "200 once the first model can answer; 503 while it loads and while the server shuts down.",
    open: true,
  },
  {
    method: "get",
    path: "/metrics",
    title: "Metrics",
    about: "For Prometheus.",
    mediaType: "text/plain",
  },
];

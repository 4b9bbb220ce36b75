/** POST /v1/messages: Anthropic's shape of a conversation, thinking in blocks of its own; and what its prompt counts. */
import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import { Hono } from "hono";
import { beginChat } from "../chat/begin.ts";
import { renderPrompt } from "../chat/plan.ts";
import { AnswerTeller } from "../chat/teller.ts";
import { thinkingWish } from "../chat/thinking.ts";
import type { AppEnv, Core } from "../core.ts";
import { toApiError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import { errorBody } from "../http/error-body.ts";
import { framesOf, SSE_HEADERS, streamBody } from "../stream/sse.ts";
import { countRequest, messagesRequest } from "./schema.ts";
import { toChat, toPrompt } from "./translate.ts";
import { type MessageEvent, MessageWriter } from "./writer.ts";

export function messagesRoutes(core: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.post("/v1/messages", (c) => answer(core, c));
  app.post("/v1/messages/count_tokens", (c) => count(core, c));
  return app;
}

async function answer(core: Core, c: Context<AppEnv>): Promise<Response> {
  const request = await readBody(c, messagesRequest);
  const { thinks } = core.models.resolve(request.model);
  const id = `msg_${randomUUID().replaceAll("-", "")}`;
  const { model, plan, handle } = await beginChat(core, c, toChat(request, thinks), id);
  const writer = new MessageWriter(id, model.id, handle, plan.shape.price);
  const teller = new AnswerTeller(plan.shape);
  if (!request.stream) {
    const [whole] = await handle.result;
    writer.write(teller.take({ reasoning: whole.reasoning, content: "", tokens: [] }));
    writer.write(teller.take({ reasoning: "", content: whole.answer, tokens: [] }));
    writer.write(teller.end());
    return c.json(writer.end(whole, teller.finishReason(whole)).message);
  }
  const source = framesOf({
    events: handle.events,
    opening: writer.opening().map(frame),
    of: (event) => {
      if (event.answer === null) return writer.write(teller.take(event)).map(frame);
      const rest = writer.write(teller.end());
      return [...rest, ...writer.end(event.answer, teller.finishReason(event.answer)).events].map(frame);
    },
    closing: () => [],
    failed: (error) => [frame({ ...errorBody(c.req.path, toApiError(error), c.get("requestId")), type: "error" })],
    cancel: () => handle.cancel(),
  });
  return c.body(streamBody(source, core.config.pingMs, frame({ type: "ping" })), 200, SSE_HEADERS);
}

async function count(core: Core, c: Context<AppEnv>): Promise<Response> {
  const request = await readBody(c, countRequest);
  const model = core.models.resolve(request.model);
  const { session, context } = await model.served.engine();
  const chat = toPrompt(request, model.thinks);
  const { ids } = renderPrompt(chat, session, thinkingWish(chat, model.thinks, context));
  return c.json({ input_tokens: ids.length });
}

const frame = (event: MessageEvent): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** POST /v1/responses: OpenAI's newer shape of a conversation, whose turns the server keeps. */
import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import { Hono } from "hono";
import type { Answer } from "../../generate/answer.ts";
import type { Handle } from "../../generate/engine/handle.ts";
import { type ChatShape, planChat } from "../chat/plan.ts";
import { AnswerTeller } from "../chat/teller.ts";
import type { AppEnv, Core } from "../core.ts";
import { ApiError, invalid, toApiError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import { streamResponse } from "../stream/respond.ts";
import { framesOf } from "../stream/sse.ts";
import { submit } from "../submit.ts";
import { itemsOf, toChatRequest } from "./input.ts";
import type { ResponseBody } from "./items.ts";
import { responsesRequest } from "./schema.ts";
import { type ResponseEvent, ResponseWriter } from "./writer.ts";

export function responsesRoutes(core: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const { responses, models } = core;
  for (const path of ["/v1/responses", "/responses"]) {
    app.post(path, (c) => respond(core, c));
    app.get(`${path}/:id`, (c) => c.json(responses.get(c.get("client"), c.req.param("id")).response));
    app.get(`${path}/:id/input_items`, (c) => {
      const { id, input } = responses.get(c.get("client"), c.req.param("id"));
      const data = input.map((item, i) => ({ id: `${id}_${i}`, ...item })).reverse();
      return c.json({ object: "list", data, first_id: data[0]?.id, last_id: data.at(-1)?.id, has_more: false });
    });
    app.delete(`${path}/:id`, (c) => {
      const id = c.req.param("id");
      responses.delete(c.get("client"), id);
      return c.json({ id, object: "response", deleted: true });
    });
    app.post(`${path}/:id/cancel`, (c) => {
      const id = c.req.param("id");
      const handle = models.find(id);
      if (handle === undefined || handle.owner !== c.get("client")) {
        throw new ApiError(404, `There is no response ${JSON.stringify(id)} under way.`, {
          code: "response_not_found",
          param: "response_id",
        });
      }
      handle.cancel();
      return c.json({ id, object: "response", status: "cancelled" });
    });
  }
  return app;
}

async function respond(core: Core, c: Context<AppEnv>): Promise<Response> {
  const request = await readBody(c, responsesRequest);
  const client = c.get("client");
  const { previous_response_id: previous = null, store = true, stream = false } = request;
  const resumable = stream && request.stream_options?.resumable === true;
  const input = itemsOf(request);
  if (input.length === 0 && previous === null) throw invalid("There is no input.", "input");
  const before = previous === null ? [] : core.responses.conversation(client, previous);
  const chat = toChatRequest(request, [...before, ...input]);
  const model = core.models.resolve(request.model);
  const engine = await model.served.engine();
  const plan = planChat(chat, model, engine, core.config);
  const id = `resp_${randomUUID().replaceAll("-", "")}`;
  const handle = await submit(core, c, model, plan, { id, operation: "chat", stream, stays: resumable });
  const { price } = plan.shape;
  const writer = new ResponseWriter({ id, created: Math.floor(Date.now() / 1000), model: model.id, request, price });
  const keep = (response: ResponseBody): ResponseBody => {
    try {
      if (store) core.responses.put(client, { id, previous, input, response });
    } catch (error) {
      // A full disk must not cost the answer; whoever wants to go on from it is told that it is not kept.
      core.log.error({ id, err: error }, "response not kept");
    }
    return response;
  };
  if (!stream) {
    const [answer] = await handle.result;
    return c.json(keep(whole(writer, plan.shape, answer, handle)));
  }
  const teller = new AnswerTeller(plan.shape);
  const source = framesOf({
    events: handle.events,
    opening: writer.opening().map(frame),
    of: (event) => {
      if (event.answer === null) return writer.write(teller.take(event), event.tokens).map(frame);
      const rest = writer.write(teller.end(), []);
      const { events, response } = writer.end(event.answer, handle);
      // Kept before it is told, so that whoever has read the last event can go on from it.
      keep(response);
      return [...rest, ...events].map(frame);
    },
    closing: () => [],
    failed: (error) => {
      const { message, code } = toApiError(error).body.error;
      return writer.fail(message, code).map(frame);
    },
    cancel: () => handle.cancel(),
  });
  return streamResponse(core, c, source, resumable ? id : null);
}

function whole(writer: ResponseWriter, shape: ChatShape, answer: Answer, handle: Handle): ResponseBody {
  const teller = new AnswerTeller(shape);
  writer.write(teller.take({ reasoning: answer.reasoning, content: "", tokens: [] }), []);
  writer.write(teller.take({ reasoning: "", content: answer.answer, tokens: [] }), answer.logprobs ?? []);
  writer.write(teller.end(), []);
  return writer.end(answer, handle).response;
}

const frame = (event: ResponseEvent): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

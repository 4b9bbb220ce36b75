/** POST /v1/chat/completions, and what can be done to an answer while it is written. */
import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import { Hono } from "hono";
import { z } from "zod";
import type { Handle } from "../../generate/engine/handle.ts";
import type { AppEnv, Core } from "../core.ts";
import { ApiError, toApiError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import { streamResponse } from "../stream/respond.ts";
import { framesOf, sseFrame } from "../stream/sse.ts";
import { beginChat } from "./begin.ts";
import { ChatChunks, type ChunkIdentity, type UsagePlace } from "./chunks.ts";
import { chatResponse } from "./response.ts";
import { type ChatRequest, chatRequest } from "./schema.ts";
import { votedChunks, votedResponse, withVoters } from "./vote.ts";

export function chatRoutes(core: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  // DeepSeek's base URL has no /v1; that of its prefixes and filled gaps is /beta.
  for (const path of ["/v1/chat/completions", "/chat/completions", "/beta/chat/completions"]) {
    app.post(path, (c) => complete(core, c));
    app.post(`${path}/control`, (c) => control(core, c));
    app.post(`${path}/:id/end-thinking`, (c) => {
      const id = c.req.param("id");
      return c.json({ id, object: "chat.completion.end_thinking", ended: findOwn(core, c, id).endThinkingNow() });
    });
    app.delete(`${path}/:id`, (c) => {
      const id = c.req.param("id");
      findOwn(core, c, id).cancel();
      return c.json({ id, object: "chat.completion.cancelled", cancelled: true });
    });
  }
  return app;
}

async function complete(core: Core, c: Context<AppEnv>): Promise<Response> {
  const given = await readBody(c, chatRequest);
  const field = z.enum(["reasoning_content", "reasoning", "both"]).safeParse(c.req.header("x-reasoning-field"));
  const request: ChatRequest = withVoters({ ...given, reasoning_field: given.reasoning_field ?? field.data });
  const { stream = false, stream_options: { include_usage: wantsUsage = false, resumable = false } = {} } = request;
  const id = randomUUID();
  // A reader that will come back has not left when its connection drops.
  const { model, plan, handle } = await beginChat(core, c, request, id, stream && resumable);
  const identity: ChunkIdentity = {
    id,
    created: Math.floor(Date.now() / 1000),
    model: model.id,
    system_fingerprint: model.served.fingerprint,
  };
  const { vote } = request;
  const body = async () => chatResponse(identity, plan.shape, handle, await handle.result);
  const voted = async (verify = true) => votedResponse(await body(), await handle.result, verify);
  if (!stream) return c.json(vote === undefined ? await body() : await voted(vote.verify));
  const place: UsagePlace = model.thinks !== null ? "finish" : wantsUsage ? "chunk" : "none";
  const failed = (error: unknown) => [sseFrame(JSON.stringify(toApiError(error).body))];
  const cancel = () => handle.cancel();
  if (vote !== undefined) {
    const source = framesOf({
      events: (async function* () {
        yield await voted(vote.verify);
      })(),
      opening: [],
      of: (told) => votedChunks(identity, told, place).map((chunk) => sseFrame(JSON.stringify(chunk))),
      closing: () => [sseFrame("[DONE]")],
      ...{ failed, cancel },
    });
    return streamResponse(core, c, source, resumable ? id : null);
  }
  const chunks = new ChatChunks(identity, plan.shape, handle, request.n ?? 1, place);
  const source = framesOf({
    events: handle.events,
    opening: chunks.opening().map(sseFrame),
    of: (event) => chunks.of(event).map(sseFrame),
    closing: () => [...chunks.closing(), "[DONE]"].map(sseFrame),
    ...{ failed, cancel },
  });
  return streamResponse(core, c, source, resumable ? id : null);
}

const controlRequest = z.object({ id: z.string(), action: z.enum(["reasoning_end"]) });

/** llama.cpp's way to end the thinking. */
async function control(core: Core, c: Context<AppEnv>): Promise<Response> {
  const { id } = await readBody(c, controlRequest);
  const handle = core.models.find(id);
  if (handle === undefined || handle.owner !== c.get("client")) {
    return c.json({ success: false, message: "There is no such request under way." });
  }
  return c.json(handle.endThinkingNow() ? { success: true } : { success: false, message: "It is not thinking." });
}

/** @throws ApiError 404 where there is no such request, or it is another client's */
function findOwn(core: Core, c: Context<AppEnv>, id: string): Handle {
  const handle = core.models.find(id);
  if (handle === undefined || handle.owner !== c.get("client")) {
    throw new ApiError(404, `There is no request ${JSON.stringify(id)} under way.`, {
      code: "request_not_found",
      param: "id",
    });
  }
  return handle;
}

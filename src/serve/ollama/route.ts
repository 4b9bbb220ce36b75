/** Ollama's API: POST /api/chat and /api/generate, and what there is to know about the models. */
import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import { Hono } from "hono";
import type { Handle } from "../../generate/engine/handle.ts";
import { beginChat } from "../chat/begin.ts";
import type { ChatShape } from "../chat/plan.ts";
import { planCompletions } from "../completions/plan.ts";
import type { AppEnv, Core } from "../core.ts";
import { invalid, toApiError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import { errorBody } from "../http/error-body.ts";
import { framesOf, streamBody } from "../stream/sse.ts";
import { submit } from "../submit.ts";
import { aboutModel, listed, running } from "./about.ts";
import { type OllamaGenerateRequest, ollamaChatRequest, ollamaGenerateRequest, ollamaShowRequest } from "./schema.ts";
import { OllamaTeller } from "./told.ts";
import { fromChat, fromGenerate, fromRaw, untagged } from "./translate.ts";

/** The version of Ollama whose API this is: its clients turn away from what is too old for them. */
const API_VERSION = "0.11.0";

export function ollamaRoutes(core: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.post("/api/chat", (c) => chat(core, c));
  app.post("/api/generate", (c) => generate(core, c));
  app.get("/api/version", (c) => c.json({ version: API_VERSION }));
  app.get("/api/tags", (c) => c.json({ models: core.models.list().map(listed) }));
  app.get("/api/ps", (c) => c.json({ models: running(core.models) }));
  app.post("/api/show", async (c) => {
    const { model, name } = await readBody(c, ollamaShowRequest);
    const { served } = core.models.resolve(untagged(model ?? name ?? ""));
    return c.json(aboutModel(await served.engine()));
  });
  return app;
}

async function chat(core: Core, c: Context<AppEnv>): Promise<Response> {
  const started = performance.now();
  const given = await readBody(c, ollamaChatRequest);
  const { model: name, messages = [], stream = true } = given;
  if (messages.length === 0)
    return c.json({ ...(await loaded(core, name)), message: { role: "assistant", content: "" } });
  const request = fromChat(given);
  await checkThinking(core, name, given.think);
  const { plan, handle } = await beginChat(core, c, request, randomUUID());
  return answer(core, c, handle, new OllamaTeller(name, plan.shape, handle, true, started), stream);
}

async function generate(core: Core, c: Context<AppEnv>): Promise<Response> {
  const started = performance.now();
  const given = await readBody(c, ollamaGenerateRequest);
  const { model: name, prompt = "", suffix, raw = false, stream = true } = given;
  if (prompt === "" && suffix === undefined) return c.json({ ...(await loaded(core, name)), response: "" });
  if (raw || suffix !== undefined) {
    const { handle, shape } = await beginRaw(core, c, given);
    return answer(core, c, handle, new OllamaTeller(name, shape, handle, false, started), stream);
  }
  await checkThinking(core, name, given.think);
  const { plan, handle } = await beginChat(core, c, fromGenerate(given), randomUUID());
  return answer(core, c, handle, new OllamaTeller(name, plan.shape, handle, false, started), stream);
}

/** Without a chat template: the text goes on as it is. */
async function beginRaw(core: Core, c: Context<AppEnv>, given: OllamaGenerateRequest) {
  if (given.format) throw invalid("A format goes with a question, not with raw or suffix.", "format");
  const model = core.models.resolve(untagged(given.model));
  const engine = await model.served.engine();
  const [plan] = planCompletions(fromRaw(given, engine.context), engine);
  const { stream = true } = given;
  const handle = await submit(core, c, model, plan, { id: randomUUID(), operation: "text_completion", stream });
  const shape: ChatShape = {
    reasoning: false,
    reasoningField: "reasoning_content",
    logprobs: given.logprobs === true,
    tools: null,
    price: null,
  };
  return { handle, shape };
}

async function answer(
  core: Core,
  c: Context<AppEnv>,
  handle: Handle,
  teller: OllamaTeller,
  stream: boolean,
): Promise<Response> {
  if (!stream) return c.json(teller.whole((await handle.result)[0]));
  const source = framesOf({
    events: handle.events,
    opening: [],
    of: (event) => teller.of(event).map(line),
    closing: () => [],
    failed: (error) => [line(errorBody(c.req.path, toApiError(error), null))],
    cancel: () => handle.cancel(),
  });
  return c.body(streamBody(source, core.config.pingMs, line(teller.ping())), 200, {
    "content-type": "application/x-ndjson",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  });
}

const line = (value: object): string => `${JSON.stringify(value)}\n`;

/** Without a question Ollama loads the model. */
async function loaded(core: Core, name: string): Promise<object> {
  await core.models.resolve(untagged(name)).served.engine();
  return { model: name, created_at: new Date().toISOString(), done: true, done_reason: "load" };
}

/** @throws ApiError where a model is to think that cannot */
async function checkThinking(core: Core, name: string, think: unknown): Promise<void> {
  if (think === undefined || think === false) return;
  const engine = await core.models.resolve(untagged(name)).served.engine();
  if (engine.session.reasoningFormat === null)
    throw invalid(`${JSON.stringify(name)} does not support thinking.`, "think");
}

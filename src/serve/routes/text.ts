/** What a model's text side does, without the model: tokenize, detokenize and render a chat, as llama.cpp's server has them. */
import { Hono } from "hono";
import { z } from "zod";
import { renderPrompt } from "../chat/plan.ts";
import { chatRequest, maybe } from "../chat/schema.ts";
import { thinkingWish } from "../chat/thinking.ts";
import type { AppEnv, Core } from "../core.ts";
import { readBody } from "../http/body.ts";

export const tokenizeRequest = z.object({
  model: maybe(z.string()),
  content: z.string(),
  /** Puts what the tokenizer puts in front of a text. */
  add_special: maybe(z.boolean()),
  /** False: special tokens written in the text stay characters. */
  parse_special: maybe(z.boolean()),
  /** Each token with its piece of text, or its bytes where that is no text. */
  with_pieces: maybe(z.boolean()),
});

export const detokenizeRequest = z.object({ model: maybe(z.string()), tokens: z.array(z.int().min(0)) });

export function textRoutes({ models }: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const sessionOf = async (model: string | undefined) => (await models.resolve(model).served.engine()).session;
  app.post("/tokenize", async (c) => {
    const { model, content, add_special, parse_special = true, with_pieces } = await readBody(c, tokenizeRequest);
    const { tokenizer } = await sessionOf(model);
    const tokens = tokenizer.encode(content, { addSpecial: add_special, parseSpecial: parse_special });
    if (!with_pieces) return c.json({ tokens });
    return c.json({ tokens: tokens.map((id) => ({ id, piece: pieceOf(tokenizer.tokenBytes(id)) })) });
  });
  app.post("/detokenize", async (c) => {
    const { model, tokens } = await readBody(c, detokenizeRequest);
    return c.json({ content: (await sessionOf(model)).tokenizer.decode(tokens) });
  });
  app.post("/apply-template", async (c) => {
    const request = await readBody(c, chatRequest);
    const model = models.resolve(request.model);
    const { session, context } = await model.served.engine();
    const prompt = renderPrompt(request, session, thinkingWish(request, model.thinks, context));
    return c.json({ prompt: prompt.text, tokens: prompt.ids.length });
  });
  return app;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function pieceOf(bytes: Uint8Array): string | number[] {
  try {
    return utf8.decode(bytes);
  } catch {
    return [...bytes];
  }
}

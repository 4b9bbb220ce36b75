/** POST /v1/verify: whether an answer equals a gold one, and why, within the verifier's time. */
import { Hono } from "hono";
import { z } from "zod";
import { Verifier } from "../../tasks/math/safely.ts";
import type { AppEnv } from "../core.ts";
import { readBody } from "../http/body.ts";

const LONGEST = 100_000;

export const verifyRequest = z.object({
  gold: z.string().min(1, { error: "there must be a gold answer to compare with" }).max(LONGEST),
  answer: z.string().max(LONGEST),
});

export function verifyRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  let verifier: Verifier | null = null;
  app.post("/v1/verify", async (c) => {
    const { gold, answer } = await readBody(c, verifyRequest);
    verifier ??= new Verifier();
    return c.json(await verifier.verify(gold, answer));
  });
  return app;
}

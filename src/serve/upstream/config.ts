/** Other servers that this one passes requests on to, by the model they name. */
import { z } from "zod";

/** Routes whose requests can be passed on. */
export const UPSTREAM_ROUTES = ["/chat/completions", "/completions", "/responses", "/messages"] as const;
export type UpstreamRoute = (typeof UPSTREAM_ROUTES)[number];

/** One server. Nothing a client sends changes where a request goes. */
const upstreamServer = z.strictObject({
  /** The base URL of an OpenAI-compatible API, as its clients have it: `https://api.example.com/v1`. */
  url: z.url({ protocol: /^https?$/, error: "it must be an http or https URL" }).refine((url) => !/[@?#]/.test(url), {
    error: "a URL of a server has no user, query or fragment; keys go into apiKey",
  }),
  /** The model's name there. Left out: the same. */
  model: z.string().min(1).optional(),
  apiKey: z.string().min(1).optional(),
  /** An environment variable that holds the key, instead. */
  apiKeyEnv: z.string().min(1).optional(),
});
export type UpstreamServer = z.infer<typeof upstreamServer>;

export const upstreamModel = z.strictObject({
  /** The name clients ask for. */
  model: z.string().min(1),
  /** What of the API its servers have, below their base URLs. Requests to anything else are refused with a sentence. */
  routes: z.array(z.enum(UPSTREAM_ROUTES)).min(1).default(["/chat/completions", "/completions"]),
  /** In the order they are tried in. */
  servers: z.array(upstreamServer).min(1),
  /** Further tries of a server that failed before it gave anything, before the next one is asked. */
  retries: z.int().min(0).max(10).default(1),
  /** Time a server has to begin its answer; a whole one begins when it is written. */
  timeoutMs: z.int().min(1).default(300_000),
  /** Failures in a row after which a server is left alone, and for how long. */
  breakAfter: z.int().min(1).default(3),
  breakMs: z.int().min(1).default(10_000),
});
export type UpstreamModel = z.infer<typeof upstreamModel>;

/** What a server can be told, in one schema: the command's flags and the tests fill it in, the server reads it. */
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { isKeyOrHash, storedKey } from "./keys.ts";
import { priceConfig } from "./price.ts";
import { upstreamModel } from "./upstream/config.ts";

/** The user's folder for what can be made anew. */
const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "reckon", "samples");

const count = (fallback: number, least = 0) => z.int().min(least).default(fallback);

const keyText = z
  .string()
  .min(1)
  .refine(isKeyOrHash, { error: "the hash of a key is sha256: and 64 hexadecimal digits" })
  .transform(storedKey);

/** A key with limits of its own, or with those of all. Only its hash is kept. */
const apiKey = z.union([
  keyText.transform((key): KeyConfig => ({ key })),
  z.strictObject({
    key: keyText,
    requestsPerMinute: z.int().min(0).optional(),
    tokensPerMinute: z.int().min(0).optional(),
  }),
]);
export interface KeyConfig {
  readonly key: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}

export const serveConfig = z.strictObject({
  /** MODEL arguments; the first is the one that answers where a request names none. Empty: the bundled model. */
  models: z.array(z.string()).default([]),
  /** Further names of the first model. */
  aliases: z.array(z.string().min(1)).default([]),
  /** Models of other servers, to which requests for them are passed on. */
  upstreams: z.array(upstreamModel).default([]),
  host: z.string().min(1).default("127.0.0.1"),
  /** 0: a free one. */
  port: z.int().min(0).max(65535).default(8080),
  /** As clients send them, or hashed: `sha256:` and what `printf %s KEY | sha256sum` gives. */
  apiKeys: z.array(apiKey).default([]),
  threads: z.int().min(1).optional(),
  /** How matrices are kept, and the form of latent attention: as ModelSession.open takes them. */
  weights: z.enum(["stored", "f32", "q8_0"]).optional(),
  mla: z.enum(["plain", "absorbed"]).optional(),
  /** Answers written at once, of each model. */
  slots: count(8, 1),
  /** Answers that may wait for a slot. */
  queue: count(64),
  /** Positions of a slot; left out: the model's own, at most 4,096. */
  context: z.int().min(16).optional(),
  /** Bytes of each model for beginnings of prompts whose slot was taken. */
  cacheBytes: count(256 * 2 ** 20),
  /**
   * Tokens guessed ahead in a step that writes one answer, each further answer taking one away; 0: none. Answers are the same,
   * sooner where they repeat what stands in the prompt or the model has a prediction module.
   */
  speculate: z.int().min(0).max(64).default(3),
  /** Bytes that loaded models may take together; one more pushes out the one used longest ago. Left out: no limit. */
  modelBytes: z.int().min(1).optional(),
  /** Web origins that may call from a browser; "*": any. Empty: only pages this server serves. */
  cors: z.array(z.string().min(1)).default([]),
  /** Names in the Host header to accept besides the loopback ones. */
  allowHosts: z.array(z.string().min(1)).default([]),
  /** Requests a minute of each key; 0: no limit. */
  requestsPerMinute: count(0),
  /** Tokens a minute of each key, read and written; 0: no limit. */
  tokensPerMinute: count(0),
  /** The largest request body. */
  bodyBytes: count(4 * 2 ** 20, 1),
  /** Time a client has to send a request. */
  receiveMs: count(60_000, 1),
  /** Time a request may take from its arrival to its last token; 0: no limit. */
  deadlineMs: count(0),
  /** How long a stream is silent before a comment keeps its connection alive. */
  pingMs: count(10_000, 1),
  /** How long what is being written may go on after the signal to stop. */
  drainMs: count(30_000),
  /** How long a resumable stream waits for its reader to come back, and how long it is kept after its end. */
  resumeMs: count(60_000),
  /** SQLite file for what /v1/responses keeps; left out: in memory, until the server ends. */
  store: z.string().min(1).optional(),
  /** Responses kept; the oldest go first. */
  storedResponses: count(10_000, 1),
  /** The folder of training runs and evaluations that /runs and /evals show. */
  runs: z.string().min(1).default("runs"),
  /** Whether runs may be started, paused and stopped from /runs. */
  training: z.boolean().default(true),
  /** Where tables of runs' samples are kept; they can be made anew at any time. */
  cache: z.string().min(1).default(cacheFolder),
  /** The OTLP/HTTP collector to send OpenTelemetry spans to. Left out: none are made. */
  traces: z.url({ protocol: /^https?$/, error: "it must be an http or https URL" }).optional(),
  /** What tokens or hours cost: usages then have a `cost`. Left out: none. */
  price: priceConfig.optional(),
  /** The field thinking goes to: DeepSeek's or vLLM's and OpenRouter's. */
  reasoningField: z.enum(["reasoning_content", "reasoning", "both"]).default("reasoning_content"),
  logLevel: z.enum(["silent", "error", "warn", "info", "debug"]).default("info"),
});

export type ServeConfig = z.infer<typeof serveConfig>;
export type ServeOptions = z.input<typeof serveConfig>;

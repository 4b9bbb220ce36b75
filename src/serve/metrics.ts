/** What Prometheus reads: vLLM's names with our prefix, labelled by model. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { RequestRecord, StepRecord } from "../generate/engine/handle.ts";

import type { UpstreamTry } from "./upstream/upstreams.ts";

const PREFIX = "reckon_";
const SECONDS = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const SECONDS_A_TOKEN = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
const TOKENS = [1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];

/** How busy a model is, asked for when somebody reads the metrics. */
export interface ModelLoad {
  readonly model: string;
  readonly running: number;
  readonly waiting: number;
  readonly slots: number;
}

export class Metrics {
  readonly registry = new Registry();
  readonly #counters: Readonly<Record<CounterName, Counter<"model_name">>>;
  readonly #seconds: Readonly<Record<SecondsName, Histogram<"model_name">>>;
  readonly #tokens: Readonly<Record<TokensName, Histogram<"model_name">>>;
  readonly #finished: Counter<"model_name" | "finished_reason">;
  readonly #upstream: Counter<"model_name" | "server" | "outcome">;

  constructor(loads: () => readonly ModelLoad[]) {
    const registers = [this.registry];
    const labelNames = ["model_name"] as const;
    const each = <K extends string, T>(helps: Readonly<Record<K, string>>, make: (name: string, help: string) => T) =>
      Object.fromEntries(
        Object.entries<string>(helps).map(([name, help]) => [name, make(PREFIX + name, help)]),
      ) as Record<K, T>;
    this.#counters = each(COUNTERS, (name, help) => new Counter({ name, help, labelNames, registers }));
    this.#seconds = each(SECONDS_HELP, (name, help) => {
      const buckets = /per_output_token|inter_token/.test(name) ? SECONDS_A_TOKEN : SECONDS;
      return new Histogram({ name, help, labelNames, registers, buckets });
    });
    this.#tokens = each(
      TOKENS_HELP,
      (name, help) => new Histogram({ name, help, labelNames, registers, buckets: TOKENS }),
    );
    this.#finished = new Counter({
      name: `${PREFIX}request_success_total`,
      help: "Answers by how they ended.",
      labelNames: ["model_name", "finished_reason"],
      registers,
    });
    this.#upstream = new Counter({
      name: `${PREFIX}upstream_requests_total`,
      help: "Tries of other servers by how they went: answered, refused (the request's fault) or failed.",
      labelNames: ["model_name", "server", "outcome"],
      registers,
    });
    for (const [name, [help, read]] of Object.entries(GAUGES)) {
      new Gauge({
        name: PREFIX + name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          for (const load of loads()) this.set({ model_name: load.model }, read(load));
        },
      });
    }
  }

  /** Counts a request that is over. */
  finished(model: string, record: RequestRecord): void {
    const labels = { model_name: model };
    this.#counters.prompt_tokens_total.inc(labels, record.promptTokens);
    this.#counters.generation_tokens_total.inc(labels, record.newTokens);
    this.#counters.reasoning_tokens_total.inc(labels, record.reasoningTokens);
    this.#counters.prefix_cache_queries_total.inc(labels, record.promptTokens);
    this.#counters.prefix_cache_hits_total.inc(labels, record.cachedTokens);
    this.#tokens.request_prompt_tokens.observe(labels, record.promptTokens);
    this.#tokens.request_generation_tokens.observe(labels, record.newTokens);
    for (const answer of record.answers) {
      this.#finished.inc({ ...labels, finished_reason: answer.finish_reason });
      if (answer.thinking_truncated) this.#counters.answers_lost_to_reasoning_total.inc(labels);
    }
    if (record.outcome === "failed") this.#counters.request_failure_total.inc(labels);
    const { queueMs, prefillMs, decodeMs, totalMs, newTokens } = record;
    this.#observe("e2e_request_latency_seconds", labels, totalMs);
    this.#observe("request_queue_time_seconds", labels, queueMs);
    this.#observe("request_prefill_time_seconds", labels, prefillMs);
    this.#observe("request_decode_time_seconds", labels, decodeMs);
    if (prefillMs !== null) this.#observe("time_to_first_token_seconds", labels, (queueMs ?? 0) + prefillMs);
    if (decodeMs !== null && newTokens > 1) {
      this.#observe("request_time_per_output_token_seconds", labels, decodeMs / (newTokens - 1));
    }
  }

  /** Counts an engine that broke. */
  broke(model: string): void {
    this.#counters.engine_failure_total.inc({ model_name: model });
  }

  /** A step's time is what each of its new tokens took after the one before; those guessed right come with the one before. */
  stepped(model: string, { ms, newTokens, drafted, accepted }: StepRecord): void {
    const labels = { model_name: model };
    for (let i = 0; i < newTokens; i++) {
      this.#observe("inter_token_latency_seconds", labels, i < newTokens - accepted ? ms : 0);
    }
    this.#counters.spec_decode_num_draft_tokens_total.inc(labels, drafted);
    this.#counters.spec_decode_num_accepted_tokens_total.inc(labels, accepted);
  }

  /** Counts a request passed on to another server. */
  upstreamTried({ model, server, outcome }: UpstreamTry): void {
    this.#upstream.inc({ model_name: model, server, outcome });
  }

  #observe(name: SecondsName, labels: { model_name: string }, ms: number | null): void {
    if (ms !== null) this.#seconds[name].observe(labels, ms / 1000);
  }
}

const COUNTERS = {
  prompt_tokens_total: "Prompt tokens, cached ones included.",
  generation_tokens_total: "Tokens written.",
  reasoning_tokens_total: "Tokens written as thinking.",
  prefix_cache_queries_total: "Prompt tokens looked up in the cache.",
  prefix_cache_hits_total: "Prompt tokens found in the cache.",
  spec_decode_num_draft_tokens_total: "Tokens guessed ahead.",
  spec_decode_num_accepted_tokens_total: "Tokens guessed ahead that were right.",
  answers_lost_to_reasoning_total: "Answers that never came because the token limit ended the thinking.",
  request_failure_total: "Requests that failed inside.",
  engine_failure_total: "Times the engine broke, or could not start anew.",
};
type CounterName = keyof typeof COUNTERS;

const SECONDS_HELP = {
  time_to_first_token_seconds: "From arrival to the first new token.",
  inter_token_latency_seconds:
    "From one token of an answer to the next: the time of the step, for each token it gave; 0 for those guessed right.",
  request_time_per_output_token_seconds: "Mean time from one token to the next.",
  e2e_request_latency_seconds: "From arrival to the last token.",
  request_queue_time_seconds: "Waiting for a slot.",
  request_prefill_time_seconds: "From a slot to the first new token.",
  request_decode_time_seconds: "From the first new token to the last.",
};
type SecondsName = keyof typeof SECONDS_HELP;

const TOKENS_HELP = {
  request_prompt_tokens: "Prompt tokens of a request.",
  request_generation_tokens: "Tokens written for a request.",
};
type TokensName = keyof typeof TOKENS_HELP;

const GAUGES: Readonly<Record<string, readonly [string, (load: ModelLoad) => number]>> = {
  num_requests_running: ["Answers being read or written.", ({ running }) => running],
  num_requests_waiting: ["Answers waiting for a slot.", ({ waiting }) => waiting],
  kv_cache_usage_perc: ["Share of the slots in use, 0 to 1.", ({ running, slots }) => running / slots],
};

/**
 * OpenTelemetry spans: one for an HTTP request, in it one for each request to a model with its queue, prefill and decode, sent to a
 * collector by OTLP over HTTP. This file is imported only where a collector is configured. Spans hold counts, names and settings by
 * the conventions for generative AI (opentelemetry.io/docs/specs/semconv/gen-ai), never what was said.
 */
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { RequestRecord, SubmitOptions } from "../../generate/engine/handle.ts";

/** What a model is asked for, as far as a span tells it. */
export interface Asked {
  readonly operation: "chat" | "text_completion";
  /** As the client named it. */
  readonly model: string;
  readonly options: SubmitOptions;
}

/** How long a server that ends waits for a collector that does not answer. */
const CLOSING_MS = 2000;

export class Traces {
  readonly #provider: BasicTracerProvider;
  readonly #propagator = new W3CTraceContextPropagator();
  /** Of requests under way: where their spans belong. */
  readonly #asked = new Map<string, { readonly parent: Context; readonly asked: Asked }>();

  /**
   * Sampling, batches and headers are set by the environment variables of OpenTelemetry's SDK.
   * @param endpoint of the collector, as OTEL_EXPORTER_OTLP_ENDPOINT has it
   */
  constructor(endpoint: string) {
    const base = endpoint.replace(/\/+$/, "");
    const url = base.endsWith("/v1/traces") ? base : `${base}/v1/traces`;
    const resource = defaultResource()
      .merge(resourceFromAttributes({ "service.name": "reckon" }))
      .merge(detectResources({ detectors: [envDetector] }));
    this.#provider = new BasicTracerProvider({
      resource,
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
    });
  }

  /** Starts the span of an HTTP request, in the trace its `traceparent` header names, if any. */
  start(name: string, header: (name: string) => string | undefined, attributes: Attributes): Span {
    const carrier = { traceparent: header("traceparent"), tracestate: header("tracestate") };
    const parent = this.#propagator.extract(ROOT_CONTEXT, carrier, {
      keys: Object.keys,
      get: (from: typeof carrier, key: string) => from[key as keyof typeof carrier],
    });
    return this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
  }

  /** A model is asked by the HTTP request of a span; `finished` is to come with the same id, or `refused`. */
  asked(id: string, span: Span | undefined, asked: Asked): void {
    const parent = span === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, span);
    this.#asked.set(id, { parent, asked });
  }

  /** The engine did not take it. */
  refused(id: string): void {
    this.#asked.delete(id);
  }

  /** Tells of a request to a model once it is over, with what it waited for. @param model the name it has here */
  finished(model: string, record: RequestRecord): void {
    const found = this.#asked.get(record.id);
    if (found === undefined) return;
    this.#asked.delete(record.id);
    const { parent, asked } = found;
    const end = Date.now();
    const start = end - record.totalMs;
    const span = this.#tracer.startSpan(
      `${asked.operation} ${asked.model}`,
      { kind: SpanKind.INTERNAL, startTime: start, attributes: attributesOf(model, asked, record) },
      parent,
    );
    if (record.outcome !== "done") {
      span.setAttribute("error.type", record.outcome);
      if (record.outcome !== "cancelled") span.setStatus({ code: SpanStatusCode.ERROR });
    }
    const inside = trace.setSpan(parent, span);
    let at = start;
    for (const [name, ms] of [
      ["queue", record.queueMs],
      ["prefill", record.prefillMs],
      ["decode", record.decodeMs],
    ] as const) {
      // It did not get that far: it was there until the end.
      const until = ms === null ? end : Math.min(at + ms, end);
      this.#tracer.startSpan(name, { startTime: at }, inside).end(until);
      at = until;
      if (ms === null) break;
    }
    span.end(end);
  }

  /** Sends what is left, unless the collector does not take it. */
  async close(): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSING_MS).unref());
    await Promise.race([this.#provider.shutdown().catch(() => {}), late]);
  }

  get #tracer() {
    return this.#provider.getTracer("reckon");
  }
}

function attributesOf(model: string, { operation, model: asked, options }: Asked, record: RequestRecord): Attributes {
  return {
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": "reckon",
    "gen_ai.request.model": asked,
    "gen_ai.request.max_tokens": options.maxTokens,
    "gen_ai.request.temperature": options.temperature,
    "gen_ai.request.top_p": options.topP,
    "gen_ai.request.top_k": options.topK,
    "gen_ai.request.frequency_penalty": options.frequencyPenalty,
    "gen_ai.request.presence_penalty": options.presencePenalty,
    "gen_ai.request.seed": options.seed,
    "gen_ai.request.choice.count": options.n,
    "gen_ai.response.id": record.id,
    "gen_ai.response.model": model,
    "gen_ai.response.finish_reasons": record.answers.map(({ finish_reason }) => finish_reason),
    "gen_ai.usage.input_tokens": record.promptTokens,
    "gen_ai.usage.output_tokens": record.newTokens,
    "gen_ai.usage.cache_read.input_tokens": record.cachedTokens,
    "gen_ai.usage.reasoning.output_tokens": record.reasoningTokens,
  };
}

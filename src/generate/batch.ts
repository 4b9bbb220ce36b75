/** Many requests to many completions: the rollouts of training and of evaluation, on a scheduler that lives as long as they. */
import type { Decoder } from "../model/decoder.ts";
import { Scheduler } from "./scheduler.ts";
import { checkRequest, type Finish, type Request, type Sequence } from "./sequence.ts";

/** What came of a request. */
export interface Completion {
  /** The new tokens; with finish "stop" the last one is the stop id. */
  readonly ids: readonly number[];
  /** Log-probability of each at the sampling temperature (at 1 where it is 0), filters aside: the bits the training pass computes. */
  readonly logps: Float32Array;
  /** Entropy in nats of the distribution each was drawn from, likewise. */
  readonly entropies: Float32Array;
  readonly finish: Finish;
  readonly promptTokens: number;
}

export interface BatchOptions {
  /** Sequences in flight at once; more is faster and takes more memory. */
  readonly slots: number;
  /** Positions of a slot; default: what the longest request needs. */
  readonly capacity?: number;
  /** Prompt tokens read per step. */
  readonly chunk?: number;
  /** Aborted: sequences under way end with what they have and finish "abort". */
  readonly signal?: AbortSignal;
  /** Called for every new token with the index of its request. */
  readonly onToken?: (index: number, id: number, logp: number) => void;
}

/**
 * Generates a completion for each request, in their order. Identical prompts standing next to each other (a group of samples)
 * are read once. A completion depends on its own request alone.
 * @throws UserError where a request does not fit the model, or its logits are not finite
 */
export async function generateBatch(
  decoder: Decoder,
  requests: readonly Request[],
  options: BatchOptions,
): Promise<Completion[]> {
  const { max_position_embeddings: context, vocab_size: vocabulary } = decoder.config;
  for (const request of requests) checkRequest(request, vocabulary, Math.min(context, options.capacity ?? context));
  if (requests.length === 0) return [];
  const needed = requests.reduce((most, { prompt, maxTokens }) => Math.max(most, prompt.length + maxTokens), 1);
  const scheduler = new Scheduler(decoder, {
    slots: Math.max(1, Math.min(options.slots, requests.length)),
    capacity: Math.min(context, options.capacity ?? needed),
    chunk: options.chunk,
  });
  try {
    const sequences = requests.map((request) => scheduler.add(request));
    await runToEnd(scheduler, sequences, options);
    const failed = sequences.find(({ error }) => error !== null);
    if (failed !== undefined) throw failed.error;
    return sequences.map(completionOf);
  } finally {
    scheduler.close();
  }
}

/** A finished sequence as a value of its own. */
export function completionOf(sequence: Sequence): Completion {
  return {
    ids: sequence.ids,
    logps: sequence.logps.slice(),
    entropies: sequence.entropies.slice(),
    finish: sequence.finish ?? "abort",
    promptTokens: sequence.request.prompt.length,
  };
}

/** Lets timers, sockets and signals have their turn; much cheaper to do now and then than at every token. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else {
      // browsers make a timer set within a timer wait 4 ms, which a message does not
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener("message", () => {
        port1.close();
        resolve();
      });
      port1.start();
      port2.postMessage(null);
    }
  });
}

async function runToEnd(scheduler: Scheduler, sequences: readonly Sequence[], options: BatchOptions): Promise<void> {
  const { signal, onToken } = options;
  const indices = onToken === undefined ? null : new Map(sequences.map((sequence, index) => [sequence, index]));
  const listener =
    onToken === undefined || indices === null
      ? undefined
      : (sequence: Sequence): void => {
          const last = sequence.ids.length - 1;
          onToken(indices.get(sequence) ?? -1, sequence.ids[last], sequence.logps[last]);
        };
  let breathed = performance.now();
  while (!scheduler.idle) {
    if (signal?.aborted) for (const sequence of sequences) scheduler.cancel(sequence);
    else {
      const pending = scheduler.step(listener);
      if (pending !== undefined) await pending;
    }
    if (performance.now() - breathed > breatheEveryMs) {
      await breathe();
      breathed = performance.now();
    }
  }
}

const breatheEveryMs = 20;

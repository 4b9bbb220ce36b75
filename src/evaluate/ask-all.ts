/** Puts every item of a benchmark to a model, once or several times, and judges what comes back. Nothing here knows a benchmark. */
import { generateBatch } from "../generate/batch.ts";
import { type Cost, costOfAll } from "../generate/cost.ts";
import type { Request } from "../generate/sequence.ts";
import type { Decoder } from "../model/decoder.ts";
import { Random } from "../random.ts";
import type { Asking } from "./asking.ts";
import type { Item, ItemResult, Response } from "./item.ts";

export interface AskOptions {
  /** Responses to each item. Default 1. */
  readonly samples?: number;
  /** 0: greedy. */
  readonly temperature: number;
  /** At most this many new tokens a response; less where the context ends before. */
  readonly maxTokens: number;
  readonly seed: number;
  /** Sequences in flight at once. Default 64. */
  readonly slots?: number;
  /** Aborted: what is under way is cut short and counts as wrong; the caller drops the result. */
  readonly signal?: AbortSignal;
  /** Told now and then how many responses are finished and how many tokens were written. */
  readonly onProgress?: (finished: number, total: number, tokens: number) => void;
}

export interface Asked {
  readonly results: readonly ItemResult[];
  readonly samples: number;
  readonly temperature: number;
  /** Prompt tokens, each prompt once however many responses it has. */
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly seconds: number;
  readonly cost: Cost;
}

/**
 * Asks all items; results stand in their order. A response depends on its item, the seed and its number alone, not on what else is asked.
 * @throws UserError where a prompt does not fit the model
 */
export async function askAll(
  decoder: Decoder,
  asking: Asking,
  items: readonly Item[],
  options: AskOptions,
): Promise<Asked> {
  const { samples = 1, temperature, maxTokens, seed, slots = 64, signal } = options;
  const started = performance.now();
  const context = decoder.config.max_position_embeddings;
  const prompts = items.map(({ prompt }) => asking.prompt(prompt));
  // The samples of an item stand together, so that its prompt is read once.
  const requests = items.flatMap(({ id }, i) =>
    Array.from({ length: samples }, (_, k): Request => {
      const prompt = prompts[i]!;
      return {
        prompt,
        maxTokens: Math.max(1, Math.min(maxTokens, context - prompt.length)),
        sampling: { temperature, topK: 0, topP: 1, minP: 0, seed: Random.from(seed, id, k).bits() },
        stopIds: asking.stopIds,
      };
    }),
  );
  const onToken = progressOf(requests, options.onProgress);
  const completions = await generateBatch(decoder, requests, { slots, signal, onToken });
  const results: ItemResult[] = [];
  for (const [i, item] of items.entries()) {
    const responses: Response[] = [];
    for (const { ids, finish } of completions.slice(i * samples, (i + 1) * samples)) {
      const text = asking.text(ids);
      const judgement = await item.judge(text, finish === "stop");
      responses.push({ ...judgement, text, finish, tokens: ids.length, thinking: asking.thinkingLength(ids) });
    }
    results.push({ item, responses });
  }
  const seconds = (performance.now() - started) / 1000;
  const answered = results.map(({ responses }, i) => ({
    promptTokens: prompts[i]!.length,
    newTokens: responses.map(({ tokens }) => tokens),
  }));
  return {
    results,
    samples,
    temperature,
    promptTokens: prompts.reduce((sum, { length }) => sum + length, 0),
    newTokens: completions.reduce((sum, { ids }) => sum + ids.length, 0),
    seconds,
    cost: costOfAll(decoder.config, answered, { seconds, threads: decoder.device.threads }),
  };
}

/** Counts tokens and finished responses as they come. */
function progressOf(requests: readonly Request[], tell: AskOptions["onProgress"]) {
  if (tell === undefined) return undefined;
  const lengths = new Int32Array(requests.length);
  let [finished, tokens] = [0, 0];
  return (index: number, id: number): void => {
    const { stopIds, maxTokens } = requests[index]!;
    tokens++;
    if (++lengths[index] === maxTokens || stopIds.includes(id)) finished++;
    if (tokens % 64 === 0 || finished === requests.length) tell(finished, requests.length, tokens);
  };
}

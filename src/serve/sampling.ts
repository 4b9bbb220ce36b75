/** From the fields requests share to what the engine takes. */
import type { SubmitOptions } from "../generate/engine/handle.ts";
import { invalid } from "./errors.ts";

/** The shared fields, as samplingFields of chat/schema.ts reads them. */
export interface SamplingRequest {
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly min_p?: number;
  readonly typical_p?: number;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly repetition_penalty?: number;
  readonly logit_bias?: Readonly<Record<string, number>>;
  readonly seed?: number;
  readonly n?: number;
  readonly stop?: readonly string[];
  readonly ignore_eos?: boolean;
  readonly cache_prompt?: boolean;
  readonly priority?: number;
}

/** @throws ApiError where a stop text is empty or a biased token is not in the vocabulary */
export function samplingOptions(request: SamplingRequest, vocabulary: number): SubmitOptions {
  const { stop, logit_bias: bias } = request;
  if (stop?.some((text) => text === "")) throw invalid("A stop text must not be empty.", "stop");
  if (stop !== undefined && stop.length > 16) throw invalid("There may be at most 16 stop texts.", "stop");
  const outside = Object.keys(bias ?? {}).find((id) => Number(id) >= vocabulary);
  if (outside !== undefined) {
    throw invalid(
      `The token id ${outside} is outside the vocabulary; ids go from 0 to ${vocabulary - 1}.`,
      "logit_bias",
    );
  }
  return {
    temperature: request.temperature,
    topP: request.top_p,
    topK: request.top_k,
    minP: request.min_p,
    typical: request.typical_p,
    presencePenalty: request.presence_penalty,
    frequencyPenalty: request.frequency_penalty,
    repetitionPenalty: request.repetition_penalty,
    logitBias: bias === undefined ? undefined : new Map(Object.entries(bias).map(([id, value]) => [Number(id), value])),
    seed: request.seed ?? randomSeed(),
    n: request.n,
    stop,
    ignoreEos: request.ignore_eos,
    reusePrompt: request.cache_prompt,
    // vLLM's clients count the other way round.
    priority: request.priority === undefined ? undefined : -request.priority,
  };
}

/** Without a seed an answer is another one each time, as clients expect. */
const randomSeed = (): number => Math.floor(Math.random() * 2 ** 31);

/** As many new tokens as asked for, as far as there is room. */
export const clampTokens = (asked: number | undefined, promptTokens: number, context: number): number | undefined =>
  asked === undefined ? undefined : Math.min(asked, Math.max(0, context - promptTokens));

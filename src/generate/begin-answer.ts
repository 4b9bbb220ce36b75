/** From what a caller asks to what the scheduler runs: a request and the writer that follows it, as every surface begins an answer. */

import { endsInsideThink, type ReasoningFormat, THINK_TAGS } from "../text/reasoning.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { AnswerWriter } from "./answer.ts";
import type { AnswerEvent, CompleteOptions } from "./answer-options.ts";
import type { CompiledConstraint } from "./constraint/compile.ts";
import { withBreakers } from "./dry.ts";
import type { Prompt } from "./prompt.ts";
import type { Sampling } from "./sampling.ts";
import type { Request } from "./sequence.ts";

export interface AnswerPlan {
  readonly tokenizer: Tokenizer;
  readonly prompt: Prompt;
  /** The model's thinking tags (`reasoningFormatOf`). Default: `<think>` and `</think>`. */
  readonly format?: ReasoningFormat | null;
  readonly options: CompleteOptions;
  readonly maxTokens: number;
  /** From `samplingOf`. */
  readonly sampling: Sampling;
  /** `options.constraint`, compiled for the tokenizer. */
  readonly constraint?: CompiledConstraint;
  /** Which of `options.n` answers it is: each has a seed of its own. Default 0. */
  readonly index?: number;
  readonly onEvent?: (event: AnswerEvent) => void;
}

export interface BegunAnswer {
  readonly request: Request;
  readonly writer: AnswerWriter;
}

/** One answer, ready to be added to a scheduler. @throws UserError naming an option outside its range */
export function beginAnswer(plan: AnswerPlan): BegunAnswer {
  const { tokenizer, prompt, options, sampling, index = 0 } = plan;
  const format = plan.format ?? THINK_TAGS;
  const more = options.stopIds ?? [];
  const stopIds = options.ignoreEos ? more : [...tokenizer.eosIds, ...more];
  const writer = new AnswerWriter({
    ...options,
    tokenizer,
    promptTokens: prompt.ids.length,
    format,
    startsInThink: prompt.insideThink ?? endsInsideThink(prompt.text, format),
    startsAfterThink: prompt.text.trimEnd().endsWith(format.close),
    eosIds: stopIds,
    constraint: plan.constraint?.start(),
    onEvent: plan.onEvent,
  });
  // A text that matches its constraint can only end.
  const banned = options.ignoreEos && plan.constraint === undefined ? tokenizer.eosIds : [];
  const request = {
    prompt: prompt.ids,
    maxTokens: plan.maxTokens,
    sampling: {
      ...sampling,
      seed: (sampling.seed ?? 0) + index,
      ...(banned.length === 0 ? {} : { logitBias: withBans(sampling.logitBias, banned) }),
      ...(sampling.dry === undefined ? {} : { dry: withBreakers(sampling.dry, tokenizer) }),
    },
    stopIds: plan.constraint === undefined ? stopIds : [...new Set([...tokenizer.eosIds, ...more])],
    ...writer.hooks,
  };
  return { request, writer };
}

/** What the caller asks for, else generation_config.json, read as transformers does: without do_sample it is greedy. */
export function samplingOf(asked: CompleteOptions, config: Readonly<Record<string, unknown>>): Sampling {
  const number = (name: string): number | undefined =>
    typeof config[name] === "number" ? (config[name] as number) : undefined;
  const drawn = (name: string): number | undefined => (config.do_sample === true ? number(name) : undefined);
  const wantsSampling =
    (asked.n ?? 1) > 1 ||
    asked.topK !== undefined ||
    asked.topP !== undefined ||
    asked.minP !== undefined ||
    asked.typical !== undefined;
  return {
    temperature: asked.temperature ?? drawn("temperature") ?? (config.do_sample === true || wantsSampling ? 1 : 0),
    topK: asked.topK ?? drawn("top_k"),
    topP: asked.topP ?? drawn("top_p"),
    minP: asked.minP ?? drawn("min_p"),
    typical: asked.typical ?? drawn("typical_p"),
    // Published penalties are meant for the whole text, as transformers applies them.
    repetitionPenalty: asked.repetitionPenalty ?? number("repetition_penalty"),
    penaltyLastN: asked.penaltyLastN ?? (asked.repetitionPenalty === undefined ? -1 : undefined),
    presencePenalty: asked.presencePenalty,
    frequencyPenalty: asked.frequencyPenalty,
    logitBias: asked.logitBias,
    dry: asked.dry,
    seed: asked.seed,
  };
}

function withBans(bias: Sampling["logitBias"], ids: readonly number[]): ReadonlyMap<number, number> {
  const banned = new Map(bias);
  for (const id of ids) banned.set(id, Number.NEGATIVE_INFINITY);
  return banned;
}

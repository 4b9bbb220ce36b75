/** From a text completion request to what the engine is asked: a text to go on from, or a gap to fill. */
import type { Engine } from "../../generate/engine/engine.ts";
import type { SubmitOptions } from "../../generate/engine/handle.ts";
import { promptTooLong } from "../../generate/engine/plan.ts";
import { type Prompt, rawPrompt } from "../../generate/prompt.ts";
import type { ModelSession } from "../../generate/session.ts";
import { invalid } from "../errors.ts";
import { clampTokens, samplingOptions } from "../sampling.ts";
import { fillInPrompt } from "./fill-in.ts";
import type { CompletionRequest } from "./schema.ts";

export interface CompletionPlan {
  readonly prompt: Prompt;
  readonly options: SubmitOptions;
  /** The prompt as text, in front of each answer; "" where it is not echoed. */
  readonly echo: string;
  /** Nothing but the prompt was asked for: what is generated is not told. */
  readonly promptOnly: boolean;
}

/** OpenAI's default for this endpoint. */
const DEFAULT_MAX_TOKENS = 16;

/** A plan for each prompt of the request. @throws ApiError, UserError */
export function planCompletions(request: CompletionRequest, engine: Engine): CompletionPlan[] {
  return promptsOf(request, engine.session).map((prompt) => planOne(request, prompt, engine));
}

function planOne(request: CompletionRequest, prompt: Prompt, engine: Engine): CompletionPlan {
  const { context, session } = engine;
  const { echo = false, logprobs, max_tokens: asked = DEFAULT_MAX_TOKENS } = request;
  const promptOnly = asked === 0;
  if (promptOnly && !echo) throw invalid("Without echo at least one token must be asked for.", "max_tokens");
  if (prompt.ids.length >= context) throw promptTooLong(prompt.ids.length, context);
  return {
    prompt,
    options: {
      ...samplingOptions(request, session.tokenizer.vocabSize),
      // The prompt's log-probabilities come with the first token after it.
      maxTokens: clampTokens(promptOnly ? 1 : asked, prompt.ids.length, context),
      logprobs,
      promptLogprobs: echo ? logprobs : undefined,
      plain: true,
    },
    echo: echo ? session.tokenizer.decode([...prompt.ids], { skipSpecial: true }) : "",
    promptOnly,
  };
}

function promptsOf({ prompt, suffix, echo }: CompletionRequest, session: ModelSession): Prompt[] {
  const { tokenizer } = session;
  const given: readonly (string | readonly number[])[] =
    typeof prompt === "string"
      ? [prompt]
      : typeof prompt[0] === "number"
        ? [prompt as number[]]
        : (prompt as string[] | number[][]);
  return given.map((one) => {
    if (typeof one !== "string") {
      if (suffix !== undefined) throw invalid("A suffix goes with a text, not with token ids.", "suffix");
      return { text: tokenizer.decode(one), ids: one };
    }
    if (suffix === undefined) return rawPrompt(tokenizer, one);
    if (echo) throw invalid("echo and suffix do not go together.", "echo");
    return fillInPrompt(tokenizer, one, suffix);
  });
}

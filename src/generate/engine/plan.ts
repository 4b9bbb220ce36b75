/** From what a caller asks to the sequences an engine runs for it. */
import { UserError } from "../../error.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import { beginAnswer, samplingOf } from "../begin-answer.ts";
import { readyConstraint } from "../constraint/load.ts";
import type { Prompt } from "../prompt.ts";
import { checkRequest, type Request, Sequence } from "../sequence.ts";
import type { ModelSession } from "../session.ts";
import { TokenReader } from "../token-info.ts";
import type { SubmitOptions } from "./handle.ts";
import type { Job } from "./job.ts";

/**
 * Fills a job's runs.
 * @param context positions a slot has
 * @throws UserError where a setting or the constraint is wrong, or the prompt does not fit
 */
export async function planRuns(
  job: Job,
  session: ModelSession,
  prompt: Prompt,
  options: SubmitOptions,
  context: number,
): Promise<void> {
  const { tokenizer, generationConfig } = session;
  if (prompt.ids.length >= context) throw promptTooLong(prompt.ids.length, context);
  const stated = generationConfig.max_new_tokens;
  const usual = Math.min(context - prompt.ids.length, typeof stated === "number" && stated > 0 ? stated : 4096);
  const sampling = samplingOf(options, generationConfig);
  const constraint = await readyConstraint(options.constraint, tokenizer);
  for (let index = 0; index < (options.n ?? 1); index++) {
    const { request, writer } = beginAnswer({
      tokenizer,
      prompt,
      options,
      maxTokens: options.maxTokens ?? usual,
      sampling,
      format: session.reasoningFormat,
      constraint,
      index,
      onEvent: (event) => job.tell({ ...event, index, answer: null }),
    });
    checkRequest(request, session.decoder.config.vocab_size, context);
    new Sequence(request); // whatever it refuses is refused now, not when a slot is free
    job.runs.push({
      job,
      index,
      request: {
        ...request,
        reusePrompt: options.reusePrompt,
        ...(index === 0 ? promptObserver(job, prompt, options, tokenizer) : {}),
      },
      writer,
      sequence: null,
      paused: false,
      owner: job.owner,
      get priority() {
        return job.priority;
      },
    });
  }
}

/** Fills in the job's log-probabilities of the prompt, where they are wanted. */
function promptObserver(job: Job, { ids }: Prompt, options: SubmitOptions, tokenizer: Tokenizer): Partial<Request> {
  if (options.promptLogprobs === undefined) return {};
  const reader = new TokenReader(tokenizer, options.promptLogprobs, false);
  return {
    reusePrompt: false,
    observePrompt: (logits, start, vocabulary, position) => {
      const next = position + 1;
      job.promptLogprobs[next - 1] = { ...reader.read(logits, start, vocabulary, ids[next]), thinking: false };
    },
  };
}

/** The prompt leaves no room for an answer. */
export const promptTooLong = (tokens: number, context: number): UserError =>
  new UserError(
    `The prompt has ${tokens} tokens, but the context holds ${context}, answer included; shorten the prompt.`,
    { param: "messages", type: "context_length_exceeded" },
  );

/** What a sequence's next token is: forced, or drawn from its row of logits as the request wants it. */
import { UserError } from "../error.ts";
import { drawAdjusted } from "./penalties.ts";
import type { Sequence } from "./sequence.ts";

/**
 * Chooses a token.
 * @param logits holds the row in [start, start + vocabulary)
 * @param lse as Sampler.sample takes it
 * @param step counts steps, for the error
 * @throws UserError where the logits are not finite, and whatever the request's own hooks throw
 */
export function chooseToken(
  sequence: Sequence,
  logits: Float32Array,
  start: number,
  vocabulary: number,
  lse: number,
  step: number,
): number {
  const { sampler, ids, request } = sequence;
  if (sampler.temperature > 0 && !Number.isFinite(lse)) throw notFinite(sequence, step);
  let id = request.force === undefined ? -1 : request.force(ids.length, ids.length === 0 ? -1 : ids[ids.length - 1]);
  if (id < 0) {
    const adjusted = sequence.penalties !== null || request.adjust !== undefined;
    id = adjusted
      ? drawAdjusted(sequence, logits, start, vocabulary, lse)
      : sampler.sample(logits, start, vocabulary, lse);
    if (request.replace !== undefined) id = request.replace(id);
  }
  request.observe?.(logits, start, vocabulary, id);
  return id;
}

export const notFinite = (sequence: Sequence, step: number): UserError =>
  new UserError(
    `The model's logits are not finite at generation step ${step} (new token ${sequence.ids.length + 1} of a prompt of ` +
      `${sequence.request.prompt.length} tokens): the weights hold NaN or infinity; go back to an earlier checkpoint.`,
    { type: "not_finite" },
  );

/** What a sequence's next token is: forced, or drawn from its row of logits as the request wants it. */
import { UserError } from "../error.ts";
import { argmax } from "./sampling.ts";
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

/**
 * Draws for a row with penalties or an `adjust`: from a copy of the logits, with its own sum of exponentials.
 * @throws UserError where no token is left
 */
function drawAdjusted(
  sequence: Sequence,
  logits: Float32Array,
  start: number,
  vocabulary: number,
  lse: number,
): number {
  const { penalties, sampler, request } = sequence;
  if (row.length < vocabulary) row = new Float32Array(vocabulary);
  row.set(logits.subarray(start, start + vocabulary));
  penalties?.apply(row, 0, vocabulary, sequence.ids);
  const adjusted = request.adjust?.(row, 0, vocabulary) ?? false;
  if (penalties === null && !adjusted) return sampler.sample(logits, start, vocabulary, lse);
  const best = row[argmax(row, 0, vocabulary)];
  if (best === Number.NEGATIVE_INFINITY || Number.isNaN(best)) {
    throw new UserError("No token is left to draw: the logit biases ban every token that the constraint allows.", {
      param: "logit_bias",
      type: "invalid_request",
    });
  }
  const temperature = sampler.temperature;
  return sampler.sample(row, 0, vocabulary, temperature === 0 ? 0 : logSumExp(row, vocabulary, best, temperature));
}

function logSumExp(values: Float32Array, count: number, max: number, temperature: number): number {
  const inverse = 1 / temperature;
  let sum = 0;
  for (let v = 0; v < count; v++) sum += Math.exp((values[v] - max) * inverse);
  return max * inverse + Math.log(sum);
}

// Shared by all rows, since drawing never yields to other code.
let row = new Float32Array(0);

export const notFinite = (sequence: Sequence, step: number): UserError =>
  new UserError(
    `The model's logits are not finite at generation step ${step} (new token ${sequence.ids.length + 1} of a prompt of ` +
      `${sequence.request.prompt.length} tokens): the weights hold NaN or infinity; go back to an earlier checkpoint.`,
    { type: "not_finite" },
  );

/** What a text completion request may hold: OpenAI's fields, as far as they make sense for one's own model. */
import { z } from "zod";
import { maybe, samplingFields } from "../chat/schema.ts";

const ids = z.array(z.int().min(0));

export const completionRequest = z.object({
  ...samplingFields,
  /** A text, token ids, or several of either. */
  prompt: z.union([z.string(), z.array(z.string()).min(1), ids.min(1), z.array(ids.min(1)).min(1)]),
  /** The text after the gap: the model fills in between (fill in the middle). */
  suffix: maybe(z.string()),
  echo: maybe(z.boolean()),
  /** How many alternatives to each token. */
  logprobs: maybe(z.int().min(0).max(20)),
  /** vLLM's: the ids of the new tokens, the one that ended the text included, as `token_ids` of each choice. */
  return_token_ids: maybe(z.boolean()),
  best_of: maybe(z.int().min(1).max(1, { error: "only 1 is possible; ask for n answers and choose" })),
});
export type CompletionRequest = z.infer<typeof completionRequest>;

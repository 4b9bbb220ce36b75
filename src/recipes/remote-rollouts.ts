/**
 * Rollouts by a server: token ids in, token ids with their log-probabilities out, over the OpenAI-compatible /v1/completions. The
 * server samples from weights of its own, so the step weighs each token by how likely training finds it, as with rollouts in 8 bits.
 */
import process from "node:process";
import { UserError, usageError } from "../error.ts";
import { apiKey, type Endpoint, openEndpoint } from "../evaluate/answerers/remote/endpoint.ts";
import { Patience } from "../evaluate/answerers/remote/patience.ts";
import { parsed, post, record } from "../evaluate/answerers/remote/post.ts";
import { several } from "../evaluate/answerers/remote/several.ts";
import type { Completion } from "../generate/batch.ts";
import type { Request } from "../generate/sequence.ts";
import type { RlOptions } from "./options.ts";
import type { Sampler } from "./r1-zero-step.ts";

const [RETRIES, TIMEOUT] = [8, 600];

/** @throws UserError (usage) for options that do not go with a server */
export function checkRollouts({ rollouts, rollout_weights, temperature }: RlOptions): void {
  if (rollouts.url === null) return;
  if (rollout_weights !== "f32")
    throw usageError(
      "rollout_weights has no effect where rollouts.url names who samples; leave one of them out",
      "rl.rollout_weights",
    );
  if (temperature !== 1)
    throw usageError(
      `temperature is ${temperature}, but servers tell log-probabilities at temperature 1; leave it at 1, or leave rollouts.url out`,
      "rl.temperature",
    );
}

/**
 * What samples by the server at `rollouts.url`; its key is RECKON_API_KEY's. Entropies, which servers do not tell, are estimated
 * token by token as -log p.
 * @throws UserError where nothing answers there, or there are several models and none is named
 */
export async function remoteSampler(
  { rollouts, slots }: Pick<RlOptions, "rollouts" | "slots">,
  vocabulary: number,
  onNotice: (text: string) => void,
): Promise<Sampler> {
  const flags = { address: "rollouts.url", model: "--set rollouts.model=NAME" };
  const endpoint = await openEndpoint(
    rollouts.url!,
    rollouts.model ?? undefined,
    apiKey(undefined, process.env),
    flags,
  );
  const patience = new Patience({ retries: RETRIES, random: Math.random });
  return async (requests, signal) => {
    const completions: Completion[] = [];
    const ask = async (i: number, signal: AbortSignal): Promise<void> => {
      const once = () => completed(endpoint, requests[i]!, vocabulary, signal);
      completions[i] = await patience.until(`sample ${i + 1}`, once, { signal, onNotice });
    };
    const indices = requests.map((_, i) => i);
    await several(indices, slots, signal, ask);
    return completions;
  };
}

async function completed(
  endpoint: Endpoint,
  request: Request,
  vocabulary: number,
  signal: AbortSignal,
): Promise<Completion> {
  const body = {
    model: endpoint.model,
    prompt: Array.from(request.prompt),
    max_tokens: request.maxTokens,
    temperature: request.sampling.temperature,
    seed: request.sampling.seed,
    // the whole distribution, whatever the server's own habits
    ...{ top_p: 1, top_k: -1, min_p: 0, repetition_penalty: 1, presence_penalty: 0, frequency_penalty: 0 },
    logprobs: 0,
    return_token_ids: true,
  };
  const options = { signal, timeout: TIMEOUT };
  const choice = await post(endpoint, "/completions", body, options, async (response) => {
    const { choices } = parsed(await response.text());
    return (Array.isArray(choices) ? record(choices[0]) : null) ?? {};
  });
  const ids = numbers(choice.token_ids);
  const logprobs = numbers(record(choice.logprobs)?.token_logprobs);
  if (ids === null || logprobs === null || ids.length !== logprobs.length)
    throw unfit(endpoint, ids === null ? "which tokens it sampled (token_ids)" : "the log-probability of each token");
  const strange = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
  if (strange !== undefined)
    throw new UserError(
      `The server ${endpoint.base} sampled token ${strange}, which the model being trained lacks: it serves another model, ${endpoint.model}.`,
      { type: "refused", param: "rollouts.url" },
    );
  const finish = choice.finish_reason === "stop" ? "stop" : "length";
  if (finish === "stop" && !request.stopIds.includes(ids.at(-1) ?? -1))
    throw unfit(endpoint, "the token that ended an answer");
  const logps = Float32Array.from(logprobs);
  return { ids, logps, entropies: logps.map((logp) => -logp), finish, promptTokens: request.prompt.length };
}

const unfit = ({ base }: Endpoint, what: string): UserError =>
  new UserError(
    `The server ${base} does not tell ${what}, without which nothing can be learned from its answers; \`reckon serve\` does, and vLLM from 0.10.2 (return_token_ids).`,
    { type: "refused", param: "rollouts.url" },
  );

const numbers = (value: unknown): number[] | null =>
  Array.isArray(value) && value.every((one) => typeof one === "number") ? value : null;

// `reckon eval --judge-url`: answers judged by a model of a server instead of the benchmark's verifier.
import { usageError } from "../../error.ts";
import { apiKey, isUrl, openEndpoint } from "../../evaluate/answerers/remote/endpoint.ts";
import { RemoteAnswerer } from "../../evaluate/answerers/remote/remote.ts";
import type { Item } from "../../evaluate/item.ts";
import { JUDGE_PROMPT, ModelJudge } from "../../evaluate/judge-model.ts";
import type { Settings } from "../../evaluate/record/settings.ts";
import { formatCount } from "../humane.ts";
import { note } from "../output.ts";
import type { EvalOptions } from "./options.ts";

export interface ServerJudge {
  readonly model: ModelJudge;
  readonly server: string;
}

/** Opens the judge that the flags name, null where they name none. @throws UserError for flags that do not go together, or a server that is not there */
export async function openJudge(options: EvalOptions, signal: AbortSignal): Promise<ServerJudge | null> {
  const { judgeUrl, judgeModel, judgeKey, judge, concurrency, retries, timeout } = options;
  if (judgeUrl === undefined) {
    const flag = judgeModel !== undefined ? "--judge-model" : judgeKey !== undefined ? "--judge-key" : null;
    if (flag !== null) throw usageError(`${flag} needs --judge-url, the address of the judge's server`, flag);
    return null;
  }
  if (!isUrl(judgeUrl)) {
    throw usageError(`--judge-url ${judgeUrl} is no address; write it like http://127.0.0.1:8080`, "--judge-url");
  }
  if (judge !== undefined) throw usageError("--judge and --judge-url are two judges; give one of them", "--judge");
  const key = apiKey(judgeKey, process.env, "--judge-key");
  const endpoint = await openEndpoint(judgeUrl, judgeModel, key, { address: "--judge-url", model: "--judge-model" });
  const answerer = new RemoteAnswerer(endpoint, { concurrency, retries, timeout, random: Math.random });
  return { model: new ModelJudge(answerer, concurrency, { signal, onNotice: note }), server: endpoint.base };
}

/** The same question, judged by the model. */
export const withJudge = (item: Item, { model }: ServerJudge): Item => ({
  ...item,
  judge: model.of(item.id, item.text ?? item.prompt, item.gold),
});

/** What of a judge an items file keeps. */
export const judgeSettings = (judge: ServerJudge | null): Pick<Settings, "judge" | "judge_prompt"> => ({
  judge: judge === null ? null : `${judge.model.name} at ${judge.server}`,
  judge_prompt: judge === null ? null : JUDGE_PROMPT,
});

/** What judging took, which the evaluation's cost leaves out. */
export function judgeRemarks(judge: ServerJudge | null): string[] {
  if (judge === null || judge.model.used.calls === 0) return [];
  const { calls, promptTokens, newTokens } = judge.model.used;
  const tokens = Number.isNaN(promptTokens + newTokens)
    ? "tokens not counted by its server"
    : `${formatCount(promptTokens)} tokens read and ${formatCount(newTokens)} written`;
  return [`Judged by ${judge.model.name}: ${calls} requests, ${tokens}, which the cost leaves out.`];
}

// `reckon eval --benchmark`: a model opened here, or a server, is asked a benchmark's questions.
import { UserError, usageError } from "../../error.ts";
import type { Answerer, AnswerSettings } from "../../evaluate/answerers/answerer.ts";
import { LocalAnswerer } from "../../evaluate/answerers/local.ts";
import { apiKey, isUrl, openEndpoint } from "../../evaluate/answerers/remote/endpoint.ts";
import { RemoteAnswerer } from "../../evaluate/answerers/remote/remote.ts";
import { type OpenBenchmark, openBenchmark } from "../../evaluate/benchmarks/registry.ts";
import { evaluationCost, type Rate } from "../../evaluate/cost/cost.ts";
import { energyMeter } from "../../evaluate/cost/energy.ts";
import { HELD_OUT_SEED } from "../../evaluate/held-out.ts";
import { weightsFingerprint } from "../../evaluate/record/fingerprint.ts";
import { Journal } from "../../evaluate/record/journal.ts";
import type { Settings } from "../../evaluate/record/settings.ts";
import { type Finished, runEvaluation } from "../../evaluate/run.ts";
import { ModelSession } from "../../generate/session.ts";
import { cpuDevice } from "../../kernels/cpu/device.ts";
import type { ModelConfig } from "../../model/config.ts";
import { formatCount } from "../humane.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { startProgress } from "../progress.ts";
import { judgeRemarks, judgeSettings, openJudge, type ServerJudge, withJudge } from "./judge.ts";
import { checkedKs, type EvalOptions, itemsWanted, placesOf, rateOf, samplingOf } from "./options.ts";
import { type Evaluation, tell } from "./result.ts";

/** Asks, and tells the result. */
export async function askBenchmark(name: string, options: EvalOptions): Promise<void> {
  const seed = options.seed ?? HELD_OUT_SEED;
  const { samples } = options;
  const sampling = samplingOf(options);
  const ks = checkedKs(options.k, samples, "--samples gives");
  const { wordings, families, level } = options;
  const benchmark = openBenchmark(
    name,
    { items: itemsWanted(options), wordings, families, level, seed },
    placesOf(options.data),
  );
  if (benchmark.items.length === 0) throw usageError(`${name} has no question of that selection`, "--families");
  using interrupt = listenForInterrupt(
    options.out === undefined
      ? "stopping; press Ctrl-C again to stop at once"
      : `stopping; the answers so far are in ${options.out}, and the same command goes on with it`,
  );
  const judge = await openJudge(options, interrupt.signal);
  const judged =
    judge === null ? benchmark : { ...benchmark, items: benchmark.items.map((item) => withJudge(item, judge)) };
  const asked = (model: Opened) =>
    run(model, judged, { ...options, seed, ...sampling, signal: interrupt.signal, ks, server: judge });
  tell(await (isUrl(options.model) ? withServer(options.model, options, asked) : withLocal(options, asked)), options);
}

/** A model that is ready. */
interface Opened {
  readonly answerer: Answerer;
  readonly server: string | null;
  readonly weights: string | null;
  readonly config?: ModelConfig;
  readonly threads: number;
  readonly rate: Rate;
  readonly maxTokens: number;
}

async function withServer(
  address: string,
  options: EvalOptions,
  use: (model: Opened) => Promise<Evaluation>,
): Promise<Evaluation> {
  if (options.thinkBudget !== undefined)
    throw usageError("--think-budget is for models opened here, not for servers", "--think-budget");
  const endpoint = await openEndpoint(address, options.apiModel, apiKey(options.apiKey, process.env));
  const { concurrency, retries, timeout } = options;
  return await use({
    answerer: new RemoteAnswerer(endpoint, { concurrency, retries, timeout, random: Math.random }),
    server: endpoint.base,
    weights: null,
    threads: 0,
    rate: rateOf(options, endpoint),
    maxTokens: options.maxTokens ?? 32_768,
  });
}

async function withLocal(options: EvalOptions, use: (model: Opened) => Promise<Evaluation>): Promise<Evaluation> {
  const { model, threads, weights, mla, slots } = options;
  const rate = rateOf(options, null);
  // All cores: a batch keeps them busy where one answer would not.
  const device = await cpuDevice({ threads });
  try {
    const session = await ModelSession.open({ model, device, weights, mla });
    try {
      const stated = session.generationConfig.max_new_tokens;
      return await use({
        answerer: new LocalAnswerer(session, slots),
        server: null,
        weights: [weightsFingerprint(session.folder), weights ?? "stored", mla ?? "plain"].join(" "),
        config: session.decoder.config,
        threads: device.threads,
        rate,
        maxTokens: options.maxTokens ?? (typeof stated === "number" && stated > 0 ? stated : 1024),
      });
    } finally {
      await session.close();
    }
  } finally {
    await device.close();
  }
}

interface Run extends EvalOptions {
  readonly seed: number;
  readonly temperature: number;
  readonly topP: number;
  readonly signal: AbortSignal;
  readonly ks: readonly number[] | undefined;
  readonly server: ServerJudge | null;
}

async function run(model: Opened, benchmark: OpenBenchmark, options: Run): Promise<Evaluation> {
  const { answerer, config, rate, maxTokens } = model;
  const { samples, temperature, topP, thinkBudget, seed, ks, out, server: judge } = options;
  const settings: Settings = {
    benchmark: benchmark.name,
    benchmark_sha256: benchmark.sha256,
    licence: benchmark.licence,
    model: answerer.name,
    server: model.server,
    weights: model.weights,
    temperature,
    top_p: topP,
    max_tokens: maxTokens,
    think_budget: thinkBudget ?? null,
    seed,
    ...judgeSettings(judge),
  };
  const journal = out === undefined ? null : Journal.open(out, settings, benchmark.items);
  let finished: Finished;
  try {
    finished = await answered(model, benchmark, journal, { temperature, topP, maxTokens, thinkBudget }, options);
  } catch (error) {
    throw out === undefined || !(error instanceof UserError) ? error : resumable(error, out);
  } finally {
    journal?.close();
  }
  const { results, used } = finished;
  return {
    settings,
    results,
    samples,
    summary: { ks, seed, same: benchmark.same },
    seconds: used.seconds,
    cost: evaluationCost({ results, ...used, rate, config }),
    items: out ?? null,
    remarks: judgeRemarks(judge),
  };
}

async function answered(
  { answerer, threads }: Opened,
  { items }: OpenBenchmark,
  journal: Journal | null,
  settings: AnswerSettings,
  { samples, seed, signal }: Run,
): Promise<Finished> {
  const total = items.length * samples;
  const start = [...(journal?.done.values() ?? [])].reduce(
    (sum, own) => sum + [...own.keys()].filter((sample) => sample < samples).length,
    0,
  );
  using progress = startProgress({ label: "eval", total, start, unit: "answer" });
  if (start > 0) progress.line(`${start} of ${total} answers are in ${journal!.file} already; asking for the others`);
  const began = performance.now();
  const joules = energyMeter();
  return await runEvaluation(answerer, {
    items,
    samples,
    settings,
    seed,
    signal,
    journal,
    threads,
    joules: () => joules?.() ?? null,
    onProgress: ({ done, right, tokens }) => {
      const rate = tokens / ((performance.now() - began) / 1000);
      const share = done === 0 ? "" : `${((100 * right) / done).toFixed(1)} % right, `;
      progress.update(done, `${share}${formatCount(Math.round(rate))} tok/s`);
    },
    onNotice: (line) => progress.line(line),
  });
}

/** The same error, saying that nothing answered is lost. */
const resumable = (error: UserError, out: string): UserError =>
  error.type === "unreachable" || error.type === "refused"
    ? new UserError(`${error.message} The answers so far are in ${out}; the same command goes on with it.`, {
        exitCode: error.exitCode,
        type: error.type,
        param: error.param,
      })
    : error;

// The flags of `reckon eval`, and what follows from those left out.
import path from "node:path";
import type { Command } from "commander";
import { UserError, usageError } from "../../error.ts";
import type { DataPlaces } from "../../evaluate/benchmarks/find.ts";
import { benchmarkNames } from "../../evaluate/benchmarks/registry.ts";
import { DEFAULT_RATE, type Rate } from "../../evaluate/cost/cost.ts";
import { listedPrice } from "../../evaluate/cost/prices.ts";
import {
  addCommonOptions,
  type CommonOptions,
  integerList,
  naturalNumber,
  numberBetween,
  positiveInteger,
} from "../options.ts";

export interface EvalOptions extends CommonOptions {
  readonly benchmark?: string;
  readonly data?: string;
  readonly fromSamples?: string;
  readonly k?: readonly number[];
  readonly judge?: JudgeName;
  readonly rejudge?: true;
  readonly judgeUrl?: string;
  readonly judgeModel?: string;
  readonly judgeKey?: string;
  readonly model?: string;
  readonly apiModel?: string;
  readonly apiKey?: string;
  readonly concurrency: number;
  readonly retries: number;
  readonly timeout: number;
  readonly items?: number;
  readonly limit?: number;
  readonly wordings?: readonly (number | "any")[];
  readonly families?: readonly string[];
  readonly level?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly samples: number;
  readonly maxTokens?: number;
  readonly thinkBudget?: number;
  readonly slots: number;
  readonly out?: string;
  readonly report?: string;
  readonly usdPerHour?: number;
  readonly price?: readonly number[];
}

/** Judges for answers whose benchmark is not known. */
export const JUDGES = ["math", "choice", "exact"] as const;
export type JudgeName = (typeof JUDGES)[number];

export function addEvalOptions(command: Command): Command {
  command
    .option("--benchmark <name>", `which: ${benchmarkNames().join(", ")}, or a file of questions`)
    .option(
      "--data <folder>",
      "where the benchmarks' files are (default: RECKON_DATA, else data, ../data or ../shared/data)",
    )
    .option(
      "--model <model>",
      "a folder, a run, a .gguf file, a pulled name, or the address of an OpenAI-compatible server (default: the bundled model)",
    )
    .option(
      "--items <n>",
      "questions; of each family, task or language where the benchmark has them",
      positiveInteger("--items"),
    )
    .option("--limit <n>", "the same as --items", positiveInteger("--limit"))
    .option("--families <a,b>", "only these families, tasks or languages", (text) =>
      text.split(",").map((name) => name.trim()),
    )
    .option(
      "--wordings <0,1|any>",
      "held-out: wordings by number, 0 being the canonical one, or any: a random one each",
      wordings,
    )
    .option("--level <l>", "held-out: how hard, from 1", positiveInteger("--level"))
    .option(
      "--samples <k>",
      "answers to each question, for pass@k and the majority's accuracy",
      positiveInteger("--samples"),
      1,
    )
    .option("--k <1,4,16>", "which pass@k and cons@k (default: the number of answers)", integerList("--k"))
    .option(
      "--temperature <t>",
      "0: always the most likely token (default: 0, and 0.6 with several samples)",
      numberBetween("--temperature", 0, 100),
    )
    .option(
      "--top-p <p>",
      "the fewest tokens with this much probability (default: 0.95 where the temperature is the default 0.6, else 1)",
      numberBetween("--top-p", 0, 1),
    )
    .option(
      "--max-tokens <n>",
      "at most this many new tokens an answer (default: generation_config.json's max_new_tokens, else 1024, and 32768 of a server; never more than the context)",
      positiveInteger("--max-tokens"),
    )
    .option(
      "--think-budget <n>",
      "at most this many thinking tokens; 0: answer directly (not for servers)",
      naturalNumber("--think-budget"),
    )
    .option("--slots <n>", "answers written at once by a model opened here", positiveInteger("--slots"), 64)
    .option(
      "--out <file>",
      "writes every answer here as it comes, a JSON line each; the same command goes on where it stopped",
    )
    .option("--report <file>", "writes a report as .html, .json and .md (default: beside --out)")
    .option("--api-model <name>", "server: the model's name (default: its only one)")
    .option("--api-key <key>", "server: the key, or env:NAME for what that variable holds (default: RECKON_API_KEY)")
    .option("--concurrency <n>", "server: requests at once", positiveInteger("--concurrency"), 8)
    .option("--retries <n>", "server: how often a failed request is made again", naturalNumber("--retries"), 6)
    .option("--timeout <s>", "server: longest silence in seconds", numberBetween("--timeout", 0.1, 300), 300)
    .option(
      "--usd-per-hour <usd>",
      "counts money by the hour of the machine",
      numberBetween("--usd-per-hour", 0, Number.POSITIVE_INFINITY),
    )
    .option("--price <in,out[,cached]>", "counts money by US dollars a million tokens", price)
    .option(
      "--from-samples <file>",
      "adds up answers there are already: JSON lines {id, gold, samples} or {id, correct}, or a file of --out",
    )
    .option(
      "--judge <math|choice|exact>",
      "with --from-samples: how answers are judged (default: by --benchmark's judge, else math)",
      judgeName,
    )
    .option("--rejudge", "with --from-samples: judges answers again that are judged already")
    .option(
      "--judge-url <address>",
      "answers are judged by a model of this OpenAI-compatible server, which is told the question and the gold answer",
    )
    .option("--judge-model <name>", "the judge's name there (default: its only one)")
    .option("--judge-key <key>", "the judge's key, or env:NAME (default: RECKON_API_KEY)");
  return addCommonOptions(command, ["seed", "threads", "device", "weights", "mla", "json"]);
}

/** How answers are drawn where flags are left out. */
export function samplingOf({ samples, temperature, topP }: EvalOptions): {
  readonly temperature: number;
  readonly topP: number;
} {
  // The paper's protocol (arXiv 2501.12948, section 3) where several answers are wanted; one answer is greedy.
  const protocol = samples > 1 && temperature === undefined;
  const chosen = temperature ?? (protocol ? 0.6 : 0);
  if (chosen === 0 && samples > 1) {
    throw usageError(
      `--samples ${samples} at --temperature 0 would give the same answer ${samples} times; raise the temperature`,
      "--temperature",
    );
  }
  return { temperature: chosen, topP: topP ?? (protocol ? 0.95 : 1) };
}

/** What money is counted by. @param server the base URL and the model's name there; null for a model opened here */
export function rateOf(
  { usdPerHour, price: stated }: EvalOptions,
  server: { readonly base: string; readonly model: string } | null,
): Rate {
  if (usdPerHour !== undefined && stated !== undefined) {
    throw usageError("--usd-per-hour and --price are two ways to count the same; give one of them", "--price");
  }
  if (usdPerHour !== undefined) return { kind: "hour", usd: usdPerHour };
  if (stated !== undefined) {
    const [input, output, cached] = stated as [number, number, number?];
    return {
      kind: "tokens",
      price: { input, output, cached: cached ?? null, date: new Date().toISOString().slice(0, 10), source: "--price" },
    };
  }
  if (server === null) return DEFAULT_RATE;
  const listed = listedPrice(server.model, server.base);
  return listed === null ? null : { kind: "tokens", price: listed };
}

/** Where benchmarks' files are looked for. */
export const placesOf = (folder: string | undefined): DataPlaces => ({
  folder,
  variable: process.env.RECKON_DATA,
  workingFolder: process.cwd(),
  checkout: path.join(import.meta.dirname, "../../.."),
});

/** Questions wanted, by either of two flags. */
export function itemsWanted({ items, limit }: EvalOptions): number | undefined {
  if (items !== undefined && limit !== undefined && items !== limit) {
    throw usageError("--items and --limit are the same; give one of them", "--limit");
  }
  return items ?? limit;
}

/** Which pass@k, checked against the answers there are; undefined: the default. */
export function checkedKs(
  ks: readonly number[] | undefined,
  fewest: number,
  whose: string,
): readonly number[] | undefined {
  const most = ks?.find((k) => k > fewest || k < 1);
  if (most === undefined) return ks;
  throw usageError(
    most < 1
      ? "--k must be whole numbers of at least 1"
      : `--k ${most} needs at least ${most} answers to each question, and ${whose} ${fewest}`,
    "--k",
  );
}

/** Parses `0,1,2` or `any`. */
function wordings(text: string): readonly (number | "any")[] {
  if (text.trim() === "any") return ["any"];
  try {
    return [...new Set(integerList("--wordings")(text))];
  } catch {
    throw new UserError(`--wordings must be numbers separated by commas, or any, not "${text}"`, {
      exitCode: 2,
      param: "--wordings",
    });
  }
}

function price(text: string): readonly number[] {
  const parts = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if ((parts.length === 2 || parts.length === 3) && parts.every((one) => one >= 0 && Number.isFinite(one)))
    return parts;
  throw usageError(
    `--price must be two or three numbers such as 0.55,2.19 or 0.55,2.19,0.14, not "${text}"`,
    "--price",
  );
}

function judgeName(text: string): JudgeName {
  const name = JUDGES.find((one) => one === text);
  if (name === undefined) throw usageError(`--judge must be ${JUDGES.join(", ")}, not "${text}"`, "--judge");
  return name;
}

// `reckon eval`: a model's accuracy on a benchmark with its standard error, its thinking tokens, its speed and its cost.
import path from "node:path";
import type { Command } from "commander";
import { atomicWriteFile } from "../checkpoint/atomic.ts";
import { UserError, usageError } from "../error.ts";
import { type Summary, summarize } from "../evaluate/accuracy.ts";
import { type Asked, askAll } from "../evaluate/ask-all.ts";
import { askingOf } from "../evaluate/asking.ts";
import { benchmarkNames, openBenchmark } from "../evaluate/benchmarks/registry.ts";
import { HELD_OUT_SEED } from "../evaluate/held-out.ts";
import type { Item } from "../evaluate/item.ts";
import { evaluationRow, itemRecord } from "../evaluate/row.ts";
import { ModelSession } from "../generate/session.ts";
import { cpuDevice } from "../kernels/cpu/device.ts";
import { dollars } from "./answer-printer.ts";
import { formatCount, formatDuration, formatTable } from "./humane.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { addCommonOptions, type CommonOptions, integerList, numberBetween, positiveInteger } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { startProgress } from "./progress.ts";

interface EvalOptions extends CommonOptions {
  readonly benchmark: string;
  readonly model?: string;
  readonly items?: number;
  readonly limit?: number;
  readonly wordings?: readonly (number | "any")[];
  readonly families?: readonly string[];
  readonly level?: number;
  readonly temperature?: number;
  readonly samples: number;
  readonly maxTokens?: number;
  readonly slots: number;
  readonly out?: string;
}

export function register(program: Command): void {
  const command = program
    .command("eval")
    .requiredOption("--benchmark <name>", `which: ${benchmarkNames().join(", ")}, or a file of questions`)
    .option("--model <model>", "a model's folder or a run's (default: the bundled model)")
    .option("--items <n>", "questions of each family", positiveInteger("--items"))
    .option("--limit <n>", "the same as --items", positiveInteger("--limit"))
    .option(
      "--wordings <0,1|any>",
      "wordings by number, 0 being the canonical one, or any: a random one each",
      wordings,
    )
    .option("--families <a,b>", "only these families", (text) => text.split(",").map((name) => name.trim()))
    .option("--level <l>", "how hard, from 1", positiveInteger("--level"))
    .option(
      "--temperature <t>",
      "0: always the most likely token (default: 0, and 1 with several samples)",
      numberBetween("--temperature", 0, 100),
    )
    .option(
      "--samples <k>",
      "answers to each question, for pass@k and the majority's accuracy",
      positiveInteger("--samples"),
      1,
    )
    .option(
      "--max-tokens <n>",
      "at most this many new tokens an answer (default: generation_config.json's max_new_tokens, else 1024; never more than the context)",
      positiveInteger("--max-tokens"),
    )
    .option("--slots <n>", "answers written at once", positiveInteger("--slots"), 64)
    .option("--out <file>", "writes every question with its answers here, a JSON line each");
  addCommonOptions(command, ["seed", "threads", "device", "json"]).action(evaluate);
}

async function evaluate(options: EvalOptions): Promise<void> {
  if (options.items !== undefined && options.limit !== undefined && options.items !== options.limit) {
    throw usageError("--items and --limit are the same; give one of them", "--limit");
  }
  const temperature = options.temperature ?? (options.samples > 1 ? 1 : 0);
  if (temperature === 0 && options.samples > 1) {
    throw usageError(
      `--samples ${options.samples} at --temperature 0 would give the same answer ${options.samples} times; raise the temperature`,
      "--temperature",
    );
  }
  const seed = options.seed ?? HELD_OUT_SEED;
  const { wordings, families, level } = options;
  const benchmark = openBenchmark(
    options.benchmark,
    { items: options.items ?? options.limit, wordings, families, level, seed },
    {
      variable: process.env.RECKON_DATA,
      workingFolder: process.cwd(),
      checkout: path.join(import.meta.dirname, "../.."),
    },
  );
  const { items } = benchmark;
  using interrupt = listenForInterrupt("stopping; press Ctrl-C again to stop at once");
  // All cores: a batch keeps them busy where one answer would not.
  const device = await cpuDevice({ threads: options.threads });
  try {
    const session = await ModelSession.open({ model: options.model, device });
    try {
      const asked = await askWithProgress(session, items, { ...options, temperature, seed, signal: interrupt.signal });
      interrupt.signal.throwIfAborted(); // half an evaluation is no result
      report(session.name, benchmark.name, asked, options);
    } finally {
      await session.close();
    }
  } finally {
    await device.close();
  }
}

async function askWithProgress(
  session: ModelSession,
  items: readonly Item[],
  options: EvalOptions & { readonly temperature: number; readonly seed: number; readonly signal: AbortSignal },
): Promise<Asked> {
  const { samples, temperature, seed, slots, signal } = options;
  const stated = session.generationConfig.max_new_tokens;
  const maxTokens = options.maxTokens ?? (typeof stated === "number" && stated > 0 ? stated : 1024);
  using progress = startProgress({ label: "eval", total: items.length * samples, unit: "answer" });
  const began = performance.now();
  return await askAll(session.decoder, askingOf(session), items, {
    samples,
    temperature,
    maxTokens,
    seed,
    slots,
    signal,
    onProgress: (done, _, tokens) => {
      const rate = tokens / ((performance.now() - began) / 1000);
      progress.update(done, `${formatCount(Math.round(rate))} tok/s`);
    },
  });
}

function report(model: string, benchmark: string, asked: Asked, options: EvalOptions): void {
  if (options.out !== undefined) {
    atomicWriteFile(options.out, asked.results.map((one) => `${JSON.stringify(itemRecord(one))}\n`).join(""));
  }
  if (options.json) {
    printJson({ model, ...evaluationRow(benchmark, asked, options.out ?? null) });
    return;
  }
  const summary = summarize(asked);
  print(familyTable(summary));
  print("");
  print(
    `${model} on ${benchmark}: ${(100 * summary.accuracy).toFixed(1)} ± ${(100 * summary.stderr).toFixed(1)} % right ` +
      `(n ${summary.n}, ${asked.temperature === 0 ? "greedy" : `temperature ${asked.temperature}`}), ` +
      `${(100 * summary.format).toFixed(1)} % in form, ${summary.thinking.toFixed(1)} thinking tokens an answer`,
  );
  for (const [k, value] of summary.pass)
    print(`pass@${k} ${value.toFixed(3)}, cons@${k} ${summary.cons.get(k)!.toFixed(3)}`);
  const { cost, newTokens, seconds } = asked;
  note(
    `[${formatCount(newTokens)} tokens in ${formatDuration(seconds)}, ${formatCount(Math.round(newTokens / seconds))} tokens/s; ` +
      `${formatCount(cost.flops)}FLOP, ${formatCount(cost.core_seconds)} core-seconds, ` +
      `${dollars(cost.usd)} at $${cost.usd_per_core_hour} a core-hour]`,
  );
}

/** A row a family, a column a wording, then thinking tokens and with several samples pass@k and cons@k; the mean last. */
export function familyTable(summary: Summary): string {
  const variants = Object.keys(summary.variants);
  const head = [
    "family",
    ...variants.map((one) => (one === "" ? "pass@1" : one === "any" ? "any wording" : `wording ${one}`)),
    ...(variants.length > 1 ? ["all"] : []),
    ...[...summary.pass.keys()].flatMap((k) => [`pass@${k}`, `cons@${k}`]),
    "thinking",
  ];
  const row = (name: string, one: Pick<Summary, "accuracy" | "pass" | "cons" | "thinking" | "variants">) => [
    name,
    ...variants.map((variant) => one.variants[variant]?.accuracy.toFixed(3) ?? "-"),
    ...(variants.length > 1 ? [one.accuracy.toFixed(3)] : []),
    ...[...one.pass].flatMap(([k, value]) => [value.toFixed(3), one.cons.get(k)!.toFixed(3)]),
    one.thinking.toFixed(1),
  ];
  return formatTable([head, ...summary.groups.map((one) => row(one.group, one)), row("mean", summary)]);
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

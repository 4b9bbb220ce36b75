// `reckon eval`: accuracy on a benchmark with its standard error, thinking tokens, speed and cost; of a model here, a server, or
// answers there are. Each way is loaded when it is gone: adding up a file needs no engine.
import type { Command } from "commander";
import { usageError } from "../error.ts";
import type { CompareOptions } from "./eval/compare.ts";
import type { ContaminationOptions } from "./eval/contamination.ts";
import { addEvalOptions, type EvalOptions } from "./eval/options.ts";
import { addCommonOptions, positiveInteger } from "./options.ts";

/** Adds `eval` and its sub-commands. */
export function register(program: Command): void {
  // Flags behind a sub-command's name are the sub-command's; commander wants it said on every level.
  const command = program.enablePositionalOptions().command("eval").enablePositionalOptions();
  addEvalOptions(command).action((options: EvalOptions) => evaluate(options));
  const list = command.command("list").description("the benchmarks there are, their files and their licences");
  list.option("--data <folder>", "where the benchmarks' files are");
  addCommonOptions(list, ["json"]).action(async (options) => (await import("./eval/list.ts")).listBenchmarks(options));
  const compare = command
    .command("compare")
    .description("evaluations of the same questions: is the difference more than chance, and which answers changed")
    .argument("<first>", "a file of --out, or of the other forms of --from-samples")
    .argument("<others...>", "files to compare with the first")
    .option("--report <file>", "writes a report as .html, .json and .md");
  addCommonOptions(compare, ["seed", "json"]).action(
    async (first: string, others: readonly string[], options: CompareOptions) =>
      (await import("./eval/compare.ts")).compareFiles([first, ...others], options),
  );
  const contamination = command
    .command("contamination")
    .description("which of a benchmark's questions stand in training data")
    .requiredOption("--benchmark <name>", "a benchmark's name, or a file of questions")
    .option("--data <folder>", "where the benchmarks' files are")
    .requiredOption("--training <files...>", "text or JSON lines, gzipped or not")
    .option("--n <words>", "words in a row that count as found", positiveInteger("--n"), 13);
  addCommonOptions(contamination, ["json"]).action(async (options: ContaminationOptions) =>
    (await import("./eval/contamination.ts")).lookForContamination(options),
  );
}

async function evaluate(options: EvalOptions): Promise<void> {
  const { benchmark, fromSamples } = options;
  if (fromSamples !== undefined)
    return await (await import("./eval/from-samples.ts")).addUpSamples(fromSamples, options);
  if (options.judge !== undefined || options.rejudge) {
    throw usageError("--judge and --rejudge are for answers that are there: add --from-samples FILE", "--judge");
  }
  if (benchmark === undefined) {
    throw usageError(
      "what is to be evaluated is missing: give --benchmark (`reckon eval list` shows which there are) or --from-samples",
      "--benchmark",
    );
  }
  await (await import("./eval/ask.ts")).askBenchmark(benchmark, options);
}

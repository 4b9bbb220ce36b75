// `reckon merge`: the mean of several models' weights as a new model.
import type { Command } from "commander";
import { checkIsFree, digestFolder, type ExportDtype } from "../checkpoint/export.ts";
import { mergeModels } from "../checkpoint/merge.ts";
import { usageError } from "../error.ts";
import { printDigest } from "./export.ts";
import { addCommonOptions, type CommonOptions, numberBetween } from "./options.ts";
import { printJson } from "./output.ts";

interface MergeOptions extends CommonOptions {
  readonly to: string;
  readonly shares?: readonly number[];
  readonly type: ExportDtype;
}

export function register(program: Command): void {
  const command = program
    .command("merge")
    .argument("<models...>", "folders, runs or .gguf files of one shape, trained on from one start")
    .requiredOption("--to <folder>", "a new folder")
    .option("--shares <numbers>", "a share for each model, such as 2,1 (default: equal ones)", sharesOf)
    .option("--type <type>", "number format of the matrices: F32 or BF16", typeNamed, "F32");
  addCommonOptions(command, ["json"]).action(run);
}

async function run(models: readonly string[], { to, shares, type, json }: MergeOptions): Promise<void> {
  if (shares !== undefined && shares.length !== models.length)
    throw usageError(`--shares has ${shares.length} shares for ${models.length} models; give each one`, "--shares");
  checkIsFree(to);
  await mergeModels(
    models.map((model, i) => ({ model, share: shares?.[i] ?? 1 })),
    to,
    type,
  );
  const digest = digestFolder(to);
  if (json) printJson(digest);
  else printDigest(digest);
}

const sharesOf = (text: string): readonly number[] =>
  text.split(",").map(numberBetween("--shares", 0, Number.POSITIVE_INFINITY));

function typeNamed(text: string): ExportDtype {
  const type = text.toUpperCase();
  if (type === "F32" || type === "BF16") return type;
  throw usageError(`--type must be F32 or BF16, not "${text}"`, "--type");
}

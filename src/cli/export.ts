// `reckon export`: a model's or a run's newest weights as a Hugging Face folder that other software opens.
import type { Command } from "commander";
import { checkIsFree, digestFolder, type ExportDtype, exportModel, type FolderDigest } from "../checkpoint/export.ts";
import { usageError } from "../error.ts";
import { formatBytes } from "./humane.ts";
import { addCommonOptions, type CommonOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface ExportOptions extends CommonOptions {
  readonly model: string;
  readonly to: string;
  readonly dtype: ExportDtype;
}

export function register(program: Command): void {
  const command = program
    .command("export")
    .requiredOption("--model <model>", "a model's folder or a run's")
    .requiredOption("--to <folder>", "a new folder")
    .option("--dtype <F32|BF16>", "number format of the weights; BF16 halves the size and rounds", dtypeNamed, "F32");
  addCommonOptions(command, ["json"]).action(run);
}

async function run({ model, to, dtype, json }: ExportOptions): Promise<void> {
  if (/\.gguf$/i.test(to)) {
    throw usageError(
      `--to ${to} asks for a GGUF file, which this version does not write yet; name a folder for Hugging Face's layout`,
      "--to",
    );
  }
  checkIsFree(to);
  await exportModel(model, to, dtype);
  const digest = digestFolder(to);
  if (json) printJson(digest);
  else printDigest(digest);
}

/** A folder's files with their sizes and hashes. */
export function printDigest({ path, bytes, sha256, files }: FolderDigest): void {
  for (const one of files) print(`${one.sha256}  ${one.name}  ${formatBytes(one.bytes)}`);
  print(`${path}: ${formatBytes(bytes)}, sha256 of this list ${sha256}`);
}

function dtypeNamed(text: string): ExportDtype {
  const name = text.toUpperCase();
  if (name === "F32" || name === "BF16") return name;
  throw usageError(`--dtype must be F32 or BF16, not "${text}"`, "--dtype");
}

// `reckon export`: a model's or a run's newest weights as a Hugging Face folder or a GGUF file that other software opens.
import type { Command } from "commander";
import {
  checkIsFree,
  checkIsNew,
  digestFile,
  digestFolder,
  exportGguf,
  exportModel,
  type FolderDigest,
} from "../checkpoint/export.ts";
import { EXPORT_TYPES, type ExportType } from "../checkpoint/gguf/write.ts";
import { usageError } from "../error.ts";
import { formatBytes } from "./humane.ts";
import { addCommonOptions, type CommonOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface ExportOptions extends CommonOptions {
  readonly model: string;
  readonly to: string;
  readonly type?: ExportType;
  readonly dtype?: ExportType;
  readonly mtp?: true;
}

export function register(program: Command): void {
  const command = program
    .command("export")
    .description("write a model as a Hugging Face folder or a GGUF file")
    .requiredOption("--model <model>", "a model's or a run's folder, or a .gguf file")
    .requiredOption("--to <place>", "a new folder, or a new file ending in .gguf")
    .option(
      "--type <type>",
      "number format of the matrices: F32 (default) or BF16 for a folder; F32, F16 (default), BF16, Q8_0 or Q4_0 for a GGUF file",
      typeNamed("--type"),
    )
    .option("--dtype <type>", "the same as --type", typeNamed("--dtype"))
    .option("--mtp", "write multi-token-prediction modules into a GGUF file too; older llama.cpp refuses such a file");
  addCommonOptions(command, ["json"]).action(run);
}

async function run({ model, to, type, dtype, mtp, json }: ExportOptions): Promise<void> {
  const wanted = type ?? dtype;
  const digest = /\.gguf$/i.test(to) ? toGguf(model, to, wanted, mtp === true) : await toFolder(model, to, wanted);
  if (json) printJson(digest);
  else printDigest(digest);
}

async function toFolder(model: string, to: string, type: ExportType = "F32"): Promise<FolderDigest> {
  if (type !== "F32" && type !== "BF16") {
    throw usageError(
      `--type ${type} is for GGUF files; a folder takes F32 or BF16 (or let --to end in .gguf)`,
      "--type",
    );
  }
  checkIsFree(to);
  await exportModel(model, to, type);
  return digestFolder(to);
}

function toGguf(model: string, to: string, type: ExportType = "F16", mtp: boolean): FolderDigest {
  checkIsNew(to);
  exportGguf(model, to, type, mtp);
  return digestFile(to);
}

/** Files with their sizes and hashes. */
export function printDigest({ path, bytes, sha256, files }: FolderDigest): void {
  for (const one of files) print(`${one.sha256}  ${one.name}  ${formatBytes(one.bytes)}`);
  if (files.length > 1) print(`${path}: ${formatBytes(bytes)}, sha256 of this list ${sha256}`);
}

function typeNamed(flag: string): (text: string) => ExportType {
  return (text) => {
    const type = EXPORT_TYPES.find((one) => one === text.toUpperCase());
    if (type === undefined) throw usageError(`${flag} must be one of ${EXPORT_TYPES.join(", ")}, not "${text}"`, flag);
    return type;
  };
}

// `reckon export`: a model's or a run's newest weights as a Hugging Face folder or a GGUF file that other software opens, or with the
// engine as a static web page.
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
  readonly model?: string;
  readonly to?: string;
  readonly web?: string;
  readonly type?: ExportType;
  readonly dtype?: ExportType;
  readonly mtp?: true;
}

export function register(program: Command): void {
  const command = program
    .command("export")
    .description("write a model as a Hugging Face folder, a GGUF file, or a web page that runs it")
    .option(
      "--model <model>",
      "a folder, a run, a .gguf file or a pulled name; with --web the bundled model without it",
    )
    .option("--to <place>", "a new folder, or a new file ending in .gguf")
    .option(
      "--web <folder>",
      "a new folder of pages that run the model in the visitor's browser, for any host of files; with the bundled model also one that trains its base",
    )
    .option(
      "--type <type>",
      "number format of the matrices: F32 (default) or BF16 for a folder; F32, F16 (default), BF16, Q8_0 or Q4_0 for a GGUF file",
      typeNamed("--type"),
    )
    .option("--dtype <type>", "the same as --type", typeNamed("--dtype"))
    .option("--mtp", "write multi-token-prediction modules into a GGUF file too; older llama.cpp refuses such a file");
  addCommonOptions(command, ["json"]).action(run);
}

async function run(options: ExportOptions): Promise<void> {
  const digest = await exported(options);
  if (options.json) printJson(digest);
  else printDigest(digest);
}

async function exported({ model, to, web, type, dtype, mtp }: ExportOptions): Promise<FolderDigest> {
  const wanted = type ?? dtype;
  if (web !== undefined) {
    if (to !== undefined) throw usageError("--web and --to write different things; give one of them", "--web");
    if (wanted !== undefined || mtp) {
      throw usageError("--web takes the model as it is; export it with --type first, then that with --web", "--type");
    }
    const { exportWeb } = await import("../browser/export-web.ts");
    return exportWeb(web, model);
  }
  if (model === undefined)
    throw usageError("--model is needed: a model's or a run's folder, or a .gguf file", "--model");
  if (to === undefined) {
    throw usageError("--to is needed: a new folder, or a new file ending in .gguf (or --web for a web page)", "--to");
  }
  return /\.gguf$/i.test(to) ? toGguf(model, to, wanted, mtp === true) : toFolder(model, to, wanted);
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

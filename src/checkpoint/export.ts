// A model's folder written anew in one number format, its text files byte for byte: what `export` and `publish` make.

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { UserError, usageError } from "../error.ts";
import type { ModelConfig } from "../model/config.ts";
import { saveModelFolder } from "./folder.ts";
import { reorderedParameter } from "./gguf/rotary.ts";
import { tokenizerFiles } from "./gguf/tokenizer-json.ts";
import { type ExportType as GgufExportType, saveGguf } from "./gguf/write.ts";
import type { ModelSource } from "./model-source.ts";
import type { Shape } from "./names.ts";
import { openModel } from "./open-model.ts";

export type ExportDtype = "F32" | "BF16";

/** A file of a folder. */
export interface FileDigest {
  /** Relative to the folder, with forward slashes. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface FolderDigest {
  readonly path: string;
  readonly bytes: number;
  /** Of the lines `sha256  name` of all files in the order of their names, as `sha256sum` writes them. */
  readonly sha256: string;
  readonly files: readonly FileDigest[];
}

/**
 * Writes a model (a folder, a run's, a GGUF file) into the folder `to`, replacing it: weights as `dtype`; tokenizer, chat template and
 * generation_config.json of a folder as they are. A trainer's state stays behind. Rows that turn are put in the order transformers has them.
 * @throws UserError
 */
export async function exportModel(from: string, to: string, dtype: ExportDtype): Promise<void> {
  const model = openModel(from);
  try {
    const { config, tensors } = asWritten(model);
    await saveModelFolder(to, { config, tensors, dtype, extraFiles: textFilesOf(model) });
  } finally {
    model.close();
  }
}

/** A model's config and tensors as a folder has them, each read when it is written. */
export function asWritten(model: ModelSource): {
  readonly config: ModelConfig;
  readonly tensors: readonly { readonly name: string; readonly shape: Shape; readonly data: () => Float32Array }[];
} {
  // transformers turns pairs for DeepSeek, as its config says, and halves for all others, whatever a config says
  const order = model.config.attention === "gqa" ? "halves" : null;
  const config = order === null ? model.config : { ...model.config, rope_interleave: false };
  const tensors = model.tensors().map(({ name, shape }) => ({
    name,
    shape,
    data: () => {
      const values = model.readTensor(name);
      return order === null ? values : reorderedParameter(model.config, name, values, order);
    },
  }));
  return { config, tensors };
}

/** Writes a model as one GGUF file, replacing it. @throws UserError */
export function exportGguf(from: string, to: string, type: GgufExportType, mtp = false): void {
  const model = openModel(from);
  try {
    const { config, tokenizer, chatTemplate, name, generationConfig } = model;
    const readTensor = (parameter: string): Float32Array => model.readTensor(parameter);
    saveGguf(to, { config, readTensor, type, tokenizer, chatTemplate, name, generationConfig, mtp });
  } finally {
    model.close();
  }
}

/** What stands beside a model's weights: a folder's files as they are, or what a GGUF file says in their place. */
export const textFilesOf = (model: ModelSource): Record<string, string | Uint8Array> =>
  model.kind === "folder" ? textFiles(model.path) : filesOf(model);

/** The text files of a model's folder, as they are. */
function textFiles(folder: string): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (const name of TEXT_FILES) {
    const file = path.join(folder, name);
    if (fs.existsSync(file)) files[name] = fs.readFileSync(file);
  }
  return files;
}

/** What a GGUF file says that a folder has files for. */
function filesOf({ config, generationConfig, chatTemplate, tokenizer }: ModelSource): Record<string, string> {
  const { bos_token_id, eos_token_id: eos, pad_token_id } = config;
  const text = (json: unknown): string => `${JSON.stringify(json, null, 2)}\n`;
  const ids = { bos_token_id, eos_token_id: eos.length === 1 ? eos[0] : eos, pad_token_id };
  const vocabulary = tokenizer?.kind === "gguf" ? tokenizerFiles(tokenizer.metadata) : null;
  const template = chatTemplate === null ? {} : { chat_template: chatTemplate };
  return {
    "generation_config.json": text({ ...generationConfig, ...ids }),
    ...(vocabulary === null
      ? {}
      : {
          "tokenizer.json": JSON.stringify(vocabulary.tokenizer),
          "tokenizer_config.json": text({
            ...vocabulary.config,
            model_max_length: config.max_position_embeddings,
            ...template,
          }),
        }),
    ...(chatTemplate === null ? {} : { "chat_template.jinja": chatTemplate }),
  };
}

/** What stands beside weights in Hugging Face's layout and is text about the model. */
export const TEXT_FILES: readonly string[] = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "merges.txt",
  "tokenizer.model",
  "chat_template.jinja",
  "generation_config.json",
];

/** Refuses a folder with something in it that nobody said may go. @throws UserError (usage) */
export function checkIsFree(folder: string, flag = "--to"): void {
  const stat = fs.statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isDirectory() && fs.readdirSync(folder).length === 0)) return;
  throw usageError(
    stat.isDirectory()
      ? `${folder} already holds files; remove it or name another folder with ${flag}`
      : `${folder} is a file; name a folder with ${flag}`,
    flag,
  );
}

/** Refuses a file that is there. @throws UserError (usage) */
export function checkIsNew(file: string): void {
  if (fs.existsSync(file))
    throw usageError(`${file} is already there; remove it or name another file with --to`, "--to");
}

/** As digestFolder of one file, whose hash is then its own. */
export function digestFile(file: string): FolderDigest {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(1 << 20);
  const fd = fs.openSync(file, "r");
  let bytes = 0;
  try {
    for (let n = fs.readSync(fd, piece); n > 0; n = fs.readSync(fd, piece)) {
      hash.update(piece.subarray(0, n));
      bytes += n;
    }
  } finally {
    fs.closeSync(fd);
  }
  const sha256 = hash.digest("hex");
  return { path: file, bytes, sha256, files: [{ name: path.basename(file), bytes, sha256 }] };
}

/** Bytes and hashes of a folder's files, those in its folders included. @throws UserError where there is none */
export function digestFolder(folder: string): FolderDigest {
  if (!fs.existsSync(folder)) throw new UserError(`${folder} does not exist.`, { param: folder });
  const names = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, "/"))
    .sort();
  const files = names.map((name): FileDigest => {
    const content = fs.readFileSync(path.join(folder, name));
    return { name, bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
  });
  const listing = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");
  return {
    path: folder,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    sha256: createHash("sha256").update(listing).digest("hex"),
    files,
  };
}

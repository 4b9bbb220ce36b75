// A model's folder written anew in one number format, its text files byte for byte: what `export` and `publish` make.

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { UserError, usageError } from "../error.ts";
import { openModelFolder, saveModelFolder } from "./folder.ts";

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
 * Writes the model of `from` (a model's folder or a run's) into the folder `to`, replacing it: weights as `dtype`, tokenizer, chat
 * template and generation_config.json as they are. A trainer's state stays behind.
 * @throws UserError
 */
export async function exportModel(from: string, to: string, dtype: ExportDtype): Promise<void> {
  const model = openModelFolder(from);
  try {
    const beside = (name: string): Buffer | undefined => {
      const file = path.join(model.folder, name);
      return fs.existsSync(file) ? fs.readFileSync(file) : undefined;
    };
    const others = TEXT_FILES.flatMap((name) => {
      const content = beside(name);
      return content === undefined ? [] : [[name, content] as const];
    });
    const tensors = [...model.parameters].map(([name, shape]) => ({ name, shape, data: model.readTensor(name) }));
    await saveModelFolder(to, { config: model.config, tensors, dtype, extraFiles: Object.fromEntries(others) });
  } finally {
    model.close();
  }
}

/** What stands beside weights in Hugging Face's layout and is text about the model. */
const TEXT_FILES = [
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
export function checkIsFree(folder: string): void {
  const stat = fs.statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isDirectory() && fs.readdirSync(folder).length === 0)) return;
  throw usageError(
    stat.isDirectory()
      ? `${folder} already holds files; remove it or name another folder with --to`
      : `${folder} is a file; name a folder with --to`,
    "--to",
  );
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

// One way to open any model: a folder in Hugging Face's layout, a run's folder (its newest checkpoint), a GGUF file, the first of a
// split one, a folder that holds a GGUF file and nothing else to open, or the name of a model that was pulled.

import fs from "node:fs";
import path from "node:path";
import { UserError } from "../error.ts";
import { openFolderSource } from "./folder-source.ts";
import { isLaterPart } from "./gguf/file.ts";
import { openGgufModel } from "./gguf/model.ts";
import { locateModel } from "./hub/store.ts";
import type { ModelSource } from "./model-source.ts";

export type { BlockTensor, ModelSource, StoredTensor, TokenizerSource } from "./model-source.ts";

/** Opens a model. @throws UserError with the one thing that is wrong */
export function openModel(named: string): ModelSource {
  const given = locateModel(named);
  if (isFile(given) || given.toLowerCase().endsWith(".gguf")) return openGgufModel(checkedName(given));
  const inside = onlyGgufIn(given);
  return inside === null ? openFolderSource(given) : openGgufModel(inside);
}

const isFile = (file: string): boolean => fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;

function checkedName(file: string): string {
  if (!isFile(file) || file.toLowerCase().endsWith(".gguf")) return file;
  if (file.endsWith(".safetensors") || file.endsWith(".json")) {
    throw new UserError(`${file} is one file of a model; name the folder it lies in, ${path.dirname(file)}.`, {
      param: file,
      type: "model_not_found",
    });
  }
  return file; // its first bytes tell whether it is GGUF
}

/** The GGUF file of a folder that has one (or the parts of one) and no config.json; null where it is another kind of folder. */
export function onlyGgufIn(folder: string): string | null {
  if (!(fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false)) return null;
  const entries = fs.readdirSync(folder);
  if (entries.includes("config.json") || entries.includes("checkpoints")) return null;
  const files = entries.filter((name) => name.toLowerCase().endsWith(".gguf") && !isLaterPart(name)).sort();
  if (files.length === 0) return null;
  if (files.length === 1) return path.join(folder, files[0]);
  throw new UserError(
    `${folder} holds ${files.length} GGUF files (${files.slice(0, 3).join(", ")}); name one of them.`,
    {
      param: folder,
      type: "model_not_found",
    },
  );
}

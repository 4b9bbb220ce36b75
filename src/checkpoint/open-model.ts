// One way to open any model: a folder in Hugging Face's layout, a run's folder (its newest checkpoint), a GGUF file, the first of a
// split one, or a folder that holds a GGUF file and nothing else to open.

import { openFolderSource } from "./folder-source.ts";
import type { ModelSource } from "./model-source.ts";

export type { BlockTensor, ModelSource, StoredTensor, TokenizerSource } from "./model-source.ts";

/** Opens a model. @throws UserError with the one thing that is wrong */
export function openModel(path: string): ModelSource {
  return openFolderSource(path);
}

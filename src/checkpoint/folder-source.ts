// A model's folder as a ModelSource.

import path from "node:path";
import { loadChatTemplate } from "../text/template.ts";
import { openModelFolder } from "./folder.ts";
import type { ModelSource, StoredTensor } from "./model-source.ts";

/** Opens a folder in Hugging Face's layout, or of a run the newest checkpoint. @throws UserError */
export function openFolderSource(given: string): ModelSource {
  const model = openModelFolder(given);
  try {
    const tensors = [...model.parameters].map(([name, shape]): StoredTensor => {
      const { dtype, bytes } = model.stored(name);
      return { name, shape, type: dtype, bytes };
    });
    const chatTemplate = loadChatTemplate(model.folder);
    const toolChatTemplate = loadChatTemplate(model.folder, true);
    return {
      name: path.basename(path.resolve(given)),
      path: model.folder,
      kind: "folder",
      config: model.config,
      generationConfig: model.generationConfig,
      tokenizer: model.tokenizerPath === null ? null : { kind: "file", path: model.tokenizerPath },
      chatTemplate,
      toolChatTemplate: toolChatTemplate === chatTemplate ? null : toolChatTemplate,
      quantization: mostlyStoredAs(tensors),
      fileBytes: model.fileBytes,
      tensors: () => tensors,
      readTensor: model.readTensor,
      readBlocks: (name) => {
        const shape = model.parameters.get(name);
        const { dtype, scaled } = model.stored(name);
        if (shape === undefined || shape.length < 2 || scaled || (dtype !== "BF16" && dtype !== "F16")) return null;
        const [outputs, inputs] = shape.slice(-2);
        const stacked = shape.length === 3 ? shape[0] : 1;
        return { type: dtype, outputs, inputs, stacked, blocks: model.raw(name) };
      },
      readLatentHalves: () => null,
      close: model.close,
    };
  } catch (error) {
    model.close();
    throw error;
  }
}

/** The format that takes the most bytes. */
export function mostlyStoredAs(tensors: readonly StoredTensor[]): string {
  const sums = new Map<string, number>();
  for (const { type, bytes } of tensors) sums.set(type, (sums.get(type) ?? 0) + bytes);
  return [...sums].reduce((best, one) => (one[1] > best[1] ? one : best), ["F32", 0])[0];
}

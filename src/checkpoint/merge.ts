/**
 * The weighted mean of models of one shape, a "model soup" (Wortsman et al., arXiv 2203.05482): models that were trained on from one
 * start with other data or rates lie in one basin, where their mean is often better than each.
 */
import { isDeepStrictEqual } from "node:util";
import { UserError, usageError } from "../error.ts";
import type { ModelConfig } from "../model/config.ts";
import { asWritten, type ExportDtype, textFilesOf } from "./export.ts";
import { saveModelFolder } from "./folder.ts";
import type { ModelSource } from "./model-source.ts";
import { openModel } from "./open-model.ts";

export interface Ingredient {
  /** A folder, a run or a GGUF file. */
  readonly model: string;
  /** Its part of the mean; all shares are divided by their sum. */
  readonly share: number;
}

/**
 * Writes the mean of the models' weights into the folder `to`, replacing it; tokenizer, chat template and sampling are the first one's.
 * One tensor of each model is held at a time.
 * @throws UserError where a model cannot be read, two are of different shapes, or the shares make no mean
 */
export async function mergeModels(ingredients: readonly Ingredient[], to: string, dtype: ExportDtype): Promise<void> {
  const shares = sharesOf(ingredients);
  const opened: ModelSource[] = [];
  try {
    for (const { model } of ingredients) opened.push(openModel(model));
    const models = opened.map(asWritten);
    const first = models[0]!;
    for (const [i, { config }] of models.entries())
      checkSameShape(first.config, config, ingredients[0]!.model, ingredients[i]!.model);
    const readers = models.map(({ tensors }) => new Map(tensors.map(({ name, data }) => [name, data])));
    const tensors = first.tensors.map(({ name, shape }) => ({
      name,
      shape,
      data: () =>
        mean(
          readers.map((reader) => reader.get(name)!),
          shares,
        ),
    }));
    await saveModelFolder(to, { config: first.config, tensors, dtype, extraFiles: textFilesOf(opened[0]!) });
  } finally {
    for (const model of opened) model.close();
  }
}

function sharesOf(ingredients: readonly Ingredient[]): number[] {
  const shares = ingredients.map(({ share }) => share);
  const sum = shares.reduce((total, share) => total + share, 0);
  if (ingredients.length < 2) throw usageError("a mean is of two models or more; name another one", "models");
  if (!(sum > 0 && Number.isFinite(sum)) || shares.some((share) => !(share >= 0)))
    throw usageError(`shares are at least 0 and not all 0, not ${shares.join(",")}`, "--shares");
  return shares.map((share) => share / sum);
}

/** Keys of a config that say how a model is computed with, not what it is. */
const NOT_SHAPE = new Set(["eos_token_id", "bos_token_id", "pad_token_id", "max_position_embeddings"]);

function checkSameShape(one: ModelConfig, other: ModelConfig, firstName: string, otherName: string): void {
  const [left, right] = [one, other].map((config) => config as unknown as Record<string, unknown>);
  const keys = [...new Set([...Object.keys(left!), ...Object.keys(right!)])].filter((key) => !NOT_SHAPE.has(key));
  const key = keys.find((key) => !isDeepStrictEqual(left![key], right![key]));
  if (key === undefined) return;
  const [was, is] = [left![key], right![key]].map((value) => JSON.stringify(value) ?? "nothing");
  throw new UserError(
    `${otherName} has ${key} ${is} where ${firstName} has ${was}; only models of one shape have a mean.`,
    { param: "models" },
  );
}

/** The first model and the others' differences from it, in 64 bits: the mean of equal models is that model, bit for bit. */
function mean(readers: readonly (() => Float32Array)[], shares: readonly number[]): Float32Array {
  const first = readers[0]!();
  const sums = Float64Array.from(first);
  for (const [i, read] of readers.entries()) {
    if (i === 0) continue;
    const share = shares[i]!;
    const values = read();
    for (let k = 0; k < sums.length; k++) sums[k]! += share * (values[k]! - first[k]!);
  }
  return Float32Array.from(sums);
}

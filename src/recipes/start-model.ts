/** The model a stage begins with: the preset's with random weights, or that of a folder, if its vocabulary is the procedural world's. */
import type { ModelSource } from "../checkpoint/model-source.ts";
import { UserError } from "../error.ts";
import type { Device } from "../kernels/kernels.ts";
import type { ModelConfig } from "../model/config.ts";
import { Decoder } from "../model/decoder.ts";
import { Random } from "../random.ts";
import { bundledTokenizer, CHARACTERS, SPECIAL_TOKENS } from "../text/character-tokenizer.ts";
import { loadTokenizer } from "../text/load-tokenizer.ts";
import { loadModel } from "../train/checkpoint.ts";

/** Blocks start as the identity and predictions start even: with Muon that needs no further care at these sizes. */
export function createModel(config: ModelConfig, device: Device, seed: number): Decoder {
  const init = { std: "fan_in", embeddingStd: 0.5, headStd: 0, routerStd: 0.02, zeroOutputs: true } as const;
  return Decoder.create(config, device, Random.from(seed, "init"), init);
}

/** Whether a model's tokens mean what the procedural tasks write; one that says nothing of its tokens is trusted to. */
export function speaksWorld({ config, tokenizer }: Pick<ModelSource, "config" | "tokenizer">): boolean {
  const ours = bundledTokenizer();
  if (config.vocab_size < ours.vocabSize) return false;
  const theirs = tokenizer === null ? null : loadTokenizer(tokenizer);
  return (
    theirs === null || [...SPECIAL_TOKENS, ...CHARACTERS].every((token) => theirs.idOf(token) === ours.idOf(token))
  );
}

/**
 * Loads the model of a folder, of a run its newest checkpoint, or of a GGUF file.
 * @throws UserError where it is none or damaged, or its tokens mean something else than the procedural tasks write.
 */
export function loadStartModel(place: string, device: Device): Decoder {
  const { decoder, model } = loadModel(place, device);
  if (speaksWorld(model)) return decoder;
  decoder.free();
  throw new UserError(
    `The model ${place} has a vocabulary of its own; here a model of the procedural tasks' characters is needed, such as the bundled one and those that \`train pretrain\` makes.`,
    { param: "--model", type: "invalid_model" },
  );
}

/**
 * From a MODEL argument to weights on a device, a tokenizer and a template. What would not fit into memory is refused before anything is
 * read: a machine that starts to swap, or a process the system kills, tells nobody why.
 */
import { existsSync } from "node:fs";
import { freemem } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { ModelSource } from "../checkpoint/model-source.ts";
import { openModel } from "../checkpoint/open-model.ts";
import { UserError } from "../error.ts";
import { cpuDevice } from "../kernels/cpu/device.ts";
import type { Device } from "../kernels/kernels.ts";
import { type ModelConfig, parameterCount } from "../model/config.ts";
import { Decoder } from "../model/decoder.ts";
import { weightFootprint } from "../model/weights/footprint.ts";
import type { LoadOptions, WeightKind } from "../model/weights/weight-source.ts";
import { loadTokenizer } from "../text/load-tokenizer.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { collectGarbage } from "./collect-garbage.ts";

/** Where the bundled model lies. */
export const BUNDLED_MODEL = fileURLToPath(new URL("../../models/reckon-nano", import.meta.url));

export interface OpenOptions extends LoadOptions {
  /** A folder in Hugging Face layout or of a run, or a GGUF file; left out: the bundled model. */
  readonly model?: string;
  /** Left out: as many as help a model of this size. */
  readonly threads?: number;
  /** Computes on this device instead of one of its own. */
  readonly device?: Device;
  /** How matrices are kept. Default `stored`: in the file's blocks where the device multiplies by them, else as floats. */
  readonly weights?: WeightKind;
}

/** What is known of a model beside its weights. */
export type ModelAbout = Pick<
  ModelSource,
  "name" | "path" | "kind" | "quantization" | "fileBytes" | "generationConfig" | "chatTemplate" | "toolChatTemplate"
>;

export interface LoadedModel {
  readonly about: ModelAbout;
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
}

/** Opens a model and loads it whole. @throws UserError naming what is missing or wrong, or does not fit */
export async function loadModel(options: OpenOptions = {}): Promise<LoadedModel> {
  const source = openModel(modelPath(options.model));
  try {
    const { config } = source;
    const tokenizer = tokenizerOf(source);
    if (source.fileBytes > WORTH_COLLECTING) collectGarbage();
    const device = options.device ?? (await cpuDevice({ threads: options.threads ?? usefulThreads(config) }));
    try {
      const weights = options.weights ?? "stored";
      refuseTooLarge(source, device, weights);
      const decoder = Decoder.load(device, config, source, { ...options, weights });
      const { name, path, kind, quantization, fileBytes, generationConfig, chatTemplate, toolChatTemplate } = source;
      const about = { name, path, kind, quantization, fileBytes, generationConfig, chatTemplate, toolChatTemplate };
      return { about, decoder, tokenizer };
    } catch (error) {
      if (options.device === undefined) await device.close();
      throw error;
    }
  } finally {
    source.close();
  }
}

/** Collecting takes some 15 ms, a tenth of what a file of this size takes to load. */
const WORTH_COLLECTING = 50e6;

function tokenizerOf({ path, kind, config, tokenizer, generationConfig }: ModelSource): Tokenizer {
  if (tokenizer === null) {
    throw new UserError(
      kind === "folder"
        ? `The model folder ${path} has no tokenizer.json, without which text cannot be read or written; put the one ` +
            "published with the model there (`reckon logits` works without)."
        : `${path} holds no vocabulary (tokenizer.ggml.tokens), without which text cannot be read or written; use a file ` +
            "made with one (`reckon logits` works without).",
      { param: "model", type: "invalid_model" },
    );
  }
  return loadTokenizer(tokenizer, {
    paddedVocabSize: config.vocab_size,
    eosIds: [...config.eos_token_id, ...idList(generationConfig.eos_token_id)],
  });
}

/** Beside the weights: activations, a cache of some thousand positions of a model of this size, and what Node itself grows by. */
const WORKING_BYTES = 64e6;
/** All that 32-bit WebAssembly can address. */
const WASM_BYTES = 2 ** 32;

/** @throws UserError with the bytes that are needed and those there are */
export function refuseTooLarge(source: ModelSource, device: Device, kind: WeightKind, free = freeMemory()): void {
  const { weights, passing } = weightFootprint(source.config, device, source, kind);
  const needed = weights + WORKING_BYTES;
  const addressable = device.name === "cpu" ? WASM_BYTES - device.usage().bytes : Number.POSITIVE_INFINITY;
  const why =
    needed > addressable
      ? `the CPU device can address ${gigabytes(addressable)} (4 GB of WebAssembly memory a process)`
      : device.name !== "webgpu" && needed + passing > free
        ? `${gigabytes(free)} of memory are free`
        : null;
  if (why === null) return;
  const smaller = kind === "q8_0" ? null : weightFootprint(source.config, device, source, "q8_0");
  const help =
    smaller !== null && smaller.weights + WORKING_BYTES < Math.min(addressable, free) && smaller.weights < 0.7 * weights
      ? `keep its matrices in 8 bits (--weights q8_0), which takes ${gigabytes(smaller.weights + WORKING_BYTES)}`
      : "use a smaller model or one of fewer bits";
  throw new UserError(`${source.name} needs ${gigabytes(needed + passing)} here, but ${why}; ${help}.`, {
    param: "model",
    type: "out_of_memory",
  });
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 9.95e9 ? 1 : 0)} GB`;

/** What this process can still take, limits of a container included. */
const freeMemory = (): number => process.availableMemory?.() ?? freemem();

/** The folder or file a MODEL argument means. @throws UserError for forms that hold no weights */
export function modelPath(model: string | undefined): string {
  if (model === undefined) {
    if (existsSync(BUNDLED_MODEL)) return BUNDLED_MODEL;
    throw new UserError(
      `The bundled model is missing (${BUNDLED_MODEL}): check the checkout out whole, train it with \`reckon train r1\`, or name another with --model.`,
      { param: "model", type: "model_not_found" },
    );
  }
  if (/^https?:\/\//.test(model)) {
    throw new UserError(`${model} is a server's address, and here a model itself is needed; name its folder or file.`, {
      param: "model",
      type: "model_not_found",
    });
  }
  return model;
}

/** Below this many active weights a token takes less time alone: some hundred kernels a token each wait for the other threads. */
const WORTH_A_SECOND_THREAD = 2e6;

const usefulThreads = (config: ModelConfig): number | undefined =>
  parameterCount(config).activeWithoutEmbedding < WORTH_A_SECOND_THREAD ? 1 : undefined;

const idList = (value: unknown): number[] =>
  (Array.isArray(value) ? value : [value]).filter((id): id is number => typeof id === "number");

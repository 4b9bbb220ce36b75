// A model as a folder: config.json, safetensors, tokenizer.json beside each other, as Hugging Face lays it out. Opening hides where
// the tensors come from (one file, shards, DeepSeek's own names, FP8 blocks) and gives them as the model holds them.

import fs from "node:fs";
import path from "node:path";
import { reasonOf, UserError } from "../error.ts";
import type { BlockReader } from "../kernels/blocks/reader.ts";
import { type ModelConfig, parseModelConfig } from "../model/config.ts";
import { modelConfigText } from "../model/config-json.ts";
import { parseDeepSeekConfig } from "../model/model-args.ts";
import { recoverFolder, writeFolderAtomically } from "./atomic.ts";
import type { Dtype } from "./dtypes.ts";
import {
  checkTensors,
  expertName,
  huggingFaceName,
  isDeepSeekNaming,
  isNextnName,
  isStackedExperts,
  modelParameters,
  type Shape,
} from "./names.ts";
import {
  openSafetensors,
  openSafetensorsIndex,
  openShards,
  type SafetensorsFile,
  type TensorToWrite,
  writeSafetensors,
} from "./safetensors.ts";

export interface ModelFolder {
  /** The folder the model was found in: a run's folder is resolved to its newest checkpoint. */
  readonly folder: string;
  readonly config: ModelConfig;
  /** Names and shapes as the model holds them, experts stacked. */
  readonly parameters: ReadonlyMap<string, Shape>;
  /** A parameter as float32, into `into` where given. @throws UserError */
  readTensor(name: string, into?: Float32Array): Float32Array;
  /** How a parameter lies in the files (experts taken together; `scaled`: with FP8 block scales beside it). @throws UserError */
  stored(name: string): { readonly dtype: Dtype; readonly bytes: number; readonly scaled: boolean };
  /** A parameter's bytes as stored, experts end to end. @throws UserError */
  raw(name: string): BlockReader;
  /** Size of the weights' files. */
  readonly fileBytes: number;
  /** Parsed generation_config.json, {} where there is none. */
  readonly generationConfig: Readonly<Record<string, unknown>>;
  /** Paths of files that are there, null where they are not. */
  readonly tokenizerPath: string | null;
  readonly tokenizerConfigPath: string | null;
  readonly chatTemplatePath: string | null;
  close(): void;
}

/** What saveModelFolder writes. */
export interface ModelToSave {
  readonly config: ModelConfig;
  /** Every parameter as the model holds it (experts stacked), in any order. A function is called when its turn to be written comes. */
  readonly tensors: Iterable<{
    readonly name: string;
    readonly shape: Shape;
    readonly data: Float32Array | (() => Float32Array);
  }>;
  /** BF16 halves the size; the router's bias stays F32, as published. */
  readonly dtype: "F32" | "BF16";
  /** Parsed JSON, or text to write as it is. */
  readonly tokenizer?: unknown;
  readonly tokenizerConfig?: unknown;
  readonly chatTemplate?: string;
  readonly generationConfig?: unknown;
  /** More files by name, e.g. README.md. */
  readonly extraFiles?: Readonly<Record<string, string | Uint8Array>>;
  /** Writes more into the folder before it takes its name, e.g. the optimizer's state. */
  readonly also?: (folder: string) => Promise<void> | void;
  /** Larger models are split into shards of about this many bytes. */
  readonly maxShardBytes?: number;
}

/** The folder that holds a model: `folder` itself, or of a run's folder its newest checkpoint. @throws UserError */
export function resolveModelFolder(folder: string): string {
  recoverFolder(folder);
  const stat = fs.statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) throw noModel(folder, "does not exist; check the path");
  if (!stat.isDirectory())
    throw noModel(folder, "is not a folder; name a folder that holds config.json and *.safetensors");
  const checkpoints = path.join(folder, "checkpoints");
  if (!fs.existsSync(checkpoints)) return folder;
  const steps = fs.readdirSync(checkpoints).filter((name) => /^\d{6,}$/.test(name));
  steps.sort((a, b) => Number(b) - Number(a));
  const newest = steps.find((name) => fs.existsSync(path.join(checkpoints, name, "config.json")));
  if (newest !== undefined) return path.join(checkpoints, newest);
  throw noModel(folder, "is a run without a checkpoint yet; let it train on, or name another model");
}

/**
 * Opens a model's folder and checks that its tensors are those its config calls for. Where the file leaves out the
 * multi-token-prediction modules, the config returned has none.
 * @throws UserError with the one thing that is wrong.
 */
export function openModelFolder(given: string): ModelFolder {
  const folder = resolveModelFolder(given);
  const entries = fs.readdirSync(folder);
  if (entries.length === 0) throw noModel(folder, "is empty; it should hold config.json and *.safetensors");
  if (!entries.includes("config.json")) {
    throw noModel(folder, "has no config.json; a model's folder needs config.json beside its *.safetensors");
  }
  const json = readJson(path.join(folder, "config.json"));
  const file = openWeights(folder, entries);
  try {
    const deepseek = isDeepSeekNaming(file.tensors.keys());
    const full = isModelArgs(json)
      ? parseDeepSeekConfig(json, path.join(folder, "config.json"))
      : parseModelConfig(json, path.join(folder, "config.json"));
    const stored = new Map([...file.tensors.keys()].map((name) => [deepseek ? huggingFaceName(name) : name, name]));
    const config = withoutMissingNextn(full, stored);
    checkTensors(config, new Map([...stored].map(([name, raw]) => [name, file.tensors.get(raw)!])), folder);
    const parameters = modelParameters(config);
    const present = (name: string): string | null => (entries.includes(name) ? path.join(folder, name) : null);
    const generation = present("generation_config.json");
    return {
      folder,
      config,
      parameters,
      readTensor: (name, into) => readParameter({ file, stored, parameters, folder }, name, into),
      stored: (name) => {
        const parts = partsOf(parameters, name).map(
          (part) => [part, file.tensors.get(stored.get(part) ?? part)] as const,
        );
        const [first, info] = parts[0];
        if (info === undefined) throw noModel(folder, `holds no tensor named ${name}`);
        const bytes = parts.reduce((sum, [, one]) => sum + (one === undefined ? 0 : one.end - one.begin), 0);
        return { dtype: info.dtype, bytes, scaled: stored.has(`${first}_scale_inv`) };
      },
      raw: (name) =>
        endToEnd(
          file,
          partsOf(parameters, name).map((part) => stored.get(part) ?? part),
        ),
      fileBytes: file.fileBytes,
      generationConfig: generation === null ? {} : (readJson(generation) as Record<string, unknown>),
      tokenizerPath: present("tokenizer.json"),
      tokenizerConfigPath: present("tokenizer_config.json"),
      chatTemplatePath: present("chat_template.jinja"),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Writes a model's folder whole or not at all; an existing folder is replaced. @throws UserError */
export async function saveModelFolder(folder: string, model: ModelToSave): Promise<void> {
  const tensors = [...fileTensors(model)];
  checkTensors(model.config, new Map(tensors.map((one) => [one.name, one])), folder);
  await writeFolderAtomically(folder, async (temporary) => {
    const write = (name: string, content: unknown): void => {
      if (content === undefined) return;
      const raw = typeof content === "string" || content instanceof Uint8Array;
      fs.writeFileSync(path.join(temporary, name), raw ? content : `${JSON.stringify(content, null, 2)}\n`);
    };
    write("config.json", modelConfigText(model.config, model.dtype === "BF16" ? "bfloat16" : "float32"));
    write("tokenizer.json", model.tokenizer);
    write("tokenizer_config.json", model.tokenizerConfig);
    write("chat_template.jinja", model.chatTemplate);
    write("generation_config.json", model.generationConfig);
    for (const [name, content] of Object.entries(model.extraFiles ?? {})) write(name, content);
    writeShards(temporary, tensors, model.maxShardBytes ?? 5e9);
    await model.also?.(temporary);
  });
}

/** Joins `experts` tensors of one shape end to end into `into` (E, ...shape): what the model holds. */
export function stackExperts(
  experts: number,
  read: (e: number, into: Float32Array) => void,
  into: Float32Array,
): Float32Array {
  const each = into.length / experts;
  for (let e = 0; e < experts; e++) read(e, into.subarray(e * each, (e + 1) * each));
  return into;
}

/** The reverse of stackExperts: views on the stacked data, one an expert. */
export function unstackExperts(experts: number, stacked: Float32Array): Float32Array[] {
  const each = stacked.length / experts;
  return Array.from({ length: experts }, (_, e) => stacked.subarray(e * each, (e + 1) * each));
}

/** Tensors of one size as one run of bytes. */
function endToEnd(file: SafetensorsFile, names: readonly string[]): BlockReader {
  const { begin, end } = file.tensors.get(names[0])!;
  const each = end - begin;
  const read = (into: Uint8Array, from: number): void => {
    for (let at = 0; at < into.length; ) {
      const part = Math.floor((from + at) / each);
      const within = from + at - part * each;
      const until = Math.min(into.length, at + each - within);
      file.readRaw(names[part], into.subarray(at, until), within);
      at = until;
    }
  };
  return { length: each * names.length, read };
}

const noModel = (folder: string, what: string): UserError =>
  new UserError(`The model folder ${folder} ${what}.`, { param: folder, type: "model_not_found" });

function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(`${file} is not valid JSON (${reasonOf(error)}); download or write it again.`, {
      param: file,
      type: "invalid_config",
      cause: error,
    });
  }
}

/** DeepSeek's ModelArgs say `dim` where Hugging Face says hidden_size. */
const isModelArgs = (json: unknown): boolean =>
  typeof json === "object" && json !== null && "dim" in json && !("hidden_size" in json);

function openWeights(folder: string, entries: readonly string[]): SafetensorsFile {
  const index = entries.find((name) => name.endsWith(".safetensors.index.json"));
  if (index !== undefined) return openSafetensorsIndex(path.join(folder, index));
  if (entries.includes("model.safetensors")) return openSafetensors(path.join(folder, "model.safetensors"));
  const files = entries.filter((name) => name.endsWith(".safetensors") && name !== "state.safetensors").sort();
  if (files.length > 0) return openShards(folder, files);
  const other = entries.find((name) => /\.(bin|pt|pth|gguf)$/.test(name));
  throw noModel(
    folder,
    other === undefined
      ? "has no *.safetensors; copy the weights beside config.json"
      : `has no *.safetensors, only ${other}; convert it to safetensors (or name the .gguf file itself)`,
  );
}

function withoutMissingNextn(config: ModelConfig, stored: ReadonlyMap<string, string>): ModelConfig {
  if (config.attention === "gqa" || config.num_nextn_predict_layers === 0) return config;
  for (const name of stored.keys()) if (isNextnName(config, name)) return config;
  return { ...config, num_nextn_predict_layers: 0 };
}

/** The tensors of the file a parameter is made of: itself, or its experts. */
function partsOf(parameters: ReadonlyMap<string, Shape>, name: string): string[] {
  const shape = parameters.get(name);
  if (shape === undefined || !isStackedExperts(name)) return [name];
  return Array.from({ length: shape[0] }, (_, e) => expertName(name, e));
}

/** An open folder: its files, their names by Hugging Face's, and what the model holds. */
interface Opened {
  readonly folder: string;
  readonly file: SafetensorsFile;
  readonly stored: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, Shape>;
}

function readParameter(opened: Opened, name: string, into?: Float32Array): Float32Array {
  const shape = opened.parameters.get(name);
  if (shape === undefined || !isStackedExperts(name)) return readStored(opened, name, into);
  const out = into ?? new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  return stackExperts(shape[0], (e, target) => readStored(opened, expertName(name, e), target), out);
}

function readStored({ folder, file, stored }: Opened, name: string, into?: Float32Array): Float32Array {
  const raw = stored.get(name) ?? name;
  const values = file.readF32(raw, into);
  const scaleName = `${name}_scale_inv`;
  const scales = stored.get(scaleName);
  const refused = (what: string): UserError =>
    new UserError(`${folder}: ${what}; download the weights again.`, { param: scaleName, type: "invalid_checkpoint" });
  if (scales !== undefined) {
    const [rows, columns] = file.tensors.get(raw)!.shape;
    const scale = file.readF32(scales);
    if (scale.length !== Math.ceil(rows / 128) * Math.ceil(columns / 128)) {
      throw refused(`the scales ${scaleName} do not fit ${name} of shape [${rows},${columns}]`);
    }
    applyBlockScales(values, rows, columns, scale);
  } else if (file.tensors.get(raw)?.dtype.startsWith("F8_")) {
    throw refused(`the tensor ${name} is in 8-bit floats, but ${scaleName}, by which they are multiplied, is missing`);
  }
  return values;
}

/** FP8 weights carry one scale for each 128 x 128 block (DeepSeek-V3 README_WEIGHTS.md): W[i][j] = q[i][j] * scale[i >> 7][j >> 7]. */
function applyBlockScales(values: Float32Array, rows: number, columns: number, scale: Float32Array): void {
  const across = Math.ceil(columns / 128);
  for (let i = 0; i < rows; i++) {
    for (let block = 0; block < across; block++) {
      const by = scale[(i >> 7) * across + block];
      const end = i * columns + Math.min(columns, 128 * (block + 1));
      for (let at = i * columns + 128 * block; at < end; at++) values[at] *= by;
    }
  }
}

function* fileTensors(model: ModelToSave): Iterable<TensorToWrite> {
  for (const { name, shape, data } of model.tensors) {
    const dtype = name.endsWith("e_score_correction_bias") ? "F32" : model.dtype;
    if (!isStackedExperts(name)) {
      yield { name, dtype, shape, data };
      continue;
    }
    const stack = typeof data === "function" ? keptUntilLast(data, shape[0]) : () => data;
    for (let e = 0; e < shape[0]; e++) {
      const expert = (): Float32Array => unstackExperts(shape[0], stack())[e];
      yield { name: expertName(name, e), dtype, shape: shape.slice(1), data: expert };
    }
  }
}

/** Reads once and forgets after `uses` calls: the experts of a stack are written one after the other. */
function keptUntilLast(read: () => Float32Array, uses: number): () => Float32Array {
  let kept: Float32Array | null = null;
  let left = uses;
  return () => {
    const values = kept ?? read();
    left = left === 1 ? uses : left - 1;
    kept = left === uses ? null : values;
    return values;
  };
}

function writeShards(folder: string, tensors: readonly TensorToWrite[], limit: number): void {
  const bytes = ({ dtype, shape }: TensorToWrite): number =>
    shape.reduce((product, extent) => product * extent, 1) * (dtype === "F32" ? 4 : 2);
  const shards: TensorToWrite[][] = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    const last = shards[shards.length - 1];
    if (last.length > 0 && filled + bytes(tensor) > limit) {
      shards.push([]);
      filled = 0;
    }
    shards[shards.length - 1].push(tensor);
    filled += bytes(tensor);
  }
  // transformers refuses a file that does not say which framework's layout it has
  const metadata = { format: "pt" };
  if (shards.length === 1) {
    writeSafetensors(path.join(folder, "model.safetensors"), shards[0], metadata);
    return;
  }
  const weightMap: Record<string, string> = {};
  const number = (i: number): string => String(i).padStart(5, "0");
  for (const [i, shard] of shards.entries()) {
    const name = `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
    writeSafetensors(path.join(folder, name), shard, metadata);
    for (const tensor of shard) weightMap[tensor.name] = name;
  }
  const total = tensors.reduce((sum, tensor) => sum + bytes(tensor), 0);
  const index = { metadata: { total_size: total }, weight_map: weightMap };
  fs.writeFileSync(path.join(folder, "model.safetensors.index.json"), JSON.stringify(index, null, 2));
}

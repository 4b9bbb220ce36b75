/** Which files of a repository make one model that runs here: safetensors with their texts, or one quantization's GGUF files. */
import { UserError } from "../../error.ts";
import { isLaterPart } from "../gguf/file.ts";
import type { HubFile } from "./client.ts";

export interface Choice {
  /** "safetensors", or a GGUF quantization such as Q4_K_M. */
  readonly quantization: string;
  readonly files: readonly HubFile[];
  readonly bytes: number;
  /** What else could have been chosen. */
  readonly others: readonly { readonly quantization: string; readonly bytes: number }[];
  /** False only where the quantization was named: it would not fit into the memory of this machine. */
  readonly fits: boolean;
}

export const SAFETENSORS = "safetensors";

/**
 * Chooses. Without a name: the safetensors where they fit into memory, else the largest GGUF file that does, of 8 bits a weight
 * at most where there is one (more bits cost speed and change little).
 * @param named a quantization, or "safetensors"
 * @param memory bytes this machine can give
 * @throws UserError where there is nothing to choose, nothing of that name, or nothing fits
 */
export function chooseFiles(repo: string, files: readonly HubFile[], named: string | null, memory: number): Choice {
  const options = optionsOf(files);
  if (options.length === 0) throw nothing(repo, files);
  const fits = (option: Option): boolean => memoryFor(option.bytes) <= memory;
  const chosen = named === null ? best(options.filter(fits)) : options.find((one) => same(one.quantization, named));
  if (chosen === undefined)
    throw named === null ? tooLarge(repo, options, memory) : unknown(repo, named, options, files);
  const others = options.filter((one) => one !== chosen).map(({ quantization, bytes }) => ({ quantization, bytes }));
  return { ...chosen, others, fits: fits(chosen) };
}

/** Weights, what is converted on their way, a cache and Node itself. */
const memoryFor = (bytes: number): number => 1.15 * bytes + 128e6;

interface Option {
  readonly quantization: string;
  readonly files: readonly HubFile[];
  readonly bytes: number;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function best(fitting: readonly Option[]): Option | undefined {
  const tensors = fitting.find((one) => one.quantization === SAFETENSORS);
  if (tensors !== undefined) return tensors;
  const small = fitting.filter(({ quantization }) => !/^(F32|F16|BF16)$/.test(quantization));
  const largest = (some: readonly Option[]): Option | undefined => some.toSorted((a, b) => b.bytes - a.bytes)[0];
  return largest(small) ?? largest(fitting);
}

function optionsOf(files: readonly HubFile[]): Option[] {
  const groups = new Map<string, HubFile[]>();
  const tensors = safetensors(files);
  if (tensors.length > 0) groups.set(SAFETENSORS, tensors);
  // of the same quantization twice (in another folder, say) the first counts
  const bases = new Map<string, string>();
  for (const file of files) {
    const quantization = quantizationOf(file.path);
    if (quantization === null || !SUPPORTED.test(quantization)) continue;
    const base = file.path.replace(/-\d{5}-of-\d{5}(?=\.gguf$)/i, "");
    if ((bases.get(quantization) ?? base) !== base) continue;
    bases.set(quantization, base);
    groups.set(quantization, [...(groups.get(quantization) ?? []), file]);
  }
  return [...groups]
    .filter(([quantization, group]) => quantization === SAFETENSORS || !isLaterPart(group[0].path))
    .map(([quantization, group]) => ({
      quantization,
      files: group,
      bytes: group.reduce((sum, file) => sum + file.bytes, 0),
    }));
}

/** The weights at the top of the repository, with the texts beside them; [] without a config.json. */
function safetensors(files: readonly HubFile[]): HubFile[] {
  const top = files.filter(({ path }) => !path.includes("/"));
  const has = (name: string): boolean => top.some(({ path }) => path === name);
  if (!has("config.json")) return [];
  const isWeights = has("model.safetensors.index.json")
    ? ({ path }: HubFile) => /^model-\d+-of-\d+\.safetensors$/.test(path) || path === "model.safetensors.index.json"
    : ({ path }: HubFile) => path === "model.safetensors";
  const weights = top.filter(isWeights);
  if (!weights.some(({ path }) => path.endsWith(".safetensors"))) return [];
  return top.filter((file) => isWeights(file) || TEXTS.test(file.path));
}

const TEXTS =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template)\.json$|^(merges\.txt|tokenizer\.model|chat_template\.jinja|README\.md|LICEN[CS]E.*)$/i;

/** The quantization a GGUF file's name ends with (NAME-Q4_K_M.gguf, NAME.Q4_K_M.gguf, Q4_K_M/...); null: another kind of file. */
export function quantizationOf(file: string): string | null {
  if (!/\.gguf$/i.test(file) || /(^|[/._-])(mmproj|imatrix)/i.test(file)) return null;
  const stem = file.replace(/(-\d{5}-of-\d{5})?\.gguf$/i, "");
  const last = [
    ...stem.matchAll(/(?<=^|[/._-])(I?Q\d+(?:_\w+)?|TQ\d_\d|BF16|F16|F32|FP16|FP32|MXFP4(?:_\w+)?)(?=$|[/._-])/gi),
  ].at(-1);
  return last === undefined ? "GGUF" : last[1].toUpperCase().replace(/^FP/, "F");
}

/** What the reader of GGUF files reads. */
const SUPPORTED = /^(GGUF|F32|F16|BF16|Q8_0|Q[45]_[01]|Q[2-6]_K(_\w+)?|IQ4_(NL|XS)|MXFP4(_\w+)?)$/;

const size = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 9.95e9 ? 2 : 0)} GB`;
const listed = (options: readonly Option[]): string =>
  options.map((one) => `${one.quantization} (${size(one.bytes)})`).join(", ");

const fail = (message: string, type: string): UserError => new UserError(message, { param: "name", type });

function nothing(repo: string, files: readonly HubFile[]): UserError {
  const pickles = files.some(({ path }) => /\.(bin|pt|pth)$/.test(path));
  return fail(
    `${repo} has no model.safetensors with a config.json and no GGUF file of a format that runs here${
      pickles ? ", only PyTorch files, which can run code when they are read" : ""
    }; look for a safetensors or GGUF version of it.`,
    "invalid_model",
  );
}

function unknown(repo: string, named: string, options: readonly Option[], files: readonly HubFile[]): UserError {
  const there = files.some(({ path }) => same(quantizationOf(path) ?? "", named));
  return fail(
    `${repo} has ${there ? `${named}, but that format does not run here` : `no ${named}`}; choose one of: ${listed(options)}.`,
    "invalid_model",
  );
}

function tooLarge(repo: string, options: readonly Option[], memory: number): UserError {
  const least = options.reduce((smallest, one) => (one.bytes < smallest.bytes ? one : smallest));
  return fail(
    `${repo} does not fit into this machine: its smallest form, ${least.quantization}, needs ${size(memoryFor(least.bytes))} of memory ` +
      `and ${size(memory)} are free; name a form (${repo}:${least.quantization}) to fetch it all the same.`,
    "out_of_memory",
  );
}

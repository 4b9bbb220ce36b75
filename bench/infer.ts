/**
 * Inference of a model from a file: how fast it reads a prompt and writes one token after another, on one thread and on two,
 * beside what the machine gives at most and, where its command is given, a peer. `reckon bench infer --model M`, or
 *
 *   node bench/infer.ts MODEL [--threads 1,2] [--prefill 512] [--decode 128] [--runs 3] [--peer "COMMAND"]
 *
 * Prefill: one step of `prefill` tokens and the last one's logits. Decode: a prompt of 64 tokens, then `decode` steps of one token, each
 * with its logits and the likeliest id picked. A peer's command gets MODEL THREADS PREFILL DECODE RUNS appended and prints one JSON line with
 * prefill_tok_s and decode_tok_s, numbers or {median}. Runs of both alternate, so that whatever else the machine does hits both.
 */
import { spawnSync } from "node:child_process";
import { openModel } from "../src/checkpoint/open-model.ts";
import { UserError } from "../src/error.ts";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import { Decoder } from "../src/model/decoder.ts";
import { QuantWeight } from "../src/tensor/weight.ts";
import { inferArguments } from "./infer-arguments.ts";
import { type MachineLimits, machineLimits } from "./limits.ts";
import { PROMPT, readPrompt, timed, writeTokens } from "./passes.ts";

export interface InferOptions {
  /** A GGUF file or a model folder. */
  readonly model: string;
  readonly threads?: readonly number[];
  readonly prefill?: number;
  readonly decode?: number;
  readonly runs?: number;
  /** A program and its first arguments. */
  readonly peer?: string;
  readonly emit?: (line: Readonly<Record<string, unknown>>) => void;
}

/** Runs the benchmark and emits a line for every number of threads. */
export async function run(options: InferOptions): Promise<void> {
  const { model, runs = 3, emit = printLine } = options;
  for (const threads of options.threads ?? [1, 2]) {
    const limits = await machineLimits(threads);
    const device = await cpuDevice({ threads });
    const started = performance.now();
    const source = openModel(model);
    const decoder = Decoder.load(device, source.config, source, { weights: "stored" });
    source.close();
    const loadMs = performance.now() - started;
    const context = decoder.config.max_position_embeddings;
    const { prefill = Math.min(512, context), decode = Math.min(128, context - PROMPT) } = options;
    const cache = decoder.newCache(1, Math.max(prefill, PROMPT + decode));
    const { prefills, decodes } = { prefills: [] as number[], decodes: [] as number[] };
    const peers: PeerSpeeds[] = [];
    readPrompt(decoder, cache, PROMPT); // the first pass compiles and touches the weights
    writeTokens(decoder, cache, 4);
    for (let i = 0; i < runs; i++) {
      prefills.push(timed(prefill, () => readPrompt(decoder, cache, prefill)));
      readPrompt(decoder, cache, PROMPT);
      decodes.push(timed(decode, () => writeTokens(decoder, cache, decode)));
      if (options.peer !== undefined) peers.push(askPeer(options.peer, model, threads, prefill, decode));
    }
    const work = workOfToken(decoder);
    emit({
      ...{ model: source.name, threads, load_ms: round(loadMs), device_mb: round(device.usage().bytes / 1e6) },
      ...{ prefill_tokens: prefill, decode_tokens: decode },
      ...spread("prefill_tok_s", prefills),
      ...spread("decode_tok_s", decodes),
      ...(peers.length > 0 ? againstPeer(prefills, decodes, peers) : {}),
      ...roofline(work, limits, median(prefills), median(decodes)),
    });
    decoder.free();
    await device.close();
  }
}

/** What one token costs: bytes of weights that pass by, multiply-adds by the width of the numbers multiplied. */
interface TokenWork {
  readonly bytes: number;
  readonly narrow: number;
  readonly wide: number;
  readonly floats: number;
  /** Of these the head's, which a prompt needs once. */
  readonly head: { readonly narrow: number; readonly wide: number; readonly floats: number };
}

function workOfToken(decoder: Decoder): TokenWork {
  const total = { bytes: 0, narrow: 0, wide: 0, floats: 0 };
  let head = { narrow: 0, wide: 0, floats: 0 };
  const tied = decoder.config.tie_word_embeddings;
  for (const [name, weight] of decoder.weights) {
    if (name === "model.embed_tokens.weight" && !tied) continue;
    const numbers = weight.shape.reduce((product, extent) => product * extent, 1);
    const own = { narrow: 0, wide: 0, floats: 0 };
    if (!(weight instanceof QuantWeight)) own.floats = numbers;
    else if (weight.matrix.format === "Q8_0" || weight.matrix.format.startsWith("IQ4")) own.wide = numbers;
    else own.narrow = numbers;
    total.bytes += weight instanceof QuantWeight ? weight.matrix.bytes : 4 * numbers;
    total.narrow += own.narrow;
    total.wide += own.wide;
    total.floats += own.floats;
    if (name === (tied ? "model.embed_tokens.weight" : "lm_head.weight")) head = own;
  }
  return { ...total, head };
}

/** Decoding is held up by memory, prefill by multiply-adds: what either allows, and the share that was reached. */
function roofline(work: TokenWork, limits: MachineLimits, prefill: number, decode: number) {
  const { head } = work;
  const seconds =
    (work.narrow - head.narrow) / limits.narrow +
    (work.wide - head.wide) / limits.wide +
    (work.floats - head.floats) / limits.floats;
  const most = { decode: limits.bytes / work.bytes, prefill: 1 / seconds };
  return {
    mb_a_token: round(work.bytes / 1e6),
    read_gb_s: round(limits.bytes / 1e9),
    decode_of_memory: round(decode / most.decode, 2),
    gmac_s_8_bit: round(limits.narrow / 1e9),
    gmac_s_16_bit: round(limits.wide / 1e9),
    prefill_of_multiply_adds: round(prefill / most.prefill, 2),
  };
}

/** Tokens a second. */
export interface PeerSpeeds {
  readonly prefill: number;
  readonly decode: number;
}

/** One run of a peer's command. @throws UserError where it fails */
export function askPeer(command: string, model: string, threads: number, prefill: number, decode: number): PeerSpeeds {
  const [program, ...args] = command.split(/\s+/);
  const { stdout, status, stderr, error } = spawnSync(
    program,
    [...args, model, ...[threads, prefill, decode, 1].map(String)],
    { encoding: "utf8" },
  );
  if (error !== undefined || status !== 0)
    throw new UserError(
      `The peer \`${command}\` failed: ${error?.message ?? `code ${status}, ${stderr.trim().split("\n").at(-1)}`}.`,
      { param: "peer" },
    );
  const line = JSON.parse(stdout.trim().split("\n").at(-1)!);
  const speed = (value: number | { readonly median: number }) => (typeof value === "number" ? value : value.median);
  return { prefill: speed(line.prefill_tok_s), decode: speed(line.decode_tok_s) };
}

/** Medians of the peer's runs and what ours come to beside them. */
export function againstPeer(prefills: readonly number[], decodes: readonly number[], peers: readonly PeerSpeeds[]) {
  const [prefill, decode] = [median(peers.map((one) => one.prefill)), median(peers.map((one) => one.decode))];
  return {
    peer_prefill_tok_s: round(prefill),
    peer_decode_tok_s: round(decode),
    prefill_to_peer: round(median(prefills) / prefill, 2),
    decode_to_peer: round(median(decodes) / decode, 2),
  };
}

/** The median and the best of several runs. */
export const spread = (name: string, values: readonly number[]) => ({
  [name]: round(median(values)),
  [`${name}_best`]: round(Math.max(...values)),
});
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
/** For printing. */
export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
const printLine = (line: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify(line)}\n`);

if (import.meta.main) await run(inferArguments());

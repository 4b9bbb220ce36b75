// How fast texts become tokens: loading a vocabulary and encoding a megabyte of this project's own sources and documents, in processor
// time, beside Hugging Face's JavaScript engine where the vocabulary is a tokenizer.json. By itself:
//   node bench/text.ts ../shared/data/tokenizers/deepseek_v3.tokenizer.json.gz ../shared/data/weights/SmolLM2-135M-Instruct.Q4_1.gguf
import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { openGguf } from "../src/checkpoint/gguf/file.ts";
import { HuggingFaceTokenizer } from "../src/text/huggingface-tokenizer.ts";
import { loadTokenizer, makeTokenizer } from "../src/text/load-tokenizer.ts";
import type { Tokenizer } from "../src/text/tokenizer.ts";

/** One measurement; seconds of processor time, the best of the rounds. */
export interface TextResult {
  readonly name: string;
  readonly engine: "reckon" | "@huggingface/tokenizers";
  readonly vocabulary: number;
  readonly load_s: number;
  readonly encode_tok_s: number;
  /** Of a text that comes a second time, as in training. */
  readonly again_tok_s: number;
  readonly decode_tok_s: number;
}

const root = path.resolve(import.meta.dirname, "..");
const ROUNDS = 3;

/** Measures each vocabulary: a tokenizer.json, the same gzipped, or a GGUF file; both engines in turn, round after round. */
export function run(files: readonly string[], emit: (result: TextResult) => void): void {
  const text = sample(1_000_000);
  for (const file of files) {
    const best = new Map<TextResult["engine"], TextResult>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [engine, load] of enginesOf(file)) {
        const result = measure(path.basename(file), engine, load, text);
        const before = best.get(engine) ?? result;
        best.set(engine, {
          ...result,
          load_s: Math.min(before.load_s, result.load_s),
          encode_tok_s: Math.max(before.encode_tok_s, result.encode_tok_s),
          again_tok_s: Math.max(before.again_tok_s, result.again_tok_s),
          decode_tok_s: Math.max(before.decode_tok_s, result.decode_tok_s),
        });
      }
    }
    for (const result of best.values()) emit(result);
  }
}

function enginesOf(file: string): [TextResult["engine"], () => Tokenizer][] {
  if (file.endsWith(".gguf")) {
    const gguf = openGguf(file);
    gguf.close();
    return [["reckon", () => loadTokenizer({ kind: "gguf", metadata: gguf.metadata })]];
  }
  const bytes = fs.readFileSync(file);
  const json = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return [
    ["reckon", () => makeTokenizer(JSON.parse(json))],
    ["@huggingface/tokenizers", () => new HuggingFaceTokenizer(JSON.parse(json), {})],
  ];
}

function measure(name: string, engine: TextResult["engine"], load: () => Tokenizer, text: string): TextResult {
  const [load_s, tokenizer] = timed(load);
  const [first, ids] = timed(() => tokenizer.encode(text));
  const [again] = timed(() => tokenizer.encode(text));
  const [decode, back] = timed(() => tokenizer.decode(ids));
  if (back !== text) throw new Error(`${name}: ${engine} does not give the text back`);
  const rate = (seconds: number): number => Math.round(ids.length / seconds);
  return {
    name,
    engine,
    vocabulary: tokenizer.vocabSize,
    load_s: Math.round(load_s * 1000) / 1000,
    encode_tok_s: rate(first),
    again_tok_s: rate(again),
    decode_tok_s: rate(decode),
  };
}

function timed<T>(work: () => T): [number, T] {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1e6, value];
}

/** The project's documents and sources in order of their names, cut to a length. */
function sample(length: number): string {
  const files = ["docs", "src"].flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(md|ts)$/.test(name))
      .sort()
      .map((name) => path.join(root, folder, name)),
  );
  let text = "";
  for (const file of files) {
    if (text.length >= length) break;
    text += fs.readFileSync(file, "utf8");
  }
  // SentencePiece reads ▁ as a space, so that a text with one does not come back
  return text.slice(0, length).replaceAll("▁", "_").normalize("NFC");
}

if (process.argv[1] === import.meta.filename)
  run(process.argv.slice(2), (result) => console.log(JSON.stringify(result)));

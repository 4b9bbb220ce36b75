// Damaged files of every kind a model comes in, opened and read to the end: each gives a model or one sentence, never a crash, a hang
// or memory out of proportion. 2,500 of each kind, ten thousand in all; RECKON_FUZZ_RUNS=10000 tries as many of each, RECKON_FUZZ_SEED others than usual.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { UserError } from "../error.ts";
import { allBlocks } from "../kernels/blocks/reader.ts";
import { modelConfigToJson } from "../model/config-json.ts";
import { tinyLlama, tinyV3 } from "../model/test-models.ts";
import { characterTokenizerConfig, characterTokenizerJson } from "../text/character-tokenizer.ts";
import { loadTokenizer } from "../text/load-tokenizer.ts";
import { saveModelFolder } from "./folder.ts";
import { saveGguf } from "./gguf/write.ts";
import { modelParameters } from "./names.ts";
import { openModel } from "./open-model.ts";
import { byteChanges, changedJson, damaged, jsonChanges, withMemoryLimit } from "./test-mutations.ts";

const runs = {
  numRuns: Number(process.env.RECKON_FUZZ_RUNS ?? 2500),
  seed: Number(process.env.RECKON_FUZZ_SEED ?? 20250120),
};

const root = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-fuzz-"));
after(() => fs.rmSync(root, { recursive: true, force: true }));

const MODELS = [tinyV3({ vocab_size: 112, hidden_size: 32 }), tinyLlama({ vocab_size: 112, hidden_size: 32 })];
const tensorsOf = (config: (typeof MODELS)[number]) =>
  [...modelParameters(config)].map(([name, shape]) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return { name, shape, data: Float32Array.from({ length: count }, (_, i) => ((i * 7) % 19) / 8) };
  });

/** What it gives, or the one sentence. @throws AssertionError for anything else */
function opens(what: string, bytes: number, read: () => void): void {
  try {
    withMemoryLimit(40 * bytes + 2_000_000, read);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert.ok(error.message.includes(what), `names no file: ${error.message}`);
    assert.match(error.message, /^[^\n]*\.$/, "is no single line");
    assert.ok(error.message.length < 1000, `is ${error.message.length} letters long`);
  }
}

/** Everything there is to read of a model. */
function readAll(place: string): void {
  const model = openModel(place);
  try {
    for (const { name } of model.tensors()) {
      model.readTensor(name);
      const halves = model.readLatentHalves(name);
      for (const one of [model.readBlocks(name), halves?.k, halves?.v]) if (one) allBlocks(one.blocks);
    }
    if (model.tokenizer?.kind === "gguf") useTokenizer(model.tokenizer);
  } finally {
    model.close();
  }
}

/** A letter that the damage took out of the vocabulary may be missed; what cannot be loaded must name its file. */
function useTokenizer(from: Parameters<typeof loadTokenizer>[0]): void {
  const tokenizer = loadTokenizer(from, { paddedVocabSize: 112 });
  try {
    tokenizer.decode(tokenizer.encode("Hello, 12 + 34 = <think>\n", { addSpecial: true, parseSpecial: true }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

/** A folder for each model, with the bytes of one of its files. */
async function folders(file: string): Promise<{ readonly folder: string; readonly bytes: Uint8Array }[]> {
  const made = [];
  for (const config of MODELS) {
    const folder = fs.mkdtempSync(path.join(root, "folder-"));
    fs.rmdirSync(folder);
    const dtype = config.attention === "mla" ? ("BF16" as const) : ("F32" as const);
    await saveModelFolder(folder, {
      ...{ config, tensors: tensorsOf(config), dtype },
      ...{ tokenizer: characterTokenizerJson(), tokenizerConfig: characterTokenizerConfig("", 64) },
    });
    made.push({ folder, bytes: fs.readFileSync(path.join(folder, file)) });
  }
  return made;
}

test("damaged safetensors", async () => {
  const made = await folders("model.safetensors");
  fc.assert(
    fc.property(fc.nat(made.length - 1), byteChanges, (which, changes) => {
      const { folder, bytes } = made[which];
      fs.writeFileSync(path.join(folder, "model.safetensors"), damaged(bytes, changes));
      opens(folder, bytes.length, () => readAll(folder));
    }),
    runs,
  );
});

test("damaged GGUF files, their vocabularies used", () => {
  const made = MODELS.map((config, i) => {
    const tensors = new Map(tensorsOf(config).map(({ name, data }) => [name, data]));
    const tokenizer = path.join(fs.mkdtempSync(path.join(root, "tokenizer-")), "tokenizer.json");
    fs.writeFileSync(tokenizer, JSON.stringify(characterTokenizerJson()));
    const file = path.join(root, `${i}.gguf`);
    saveGguf(file, {
      ...{ config, readTensor: (name) => tensors.get(name)!, type: i === 0 ? "Q4_0" : "Q8_0", mtp: true },
      ...{ tokenizer: { kind: "file", path: tokenizer }, chatTemplate: "{{ bos_token }}" },
    });
    return { file, bytes: fs.readFileSync(file) };
  });
  fc.assert(
    fc.property(fc.nat(made.length - 1), byteChanges, (which, changes) => {
      const { file, bytes } = made[which];
      fs.writeFileSync(file, damaged(bytes, changes));
      opens(file, bytes.length, () => readAll(file));
    }),
    runs,
  );
});

test("damaged configs", async () => {
  const made = await folders("config.json");
  const jsons = new Map(MODELS.map((config, i) => [made[i].folder, modelConfigToJson(config)]));
  fc.assert(
    fc.property(fc.nat(made.length - 1), fc.oneof(jsonChanges, byteChanges), (which, changes) => {
      const { folder, bytes } = made[which];
      const file = path.join(folder, "config.json");
      if ("kind" in changes[0]) fs.writeFileSync(file, damaged(bytes, changes as Parameters<typeof damaged>[1]));
      else fs.writeFileSync(file, changedJson(jsons.get(folder), changes as Parameters<typeof changedJson>[1]));
      opens(folder, fs.statSync(path.join(folder, "model.safetensors")).size, () => readAll(folder));
    }),
    runs,
  );
});

test("damaged tokenizers", () => {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const vocab = Object.fromEntries([..."HeloĠ123456789+=,<>thinkĊ"].map((letter, id) => [letter, id]));
  const merged = {
    ...characterTokenizerJson(),
    added_tokens: [
      {
        id: 40,
        content: "<think>",
        special: false,
        lstrip: false,
        rstrip: false,
        single_word: false,
        normalized: false,
      },
    ],
    pre_tokenizer: byteLevel,
    model: {
      ...characterTokenizerJson().model,
      vocab: { ...vocab, ll: 30, He: 31, Hell: 32, Ġ1: 33 },
      merges: ["l l", "H e", "He ll", "Ġ 1"],
    },
  };
  const pieces = {
    ...merged,
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [{ type: "ByteFallback" }, { type: "Fuse" }, { type: "Strip", content: " ", start: 1, stop: 0 }],
    },
    model: {
      ...merged.model,
      byte_fallback: true,
      unk_token: "H",
      vocab: { ...vocab, "▁": 30, "<0x0A>": 31, ll: 32, "▁1": 33 },
      merges: [
        ["l", "l"],
        ["▁", "1"],
      ],
    },
  };
  const file = path.join(fs.mkdtempSync(path.join(root, "tokenizer-")), "tokenizer.json");
  fc.assert(
    fc.property(fc.nat(2), fc.oneof(jsonChanges, byteChanges), (which, changes) => {
      const json: unknown = [characterTokenizerJson(), merged, pieces][which];
      const text =
        "kind" in changes[0]
          ? damaged(Buffer.from(JSON.stringify(json)), changes as Parameters<typeof damaged>[1])
          : changedJson(json, changes as Parameters<typeof changedJson>[1]);
      fs.writeFileSync(file, text);
      try {
        withMemoryLimit(20_000_000, () => useTokenizer(file));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        assert.match(error.message, /^[^\n]*\.$/);
      }
    }),
    runs,
  );
});

/** GGUF files of real models as people meet them: asked by name, against what llama.cpp answers; and models too large to load. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openModel } from "../checkpoint/open-model.ts";
import { readTestJson, testData } from "../checkpoint/test-data.ts";
import { UserError } from "../error.ts";
import { cpuDevice } from "../kernels/cpu/device.ts";
import type { Device } from "../kernels/kernels.ts";
import { parseModelConfig } from "../model/config.ts";
import { QuantWeight } from "../tensor/weight.ts";
import { refuseTooLarge } from "./load-model.ts";
import { ModelSession } from "./session.ts";

const stories = testData("weights/stories260K.gguf");
const goldens = testData("oracles/llama_server_goldens.json.gz");
const smol = testData("weights/SmolLM2-135M-Instruct.Q4_1.gguf");

let device: Device;
before(async () => {
  device = await cpuDevice({ threads: 1 });
});
after(() => device.close());

interface Greedy {
  readonly prompt: string;
  readonly content: string;
  readonly tokens: readonly number[];
  readonly logprobs: readonly { readonly logprob: number; readonly top: readonly (readonly [number, number])[] }[];
}

test("stories260K.gguf continues texts with llama-server's tokens and log-probabilities", {
  skip: stories.skip || goldens.skip,
}, async () => {
  const { greedy } = readTestJson<{ greedy: readonly Greedy[] }>("oracles/llama_server_goldens.json.gz");
  const session = await ModelSession.open({ model: stories.file, device });
  assert.equal(session.name, "stories260K");
  for (const { prompt, content, tokens, logprobs } of greedy) {
    const options = { maxTokens: tokens.length, temperature: 0 };
    const answer = await session.complete({ raw: prompt }, options);
    // its cache holds 16-bit floats: two tokens closer than that can change places (once here, 0.002 nats apart)
    const near = logprobs.findIndex(({ top }) => top[0][1] - top[1][1] < 0.01);
    const sure = near < 0 ? tokens.length : near;
    assert.ok(sure >= 24);
    assert.deepEqual([...answer.ids].slice(0, sure), tokens.slice(0, sure));
    if (near < 0) assert.equal(answer.text, content);
    logprobs.slice(0, sure).forEach(({ logprob }, i) => {
      assert.ok(Math.abs(answer.logps[i] - logprob) < 1e-2, `${i}: ${answer.logps[i]}, llama-server ${logprob}`);
    });
  }
  await session.close();
});

// Greedy answers of llama.cpp (llama-cpp-python 0.3.36) to the same ids, on one thread.
const LLAMA_CPP = [
  {
    question: "What is 12 plus 30?",
    ids: [33, 34, 1232, 216, 35, 32, 446, 216, 35, 34, 30, 2],
    text: "12 + 30 = 32.",
  },
  {
    question: "Translate 'good morning' into French.",
    ids: [46719, 283, 23, 81, 556, 2618, 386, 519, 28, 16718, 283, 23, 81, 556, 2618, 386, 519, 30, 2],
    text: "Je m'aime la vie, je m'aime la vie.",
  },
];

test("SmolLM2-135M-Instruct in its blocks of four bits answers as llama.cpp does, from one copy of its weights", {
  skip: smol.skip,
}, async () => {
  const own = await cpuDevice({ threads: 1 });
  const session = await ModelSession.open({ model: smol.file, device: own });
  assert.equal(session.about.quantization, "Q4_1");
  assert.ok(session.decoder.weights.get("model.embed_tokens.weight") instanceof QuantWeight);
  assert.ok(
    own.usage().bytes < 1.1 * session.about.fileBytes,
    `${own.usage().bytes} bytes of ${session.about.fileBytes}`,
  );
  for (const { question, ids, text } of LLAMA_CPP) {
    const answer = await session.complete({ messages: [{ role: "user", content: question }] }, { temperature: 0 });
    assert.deepEqual([...answer.ids], ids);
    assert.equal(answer.answer, text);
    assert.equal(answer.finish_reason, "stop");
  }
  await session.close();
  await own.close();
});

test("a model too large for the machine or for 4 GB of WebAssembly is refused with figures, before it is read", {
  skip: smol.skip,
}, () => {
  const source = openModel(smol.file);
  const refused = (run: () => void, sentence: RegExp): void =>
    assert.throws(run, (error) => error instanceof UserError && sentence.test(error.message), String(sentence));
  refuseTooLarge(source, device, "stored", 1e9);
  refused(
    () => refuseTooLarge(source, device, "stored", 1e8),
    /SmolLM2-135M-Instruct.Q4_1 needs 0.2 GB here, but 0.1 GB of memory are free; use a smaller model or one of fewer bits\./,
  );
  refused(
    () => refuseTooLarge(source, device, "f32", 8e8),
    /needs 1.1 GB here, but 0.8 GB .* are free; keep its matrices in 8 bits \(--weights q8_0\), which takes 0.2 GB/,
  );
  source.close();
  const config = parseModelConfig({
    ...{ model_type: "qwen2", hidden_size: 3584, intermediate_size: 18944, num_hidden_layers: 28 },
    ...{ num_attention_heads: 28, num_key_value_heads: 4, vocab_size: 152064 },
  });
  const large = { ...source, name: "Qwen2-7B", config, tensors: () => [] };
  refused(
    () => refuseTooLarge(large, device, "stored", 1e12),
    /Qwen2-7B needs 59 GB here, but the CPU device can address 4.\d GB \(4 GB of WebAssembly memory a process\)/,
  );
});

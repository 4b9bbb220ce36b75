/**
 * llama.cpp's greedy answers to ten questions, with the logits of its best tokens, as `bench/agreement.ts` reads them:
 *
 *   NODE_DIR=FOLDER node bench/agreement-peer.mjs MODEL.gguf [tokens=40] [best=5] > OTHER.json
 *
 * FOLDER is one where `npm i node-llama-cpp` was run (its prebuilt llama.cpp; it is no dependency of Reckon's). The model's chat format
 * must be ChatML, as SmolLM2's is. `--fixture` prints what src/generate/llama-cpp.test.ts holds our answers to.
 */
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const QUESTIONS = [
  "What is the capital of France?",
  "Name three primary colors.",
  "Why is the sky blue? Answer in one sentence.",
  "Write a haiku about the sea.",
  "What is 7 times 8?",
  "Translate 'good morning' to Spanish.",
  "List the days of the week.",
  "Who wrote Romeo and Juliet?",
  "Give one tip for learning to program.",
  "Tell me a very short story about a fox.",
];
const SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

const args = process.argv.slice(2).filter((one) => one !== "--fixture");
const [file, most = "40", best = "5"] = args;
if (file === undefined) throw new Error("usage: NODE_DIR=FOLDER node bench/agreement-peer.mjs MODEL.gguf");
const folder = path.resolve(process.env.NODE_DIR ?? ".", "node_modules/node-llama-cpp");
const { getLlama } = await import(pathToFileURL(path.join(folder, "dist/index.js")).href);
const llama = await getLlama({ gpu: false, build: "never", progressLogs: false, logLevel: "error", maxThreads: 1 });
const model = await llama.loadModel({ modelPath: path.resolve(file) });
const context = await model.createContext({ contextSize: 512, threads: 1, batchSize: 512 });
const sequence = context.getSequence();

const answers = [];
for (const question of QUESTIONS) {
  const text = `<|im_start|>system\n${SYSTEM}<|im_end|>\n<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
  const ids = [...model.tokenize(text, true)];
  const gen = [];
  const tops = [];
  let next = ids;
  while (gen.length < Number(most)) {
    const input = next.map((id, i) => (i < next.length - 1 ? id : [id, { generateNext: { logits: true } }]));
    const results = await sequence.controlledEvaluate(input);
    const logits = [...results.at(-1).next.logits].sort((a, b) => b[1] - a[1]).slice(0, Number(best));
    gen.push(logits[0][0]);
    tops.push(logits.map(([id, logit]) => [id, Number(logit.toFixed(4))]));
    if (model.isEogToken(logits[0][0])) break;
    next = [logits[0][0]];
  }
  await sequence.clearHistory();
  answers.push({ question, ids, gen, tops });
}
if (process.argv.includes("--fixture")) {
  // of each token the one that came second and by how many nats
  const short = answers.map(({ question, ids, gen, tops }) => ({
    question,
    ids,
    gen,
    second: tops.map(([first, second]) => [second[0], Number((first[1] - second[1]).toFixed(3))]),
  }));
  const lines = short.map((one) => JSON.stringify(one)).join(",\n    ");
  process.stdout.write(`{\n  "system": ${JSON.stringify(SYSTEM)},\n  "answers": [\n    ${lines}\n  ]\n}\n`);
} else process.stdout.write(JSON.stringify(answers));
process.exit(0);

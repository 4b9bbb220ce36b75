/**
 * What drawing, steering and guessing cost: a token's draw under each setting for a vocabulary of 151,936, a constraint's masks, and
 * what guessing ahead saves, by who guesses. `reckon bench control [--model M] [--threads N]`.
 */
import { existsSync } from "node:fs";
import type { CompleteOptions } from "../src/generate/answer-options.ts";
import { beginAnswer, samplingOf } from "../src/generate/begin-answer.ts";
import { chooseToken } from "../src/generate/choose-token.ts";
import { compileConstraint } from "../src/generate/constraint/compile.ts";
import type { Sampling } from "../src/generate/sampling.ts";
import { Sequence } from "../src/generate/sequence.ts";
import { ModelSession, type Question } from "../src/generate/session.ts";
import { PromptLookup } from "../src/generate/speculative/drafter.ts";
import { PredictionModule } from "../src/generate/speculative/prediction-module.ts";
import { SpeculativeRunner } from "../src/generate/speculative/runner.ts";
import { TokenReader } from "../src/generate/token-info.ts";
import type { KvCache } from "../src/model/cache.ts";
import { Random } from "../src/random.ts";
import { ALL } from "../src/tasks/catalogue.ts";
import { sample } from "../src/tasks/sample.ts";

export interface ControlOptions {
  /** A model for masks and guesses; left out: the bundled one. */
  readonly model?: string;
  readonly threads?: number;
  readonly emit: (line: Record<string, unknown>) => void;
}

/** Qwen2.5's vocabulary. */
const VOCABULARY = 151_936;

/** Runs all three parts; times are processor time of this process, so that other work beside hardly shows. */
export async function run({ model, threads = 1, emit }: ControlOptions): Promise<void> {
  draws(emit);
  if (model !== undefined && !existsSync(model)) throw new Error(`${model} is not there`);
  const session = await ModelSession.open({ model, threads });
  masks(session, emit);
  await guesses(session, emit);
  await session.close();
}

function draws(emit: ControlOptions["emit"]): void {
  const random = Random.from(1);
  // Logits as peaked as a language model's: a few hundred tokens matter.
  const logits = Float32Array.from({ length: VOCABULARY }, () => 4 * gaussian(random));
  const lse = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  const output = Array.from({ length: 1000 }, () => random.int(0, VOCABULARY - 1));
  const cases: [string, Sampling][] = [
    ["greedy", { temperature: 0 }],
    ["temperature", {}],
    ["top_k 40", { topK: 40 }],
    ["top_p 0.95", { topP: 0.95 }],
    ["min_p 0.05", { minP: 0.05 }],
    ["typical 0.95", { typical: 0.95 }],
    [
      "repetition, presence, frequency",
      { repetitionPenalty: 1.1, penaltyLastN: -1, presencePenalty: 1, frequencyPenalty: 0.5 },
    ],
    ["DRY", { dry: { multiplier: 0.8 } }],
  ];
  for (const [name, sampling] of cases) {
    const sequence = new Sequence({ prompt: [1], maxTokens: 2000, sampling, stopIds: [] });
    for (const id of output) sequence.push(id, 0, 0);
    const draw = () => chooseToken(sequence, logits, 0, VOCABULARY, lse, 0);
    emit({ name: `draw: ${name}`, microseconds: medianMicroseconds(draw), vocabulary: VOCABULARY });
  }
  const reader = new TokenReader({ tokenBytes: () => new Uint8Array(1) } as never, 20, true);
  emit({
    name: "draw: log-probs of 20 alternatives and entropy",
    microseconds: medianMicroseconds(() => reader.read(logits, 0, VOCABULARY, 5)),
    vocabulary: VOCABULARY,
  });
}

function masks({ tokenizer, name }: ModelSession, emit: ControlOptions["emit"]): void {
  const schema = {
    type: "object",
    properties: {
      name: { type: "string" },
      age: { type: "integer", minimum: 0, maximum: 150 },
      tags: { type: "array", items: { type: "string" }, maxItems: 5 },
      kind: { enum: ["alpha", "beta"] },
    },
    required: ["name", "age", "tags", "kind"],
  };
  const start = cpuMs();
  compileConstraint({ kind: "json_schema", schema }, tokenizer);
  emit({
    name: `constraint: first compiled for ${name}`,
    milliseconds: round(cpuMs() - start),
    vocabulary: tokenizer.vocabSize,
  });
  const again = cpuMs();
  const constraint = compileConstraint({ kind: "json_schema", schema: { ...schema, title: "again" } }, tokenizer);
  emit({ name: "constraint: another schema", milliseconds: round(cpuMs() - again) });
  const text = '{"name": "Ada Lovelace", "age": 36, "tags": ["first", "countess"], "kind": "beta"}';
  const all = tokenizer.encode(text);
  const ids = constraint.start().allows(all[0]) ? all : all.slice(1); // SentencePiece puts a space in front
  const logits = new Float32Array(tokenizer.vocabSize);
  for (const when of ["the first time", "again"]) {
    const state = constraint.start();
    let worst = 0;
    const from = cpuMs();
    for (const id of ids) {
      const one = cpuMs();
      state.mask(logits, 0, logits.length);
      worst = Math.max(worst, cpuMs() - one);
      if (!state.accept(id)) throw new Error(`${id} is not taken`);
    }
    emit({
      name: `constraint: masks of ${ids.length} tokens, ${when}`,
      milliseconds: round(cpuMs() - from),
      worst_ms: round(worst),
    });
  }
}

/** Greedy answers to held-out questions of the task families, and a text that repeats: as they are, then with each who can guess. */
async function guesses(session: ModelSession, emit: ControlOptions["emit"]): Promise<void> {
  const { decoder, tokenizer, template, reasoningFormat: format } = session;
  const asked = ALL.flatMap((task) =>
    [0, 1].map((index) => sample(task, { seed: 77, index, level: 1, split: "held-out" }).prompt),
  );
  const questions = asked.map((content) =>
    template === null ? { raw: content } : { messages: [{ role: "user", content }] },
  );
  const texts: [string, Question[], CompleteOptions][] = [
    ["answers to questions", questions, { maxTokens: 300 }],
    [
      "a text that repeats",
      [{ raw: "The quick brown fox jumps over the lazy dog. ".repeat(6) }],
      { maxTokens: 96, ignoreEos: true },
    ],
  ];
  const module = decoder.drafting !== null;
  for (const [what, all, rest] of texts) {
    const options = { ...rest, temperature: 0 };
    const begin = (question: Question) => {
      const maxTokens = rest.maxTokens!;
      const prompt = session.prompt(question);
      return beginAnswer({ tokenizer, prompt, format, options, maxTokens, sampling: samplingOf(options, {}) });
    };
    const write = async (): Promise<string[]> => {
      const written: string[] = [];
      for (const question of all) written.push((await session.complete(question, options)).ids.join());
      return written;
    };
    await write(); // the first round compiles
    const start = cpuMs();
    const plain = await write();
    const tokens = plain.reduce((sum, ids) => sum + ids.split(",").length, 0);
    const rate = tokens / (cpuMs() - start);
    emit({ name: `${what}: no guesses`, steps: tokens, tokens_per_cpu_second: round(1000 * rate) });
    for (const [who, drafter] of [
      ["the text", () => new PromptLookup()],
      ["the prediction module", (cache: KvCache) => PredictionModule.of(decoder, cache)!],
    ] as const) {
      for (const most of who === "the text" ? [1, 2, 4, 8] : module ? [1, 2, 4] : []) {
        const runner = new SpeculativeRunner(decoder, Math.min(4096, session.context), drafter, most);
        const sums = { steps: 0, drafted: 0, accepted: 0 };
        const from = cpuMs();
        for (const [i, question] of all.entries()) {
          const { request, writer } = begin(question);
          const { sequence, speculation } = await runner.run(request, { onToken: (one) => writer.onToken(one) });
          if (sequence.ids.join() !== plain[i]) throw new Error("guessing changed the text");
          for (const key of ["steps", "drafted", "accepted"] as const) sums[key] += speculation[key];
        }
        const ratio = tokens / (cpuMs() - from) / rate;
        emit({ name: `${what}: ${who} guesses up to ${most}`, ...sums, speed_to_no_guesses: round(ratio) });
        runner.close();
      }
    }
  }
}

/** The median of many runs: a draw stops where it finds its token, sooner or later. */
function medianMicroseconds(work: () => unknown, times = 41): number {
  const taken = Array.from({ length: times }, () => {
    const start = cpuMs();
    work();
    return cpuMs() - start;
  });
  return Math.round(1000 * taken.sort((a, b) => a - b)[times >> 1]);
}

const round = (value: number): number => Math.round(100 * value) / 100;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const gaussian = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

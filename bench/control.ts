/**
 * What drawing, steering and guessing cost: a token's draw under each setting for a vocabulary of 151,936, a constraint's masks, and
 * the rate of guessing ahead on a text that repeats and on one that does not. `reckon bench control [--model M] [--threads N]`.
 */
import { existsSync } from "node:fs";
import { chooseToken } from "../src/generate/choose-token.ts";
import { compileConstraint } from "../src/generate/constraint/compile.ts";
import type { Sampling } from "../src/generate/sampling.ts";
import { Sequence } from "../src/generate/sequence.ts";
import { ModelSession } from "../src/generate/session.ts";
import { TokenReader } from "../src/generate/token-info.ts";
import { Random } from "../src/random.ts";

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

async function guesses(session: ModelSession, emit: ControlOptions["emit"]): Promise<void> {
  const line = "The quick brown fox jumps over the lazy dog. ";
  const texts: [string, string][] = [
    ["repeats", line.repeat(6)],
    ["does not", "Once upon a time there was a small town by the sea, and in it"],
  ];
  const counts = [0, 2, 4, 8];
  for (const [kind, raw] of texts) {
    const options = { temperature: 0, maxTokens: 96, ignoreEos: true };
    const plain = (await session.complete({ raw }, options)).ids.join();
    const rates = new Map(counts.map((n) => [n, 0]));
    const speculations = new Map<number, object>();
    // In turns, so that what else the machine does meets all of them.
    for (let repeat = 0; repeat < 6; repeat++) {
      for (const n of counts) {
        await session.complete({ raw }, { ...options, maxTokens: 1, speculative: n }); // the prompt is read
        const start = cpuMs();
        const answer = await session.complete({ raw }, { ...options, speculative: n });
        const rate = (answer.ids.length / (cpuMs() - start)) * 1000;
        if (answer.ids.join() !== plain) throw new Error("guessing changed the text");
        rates.set(n, Math.max(rates.get(n)!, round(rate)));
        if (answer.speculation !== undefined) speculations.set(n, answer.speculation);
      }
    }
    for (const n of counts) {
      const figures = {
        tokens_per_cpu_second: rates.get(n),
        ratio: round(rates.get(n)! / rates.get(0)!),
      };
      emit({ name: `guesses: a text that ${kind}, up to ${n}`, ...figures, ...speculations.get(n) });
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

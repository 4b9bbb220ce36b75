/**
 * `reckon bench speculate`: what a step costs by its rows, and what guessing ahead brings the engine behind HTTP with 1 to 16 answers at
 * once, by how many tokens a step may guess: on texts that copy their prompt, that tell a story, that solve a task. Every answer is checked to be the
 * one without guesses. Processor time counts, so that other work on the machine hardly shows.
 */
import type { Answer } from "../src/generate/answer.ts";
import { Engine } from "../src/generate/engine/engine.ts";
import { StepLayout } from "../src/generate/engine/step-layout.ts";
import { ModelSession, type Question } from "../src/generate/session.ts";
import { ALL } from "../src/tasks/catalogue.ts";
import { sample } from "../src/tasks/sample.ts";

export interface SpeculateBenchOptions {
  readonly model: string;
  readonly threads?: number;
  /** New tokens of each answer. */
  readonly newTokens?: number;
  readonly emit: (line: Readonly<Record<string, unknown>>) => void;
}

/** The text that ends by itself; the others go on for as many tokens as are asked for. */
const TASKS = "solves a task";
const CLIENTS = [1, 2, 4, 16];
const GUESSES = [0, 1, 3, 7];
const ROUNDS = 3;
/** Small models are asked again until they have worked this long. */
const LEAST_MS = 500;

export async function run(options: SpeculateBenchOptions): Promise<void> {
  const session = await ModelSession.open(options);
  rowCosts(session, options.emit);
  await session.close();
  await answers(options);
}

/** Steps of one text with ever more rows, and of ever more texts with one row each. */
function rowCosts({ decoder }: ModelSession, emit: SpeculateBenchOptions["emit"]): void {
  const [texts, known, times] = [16, 128, 15];
  const cache = decoder.newCache(texts, known + texts);
  const layout = new StepLayout<{ slot: number }>(known);
  for (let slot = 0; slot < texts; slot++) {
    layout.clear();
    for (let at = 0; at < known; at++) layout.add(2 + (at % 50), { slot }, at);
    decoder.step(cache, layout);
  }
  for (const rows of [1, 2, 3, 4, 6, 8, 12, 16]) {
    const milliseconds = [true, false].map((oneText) => {
      layout.clear();
      for (let i = 0; i < rows; i++) layout.add(9, { slot: oneText ? 0 : i }, known + (oneText ? i : 0));
      const taken = Array.from({ length: times }, () => {
        const from = cpuMs();
        decoder.logits(decoder.step(cache, layout));
        return cpuMs() - from;
      });
      return round(taken.sort((a, b) => a - b)[times >> 2]);
    });
    emit({ bench: "speculate", rows, "ms, one text": milliseconds[0], "ms, as many texts": milliseconds[1] });
  }
  cache.free();
}

/** Each setting in turn, round by round; the best round of each counts. */
async function answers({ model, threads, newTokens = 96, emit }: SpeculateBenchOptions): Promise<void> {
  const engines = new Map<number, Engine>();
  for (const speculate of GUESSES) {
    const session = await ModelSession.open({ model, threads });
    engines.set(speculate, new Engine(session, { slots: 16, context: 768, saveBytes: 0, speculate }));
  }
  const first = engines.get(0)!;
  for (const [text, question] of Object.entries(texts(first.session.template !== null))) {
    for (const clients of CLIENTS) {
      const questions = Array.from({ length: clients }, (_, i) => question(i));
      const longest = Math.max(...questions.map((one) => first.session.prompt(one).ids.length));
      if (longest + newTokens > first.context) {
        emit({ bench: "speculate", text, clients, "left out": `${longest} tokens of prompt do not fit` });
        continue;
      }
      const best = new Map<number, Measured>();
      for (let round = 0; round < ROUNDS; round++) {
        for (const [speculate, engine] of engines) {
          const measured = await measure(engine, questions, newTokens, text !== TASKS);
          const before = best.get(speculate);
          if (before === undefined || measured.cpuMs < before.cpuMs) best.set(speculate, measured);
        }
      }
      const plain = best.get(0)!;
      for (const [speculate, { ids, tokens, ms, cpuMs, drafted, accepted }] of best) {
        if (ids !== plain.ids)
          throw new Error(`guessing changed an answer (${text}, ${clients} clients, ${speculate} guesses)`);
        emit({
          bench: "speculate",
          text,
          clients,
          guesses: speculate,
          "tok/s": round((1000 * tokens) / ms),
          tokens_per_cpu_second: round((1000 * tokens) / cpuMs),
          "to none": round(plain.cpuMs / cpuMs),
          drafted,
          accepted,
        });
      }
    }
  }
  for (const engine of engines.values()) await engine.close();
}

interface Measured {
  readonly ids: string;
  readonly tokens: number;
  /** From the last first token to the last token. */
  readonly ms: number;
  readonly cpuMs: number;
  readonly drafted: number;
  readonly accepted: number;
}

async function measure(
  engine: Engine,
  questions: readonly Question[],
  maxTokens: number,
  ignoreEos: boolean,
): Promise<Measured> {
  const options = { temperature: 0, maxTokens, ignoreEos };
  // Prompts are read first, so that only the writing is measured.
  for (const question of questions) await (await engine.submit(question, { ...options, maxTokens: 1 })).result;
  const [started, startedCpu] = [performance.now(), cpuMs()];
  let answers: readonly Answer[] = [];
  let times = 0;
  do {
    const handles = await Promise.all(questions.map((question) => engine.submit(question, options)));
    answers = (await Promise.all(handles.map(({ result }) => result))).flat();
    times++;
  } while (cpuMs() - startedCpu < LEAST_MS);
  const [ms, cpu] = [(performance.now() - started) / times, (cpuMs() - startedCpu) / times];
  return {
    ids: answers.map(({ ids }) => ids.join()).join(";"),
    tokens: answers.reduce((sum, { ids }) => sum + ids.length, 0),
    ms,
    cpuMs: cpu,
    drafted: answers.reduce((sum, { speculation }) => sum + (speculation?.drafted ?? 0), 0),
    accepted: answers.reduce((sum, { speculation }) => sum + (speculation?.accepted ?? 0), 0),
  };
}

/** Questions by what their answers are like; a model without a chat template goes on from the text itself. */
function texts(chats: boolean): Readonly<Record<string, (i: number) => Question>> {
  const ask = (content: string): Question => (chats ? { messages: [{ role: "user", content }] } : { raw: content });
  return {
    "copies its prompt": (i) => {
      const sentences = SENTENCES.map((_, k) => SENTENCES[(k + i) % SENTENCES.length]).join(" ");
      return ask(`Repeat the following text word for word.\n\n${sentences}`);
    },
    "tells a story": (i) => ask(`Write a short story about ${SUBJECTS[i % SUBJECTS.length]}.`),
    [TASKS]: (i) => {
      const task = ALL[i % ALL.length];
      return ask(sample(task, { seed: 77, index: Math.floor(i / ALL.length), level: 1, split: "held-out" }).prompt);
    },
  };
}

const SENTENCES = [
  "The lighthouse on the northern cape was built in 1871 by masons from three villages.",
  "Its lamp burned whale oil at first, then paraffin, and was made electric in 1934.",
  "Keepers lived there with their families until the last of them left in 1988.",
  "Since then a small museum shows their tools, their logbooks and a model of the lens.",
  "In summer a boat brings visitors twice a day when the sea is calm enough.",
  "From the gallery one can see the islands, the old cannery and, on clear days, the far coast.",
];

const SUBJECTS = [
  "a fox who learns to read",
  "two sisters and a broken clock",
  "the last baker of a mountain town",
  "a robot who is afraid of rain",
  "a letter that arrives forty years late",
  "a boy who collects shadows",
  "an old sailor and a talking gull",
  "a garden that grows at night",
  "a painter who cannot see red",
  "a train that never stops",
  "a girl who finds a door in a tree",
  "a king without a country",
  "a violin made of ice",
  "a cat who runs a library",
  "the day the river ran backwards",
  "a map of a place that is not there",
];

const round = (value: number): number => Math.round(100 * value) / 100;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

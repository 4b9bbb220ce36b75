/** R1-Zero in the tab: the recipe's own step on the model the engine holds, told step by step; nothing is written anywhere. */
import { UserError } from "../error.ts";
import { breathe, generateBatch } from "../generate/batch.ts";
import type { ModelSession } from "../generate/session.ts";
import type { Decoder } from "../model/decoder.ts";
import { Random } from "../random.ts";
import type { RlOptions } from "../recipes/options.ts";
import { presetNamed } from "../recipes/presets.ts";
import { learnFrom, optimizerOptions, ownSampler, question, sampleGroups } from "../recipes/r1-zero-step.ts";
import { judgeOf } from "../recipes/rewards.ts";
import { weightedTasks, worldDialogue } from "../recipes/world.ts";
import { taskNamed } from "../tasks/catalogue.ts";
import { sample } from "../tasks/sample.ts";
import { score } from "../tasks/score.ts";
import type { TaskEntry } from "../tasks/task.ts";
import { CharacterTokenizer } from "../text/character-tokenizer.ts";
import { Optimizer, trainedParameters } from "../train/optimizer.ts";
import { rolloutMetrics } from "../train/rollouts.ts";
import { rateFactor } from "../train/schedule.ts";

/**
 * What is left out is the preset `quick`'s, made for eyes: of one family, at a temperature at which the base is right about
 * half of the time (at 1 it is nearly always), and at a rate at which it learns that within some thirty short steps (docs/log.md has three seeds).
 */
export interface TrainSettings {
  readonly seed?: number;
  readonly steps?: number;
  readonly prompts_per_step?: number;
  readonly group_size?: number;
  readonly lr?: number;
  readonly max_completion_length?: number;
  /** Names of task families. */
  readonly families?: readonly string[];
}

/** An answer and what it earned. */
export interface TrainedSample {
  readonly question: string;
  readonly gold: string;
  readonly response: string;
  readonly right: boolean;
  readonly reward: number;
}

/** A question that is never trained on, sampled several times: the same seeds after every step, so that only the model differs. */
export interface ProbedQuestion {
  readonly question: string;
  readonly gold: string;
  /** How many of its answers are right, of how many. */
  readonly right: number;
  readonly of: number;
  /** The first of the answers, and whether that one is right. */
  readonly response: string;
  readonly response_right: boolean;
}

/** A step that was made; step 0 is the model before any. */
export interface TrainedStep {
  readonly step: number;
  readonly steps: number;
  /** Means over the step's samples; null before the first. */
  readonly reward: number | null;
  readonly accuracy: number | null;
  readonly length: number | null;
  readonly seconds: number;
  /** The same few held-out questions after each step. */
  readonly held_out: readonly ProbedQuestion[];
  /** Some of what the step learned from. */
  readonly samples: readonly TrainedSample[];
}

/**
 * Trains the session's model, which stays as it was after the last whole step where `signal` stops it.
 * @param onStep where it gives a promise, the next step waits for it
 * @throws UserError
 */
export async function trainLive(
  { decoder, tokenizer }: ModelSession,
  settings: TrainSettings,
  onStep: (step: TrainedStep) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (!(tokenizer instanceof CharacterTokenizer)) {
    throw new UserError(
      "Only models of the procedural tasks' characters are trained here, such as the bundled base model.",
      {
        param: "model",
        type: "invalid_model",
      },
    );
  }
  const options = optionsOf(settings);
  const { seed = 1 } = settings;
  const families = weightedTasks(options.tasks);
  const judge = judgeOf(options, null);
  const optimizer = new Optimizer(decoder.device, trainedParameters(decoder, false), optimizerOptions(options));
  const random = { data: Random.from(seed, "r1-zero", "data"), policy: Random.from(seed, "r1-zero", "policy") };
  const schedule = { shape: "linear" as const, warmup: options.warmup, decay: options.decay, floor: 0.05 };
  const ask = () => question(families, options, random.data);
  const sampler = ownSampler(decoder, options);
  const questions = probes(options.tasks, seed);
  const probe = () => askProbes(decoder, questions, options, seed);
  const { steps } = options;
  try {
    await onStep({
      ...{ step: 0, steps, reward: null, accuracy: null, length: null, seconds: 0 },
      held_out: await probe(),
      samples: [],
    });
    let seen = 0;
    for (let step = 1; step <= steps && !signal.aborted; step++) {
      const begun = performance.now();
      const groups = await sampleGroups(sampler, ask, options, judge, random.data, options.prompts_per_step, signal);
      if (signal.aborted) return; // rollouts cut short would teach that short is right
      const place = { step, factor: rateFactor(schedule, step - 1, steps), seen };
      const { rollouts, advantages, metrics } = await learnFrom(
        ...([decoder, optimizer, groups, options, place, random.policy, null] as const),
      );
      seen = metrics.num_tokens!;
      await breathe();
      const figures = rolloutMetrics(rollouts, advantages);
      await onStep({
        ...{ step, steps, reward: figures.reward!, accuracy: figures["rewards/accuracy/mean"]! },
        length: figures["completions/mean_length"]!,
        seconds: (performance.now() - begun) / 1000,
        held_out: await probe(),
        samples: groups
          .slice(0, 4)
          .map(({ entry, samples: [{ text, parts, reward }] }) => told(entry, text, parts.accuracy!, reward)),
      });
    }
  } finally {
    optimizer.free();
  }
}

const FOR_EYES = {
  steps: 30,
  prompts_per_step: 16,
  group_size: 8,
  max_completion_length: 96,
  lr: 2e-3,
  temperature: 1.7,
};

function optionsOf({ seed: _, families = ["chain-sum"], ...settings }: TrainSettings): RlOptions {
  const { rl } = presetNamed("quick");
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return { ...rl, ...FOR_EYES, ...given, tasks: { ...rl.tasks, families: [...families] } };
}

/** Held-out questions asked after every step, and answers to each: enough for a share to mean something, few enough to cost little. */
const [PROBES, ANSWERS] = [6, 8];

/** A few held-out questions, of all families alike. */
function probes({ families, levels }: RlOptions["tasks"], seed: number): TaskEntry[] {
  return Array.from({ length: Math.max(PROBES, Math.min(families.length, 8)) }, (_, i) =>
    sample(taskNamed(families[i % families.length]!), {
      seed,
      index: Math.floor(i / families.length),
      level: levels[0]!,
      split: "held-out",
    }),
  );
}

/** Sampled as training samples: a likelier answer is right before training already and would show nothing. */
async function askProbes(
  decoder: Decoder,
  entries: readonly TaskEntry[],
  { max_completion_length: maxTokens, temperature, slots }: RlOptions,
  seed: number,
): Promise<ProbedQuestion[]> {
  const dialogue = worldDialogue();
  const requests = entries.flatMap(({ prompt }, q) =>
    Array.from({ length: ANSWERS }, (_, k) => ({
      prompt: dialogue.prompt(prompt),
      ...{ maxTokens, stopIds: dialogue.stopIds },
      sampling: { temperature, seed: Random.from(seed, "probe", q, k).bits() },
    })),
  );
  const completions = await generateBatch(decoder, requests, { slots });
  const judged = completions.map(({ ids, finish }, i) => {
    const response = dialogue.text(ids);
    const { parts } = score(entries[Math.floor(i / ANSWERS)]!, response, { ended: finish === "stop" });
    return { response, right: parts.accuracy === 1 };
  });
  return entries.map(({ prompt, answer }, q) => {
    const own = judged.slice(q * ANSWERS, (q + 1) * ANSWERS);
    const [{ response, right }] = own as [(typeof own)[0]];
    return {
      ...{ question: prompt, gold: answer, right: own.filter((one) => one.right).length, of: ANSWERS },
      ...{ response, response_right: right },
    };
  });
}

const told = ({ prompt, answer }: TaskEntry, response: string, accuracy: number, reward: number): TrainedSample => ({
  ...{ question: prompt, gold: answer, response },
  right: accuracy === 1,
  reward,
});

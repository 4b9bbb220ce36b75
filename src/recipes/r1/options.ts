/** What the whole chain is made of, stage by stage; `--set stage.key=value` changes any of it. */
import { z } from "zod";
import { ALL, EIGHT, FURTHER } from "../../tasks/catalogue.ts";
import {
  type RlOptions,
  rlSchema,
  type SamplingOptions,
  type SupervisedOptions,
  samplingSchema,
  supervisedSchema,
} from "../options.ts";
import { presetNamed, studentRates } from "../presets.ts";

const count = z.int().positive();

const measuring = z.object({
  items: count.describe(
    "held-out questions a family, asked of every stage's model, sampled at temperature 1 and greedy",
  ),
  levels: z.array(count).min(1).default([1]).describe("the items of a family are divided among these levels"),
  max_tokens: count,
});

export const chainSchema = z.object({
  base: supervisedSchema,
  zero: rlSchema,
  cold_samples: samplingSchema,
  cold_start: supervisedSchema,
  reasoning: rlSchema,
  rejection_samples: samplingSchema,
  sft: supervisedSchema,
  preference_pairs: count,
  scenarios: rlSchema,
  student: supervisedSchema.describe("the base of the smaller dense students"),
  distill: supervisedSchema,
  student_rl: rlSchema,
  measure: measuring,
});
export type ChainOptions = z.infer<typeof chainSchema>;

type Rates = Pick<SupervisedOptions, "muon_lr" | "adamw_lr" | "tokens_per_step"> &
  Partial<Pick<SupervisedOptions, "mean">>;

/** How large a chain is; everything else follows from the recipes' presets of the same name and from the paper. */
interface Size {
  readonly reasoning: readonly string[];
  readonly levels: readonly number[];
  readonly weights: Readonly<Record<string, number>>;
  /** Levels of a family's documents, drawn equally, where they are not the levels above. */
  readonly documentLevels?: Record<string, number[]>;
  readonly baseTokens: number;
  /** What else its base is trained with than the preset's pre-training. */
  readonly base?: Pick<SupervisedOptions, "decay" | "prompt_loss">;
  /** What its cold start and its SFT are trained with instead of the preset's fine-tuning. */
  readonly tuned?: Readonly<Record<"coldStart" | "sft", Rates>>;
  /** Shares of the families in reasoning RL and RL for all scenarios: more of what is often wrong. */
  readonly reinforced?: Readonly<Record<string, number>>;
  readonly styles: SupervisedOptions["styles"];
  readonly steps: { readonly zero: number; readonly reasoning: number; readonly scenarios: number };
  readonly coldSamples: SamplingOptions;
  /** More than the cold start's: a student learns all it gets from there. */
  readonly rejectionSamples: Pick<SamplingOptions, "prompts" | "samples">;
  readonly studentTokens: number;
  readonly epochs: { readonly coldStart: number; readonly sft: number; readonly distill: number };
  readonly items: number;
}

const SIZES: Readonly<Record<string, Size>> = {
  smoke: {
    reasoning: ["number-words", "digit-sums"],
    levels: [1],
    weights: { "number-words": 1.5, requests: 0.4 },
    baseTokens: 1_400_000,
    styles: { direct: 15, terse: 5, careful: 68, checking: 12 },
    steps: { zero: 28, reasoning: 12, scenarios: 10 },
    coldSamples: { prompts: 400, samples: 4, temperature: 1, max_tokens: 80 },
    rejectionSamples: { prompts: 1400, samples: 4 },
    studentTokens: 300_000,
    // a student sees the few answers there are often
    epochs: { coldStart: 2, sft: 2, distill: 8 },
    items: 60,
  },
  speedrun: {
    reasoning: [...EIGHT.map(({ name }) => name), "number-words"],
    levels: [1],
    weights: { "number-words": 2, requests: 0.4 },
    baseTokens: 8_000_000,
    styles: { direct: 37, terse: 15, careful: 33, checking: 15 },
    steps: { zero: 60, reasoning: 20, scenarios: 12 },
    coldSamples: { prompts: 1200, samples: 4, temperature: 1, max_tokens: 192 },
    rejectionSamples: { prompts: 4000, samples: 2 },
    studentTokens: 1_500_000,
    epochs: { coldStart: 2, sft: 2, distill: 3 },
    items: 40,
  },
  nano: {
    reasoning: [...ALL, ...FURTHER].map(({ name }) => name).concat("number-words"),
    levels: [1, 2],
    // what is learned last gets more documents
    weights: {
      ...{ sorting: 6, countdown: 5.5, "number-words": 4.5, remainders: 3.5, "digit-sums": 3.5, products: 2.5 },
      ...{ "clock-times": 2.5, "base-conversion": 2.5, "chain-sum": 2.5, comparison: 2.5, "linear-equations": 2.5 },
      ...{ "letter-counting": 1.5, "roman-numerals": 0.8, requests: 0.6 },
    },
    documentLevels: Object.fromEntries(
      ["number-words", "sorting", "countdown", "products", "clock-times"].map((name) => [name, [1, 2, 2]]),
    ),
    baseTokens: 180_000_000,
    // questions are drawn at random: nothing is to be learned from guessing them (docs/decisions/021)
    base: { decay: 0.7, prompt_loss: false },
    // what so long a base knows is lost to large steps on few tokens, unless their mean is taken (docs/decisions/022, 023)
    tuned: {
      coldStart: { muon_lr: 0.0008, adamw_lr: 0.0003, tokens_per_step: 4096 },
      sft: { muon_lr: 0.002, adamw_lr: 0.0006, tokens_per_step: 4096, mean: 0.75 },
    },
    reinforced: {
      ...{ sorting: 2.5, "number-words": 2, countdown: 2, "clock-times": 1.5, "linear-equations": 1.3, products: 1.3 },
      ...{ "chain-sum": 1.2, "letter-counting": 0.6, "roman-numerals": 0.4 },
    },
    styles: { direct: 4, terse: 4, careful: 80, checking: 12 },
    steps: { zero: 45, reasoning: 30, scenarios: 60 },
    coldSamples: { prompts: 2400, samples: 4, temperature: 1, max_tokens: 256 },
    rejectionSamples: { prompts: 7000, samples: 2 },
    studentTokens: 5_000_000,
    epochs: { coldStart: 2, sft: 2, distill: 2 },
    items: 60,
  },
};

export const CHAIN_PRESETS: readonly string[] = Object.keys(SIZES);

/** The chain's options under a preset that has a chain. */
export function chainOptions(preset: string): ChainOptions {
  const { pretrain, sft, rl } = presetNamed(preset);
  const size = SIZES[preset]!;
  const reasoning = { families: [...size.reasoning], levels: [...size.levels], document_levels: {}, weights: {} };
  const all = { ...reasoning, families: [...size.reasoning, "requests"] };
  const weighted = { ...all, weights: { ...size.weights }, document_levels: { ...size.documentLevels } };
  const shares = { ...size.reinforced };
  const { max_tokens } = size.coldSamples;
  // every stage's model is asked the same at the end; in between the runs need not ask much
  const evaluation = { items: Math.round(size.items / 2), every: 0, max_tokens };
  const base: SupervisedOptions = {
    ...pretrain,
    ...size.base,
    tasks: weighted,
    styles: size.styles,
    tokens: size.baseTokens,
    checkpoint_every: 250,
    evaluation,
  };
  const tuned: SupervisedOptions = {
    ...sft,
    tasks: reasoning,
    tokens_per_step: 1024,
    checkpoint_every: 50,
    evaluation,
  };
  const reinforced: RlOptions = {
    ...rl,
    tasks: reasoning,
    max_completion_length: max_tokens,
    checkpoint_every: 10,
    save_rollouts: 5,
    evaluation,
  };
  return {
    base,
    // the stage the paper's curve is of
    zero: {
      ...reinforced,
      steps: size.steps.zero,
      evaluation: { ...evaluation, every: Math.round(size.steps.zero / 3) },
    },
    cold_samples: size.coldSamples,
    cold_start: { ...tuned, ...size.tuned?.coldStart, epochs: size.epochs.coldStart },
    reasoning: {
      ...reinforced,
      tasks: { ...reasoning, weights: shares },
      steps: size.steps.reasoning,
      language_weight: 0.5,
    },
    rejection_samples: { ...size.coldSamples, ...size.rejectionSamples },
    sft: { ...tuned, ...size.tuned?.sft, tasks: all, epochs: size.epochs.sft },
    preference_pairs: 400,
    scenarios: {
      ...reinforced,
      tasks: { ...all, weights: shares },
      steps: size.steps.scenarios,
      temperature: 0.7,
      // a learned reward is gamed where nothing holds the model back: the paper's KL, to the model the stage began with
      beta: 0.001,
      reference_every: 400,
      language_weight: 0.5,
      preference_weight: 1,
      harmless_weight: 0.5,
    },
    student: { ...base, tokens: size.studentTokens },
    distill: { ...tuned, ...studentRates(pretrain), tasks: all, epochs: size.epochs.distill },
    student_rl: { ...reinforced, steps: size.steps.reasoning, language_weight: 0.5 },
    measure: { items: size.items, levels: [...size.levels], max_tokens },
  };
}

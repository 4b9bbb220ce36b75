/**
 * The named settings of the recipes. Times are of two cores; what each preset reached is in docs/log.md.
 *
 *   smoke     about one minute: one easy family, a toy model; the tests run it
 *   speedrun  at most 15 minutes: the eight families, from nothing to a model whose reasoning reinforcement learning grew
 *   nano      of r1 the bundled model: thirteen families on two levels, all wordings, as long as it needs; of r1-zero ten families
 *   quick     R1-Zero alone from the bundled base model: the curve rises within three minutes
 */
import { usageError } from "../error.ts";
import type { DeepSeekConfig } from "../model/config.ts";
import { ALL, EIGHT } from "../tasks/catalogue.ts";
import type { DistillOptions, RlOptions, SupervisedOptions } from "./options.ts";

export interface Preset {
  readonly name: string;
  readonly about: string;
  /** The model to make from nothing. */
  readonly model: DeepSeekConfig;
  readonly pretrain: SupervisedOptions;
  readonly sft: SupervisedOptions;
  readonly rl: RlOptions;
  readonly distill: DistillOptions;
}

/** A small V3: latent attention, first layer dense, then one shared and a few routed experts balanced by bias alone. */
function smallV3(size: Partial<DeepSeekConfig>): DeepSeekConfig {
  return {
    attention: "mla",
    model_type: "deepseek_v3",
    hidden_size: 128,
    intermediate_size: 352,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    num_key_value_heads: 4,
    vocab_size: 112,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    rope_scaling: null,
    rope_factors: null,
    rope_interleave: true,
    max_position_embeddings: 512,
    tie_word_embeddings: false,
    attention_bias: false,
    hidden_act: "silu",
    initializer_range: 0.02,
    bos_token_id: 0,
    eos_token_id: [1],
    pad_token_id: 2,
    q_lora_rank: null,
    kv_lora_rank: 48,
    qk_nope_head_dim: 16,
    qk_rope_head_dim: 16,
    v_head_dim: 32,
    first_k_dense_replace: 1,
    moe_layer_freq: 1,
    n_routed_experts: 8,
    n_shared_experts: 1,
    num_experts_per_tok: 2,
    moe_intermediate_size: 96,
    n_group: 1,
    topk_group: 1,
    topk_method: "noaux_tc",
    scoring_func: "sigmoid",
    norm_topk_prob: true,
    routed_scaling_factor: 1.5,
    num_nextn_predict_layers: 0,
    ...size,
  };
}

const eight = EIGHT.map((task) => task.name);
const all = ALL.map((task) => task.name);

const speedrunPretrain: SupervisedOptions = {
  tasks: { families: eight, levels: [1], weights: {}, document_levels: {} },
  styles: { direct: 40, terse: 15, careful: 33, checking: 12 },
  canonical: 0.4,
  data: null,
  epochs: 2,
  tokens: 9_500_000,
  tokens_per_step: 4096,
  gradient_checkpointing: false,
  rows_per_pass: 2048,
  prompt_loss: true,
  lora: { r: 0, alpha: 16, targets: [] },
  optimizer: "muon",
  muon_lr: 0.009,
  adamw_lr: 0.003,
  warmup: 50,
  decay: 0.6,
  mean: 0,
  master_weights: "f32",
  max_grad_norm: 1,
  mtp_lambda: 0,
  mtp_every: 1,
  router_gamma: 0.001,
  checkpoint_every: 500,
  evaluation: { items: 50, every: 0, max_tokens: 192 },
};

const speedrunRl: RlOptions = {
  tasks: { families: eight, levels: [1], weights: {}, document_levels: {} },
  canonical: 0.4,
  steps: 90,
  prompts_per_step: 48,
  group_size: 8,
  max_completion_length: 192,
  temperature: 1,
  loss: "dapo",
  scale_rewards: "group",
  scale_offset: 0.1,
  beta: 0,
  reference_every: 0,
  epsilon: null,
  epsilon_high: null,
  ppo: { lambda: 1, value_coef: 0.1, value_clip: 0.2 },
  iterations: 1,
  dynamic_sampling: false,
  mask_truncated: false,
  accuracy_weight: 1,
  format_weight: 0.2,
  language_weight: 0,
  preference_weight: 0,
  preference_model: null,
  harmless_weight: 0,
  data: null,
  reward_file: null,
  reward_weight: 1,
  reward_seconds: 5,
  lora: { r: 0, alpha: 16, targets: [] },
  lr: 2e-4,
  optimizer: "adamw",
  warmup: 3,
  decay: 0.7,
  master_weights: "f32",
  max_grad_norm: 1,
  gradient_checkpointing: false,
  rows_per_pass: 2048,
  slots: 128,
  rollout_weights: "f32",
  rollouts: { url: null, model: null },
  importance_cap: 3,
  router_gamma: 0,
  save_rollouts: 1,
  checkpoint_every: 20,
  evaluation: { items: 50, every: 30, max_tokens: 192 },
};

/** Eight narrow heads rather than four: counting letters and sorting look many things up at once. */
const nanoModel = smallV3({
  num_hidden_layers: 5,
  num_attention_heads: 8,
  num_key_value_heads: 8,
  kv_lora_rank: 64,
  v_head_dim: 16,
  num_nextn_predict_layers: 1,
});

const nanoPretrain: SupervisedOptions = {
  ...speedrunPretrain,
  // what is learned last gets more documents
  tasks: {
    families: all,
    levels: [1],
    document_levels: {},
    weights: { sorting: 4, remainders: 6, countdown: 3, "base-conversion": 2, "letter-counting": 1.5 },
  },
  styles: { direct: 25, terse: 10, careful: 45, checking: 20 },
  tokens: 46_400_000,
  decay: 0.61,
  mtp_lambda: 0.1,
  mtp_every: 4,
  checkpoint_every: 500,
  evaluation: { items: 40, every: 1500, max_tokens: 192 },
};

/** One family in one wording, mostly thought through: learned well enough in half a minute that careful thinking pays. */
const smokePretrain: SupervisedOptions = {
  ...speedrunPretrain,
  tasks: { families: ["digit-sums"], levels: [1], weights: {}, document_levels: {} },
  styles: { direct: 30, terse: 10, careful: 60, checking: 0 },
  canonical: 1,
  tokens: 700_000,
  tokens_per_step: 1024,
  checkpoint_every: 0,
  evaluation: { items: 300, every: 0, max_tokens: 64 },
};

/** Careful thinking alone, at a fraction of the tokens and the learning rate that made the model: it keeps what it knows. */
const fineTuning = (pretrain: SupervisedOptions): SupervisedOptions => ({
  ...pretrain,
  styles: { direct: 0, terse: 0, careful: 70, checking: 30 },
  tokens: Math.round(pretrain.tokens / 10),
  prompt_loss: false,
  muon_lr: 0.002,
  adamw_lr: 0.0005,
  warmup: 10,
  decay: 0.8,
});

/** Many questions rather than many answers to each: what a student lacks is examples. */
const DISTILL: DistillOptions = { shape: "qwen2", prompts: 5000, samples: 2, temperature: 1, max_tokens: 192 };

/** A student's learning rates: as large as the ones that made it, where the paper's are 5 to 20 times those its own model is tuned at. */
export const studentRates = ({ muon_lr, adamw_lr }: SupervisedOptions) => ({ muon_lr, adamw_lr });

/** Of learning a teacher's answers: a few thousand short ones, so smaller steps than documents without end allow. */
export const studying = ({ pretrain, sft }: Pick<Preset, "pretrain" | "sft">): SupervisedOptions => ({
  ...sft,
  ...studentRates(pretrain),
  tokens_per_step: 1024,
  epochs: 3,
});

export const PRESETS: readonly Preset[] = [
  {
    name: "smoke",
    about: "one easy family and a toy model, about one minute",
    model: smallV3({
      hidden_size: 64,
      num_hidden_layers: 2,
      intermediate_size: 128,
      n_routed_experts: 4,
      moe_intermediate_size: 48,
    }),
    pretrain: smokePretrain,
    sft: fineTuning(smokePretrain),
    rl: {
      ...speedrunRl,
      tasks: { families: ["digit-sums"], levels: [1], weights: {}, document_levels: {} },
      canonical: 1,
      steps: 40,
      prompts_per_step: 16,
      max_completion_length: 64,
      lr: 4e-4,
      checkpoint_every: 10,
      evaluation: { items: 300, every: 20, max_tokens: 64 },
    },
    distill: { ...DISTILL, prompts: 400, samples: 4, max_tokens: 64 },
  },
  {
    name: "speedrun",
    about: "the eight families from nothing in 15 minutes on two cores",
    model: smallV3({}),
    pretrain: speedrunPretrain,
    sft: fineTuning(speedrunPretrain),
    rl: speedrunRl,
    distill: DISTILL,
  },
  {
    name: "nano",
    about: "of r1 the bundled model: thirteen families on two levels, in all their wordings; of r1-zero ten on one",
    model: nanoModel,
    pretrain: nanoPretrain,
    sft: fineTuning(nanoPretrain),
    rl: {
      ...speedrunRl,
      tasks: { families: all, levels: [1], weights: {}, document_levels: {} },
      steps: 150,
      checkpoint_every: 25,
      evaluation: { items: 40, every: 25, max_tokens: 192 },
    },
    distill: { ...DISTILL, prompts: 12000 },
  },
  {
    name: "quick",
    about: "R1-Zero alone from the bundled base model, three minutes",
    model: nanoModel,
    pretrain: nanoPretrain,
    sft: fineTuning(nanoPretrain),
    rl: {
      ...speedrunRl,
      tasks: { families: all, levels: [1, 2], weights: {}, document_levels: {} },
      steps: 30,
      prompts_per_step: 32,
      // Hot: at 1 that base is right nine times in ten, which leaves most groups without a difference to learn from.
      temperature: 1.6,
      lr: 1e-3,
      evaluation: { items: 20, every: 10, max_tokens: 192 },
    },
    distill: DISTILL,
  },
];

/** The preset of that name. @throws UserError (usage) listing the names there are. */
export function presetNamed(name: string): Preset {
  const found = PRESETS.find((preset) => preset.name === name);
  if (found !== undefined) return found;
  throw usageError(`there is no preset "${name}"; there are ${PRESETS.map((one) => one.name).join(", ")}`, "preset");
}

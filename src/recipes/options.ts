/** What a training run is made of: one schema that validates presets, `--set key=value`, and the config.json of a run being resumed. */
import { z } from "zod";
import { usageError } from "../error.ts";
import { LORA_TARGETS } from "../model/lora.ts";
import { STYLES } from "../tasks/task.ts";

const rate = z.number().positive();
const share = z.number().min(0).max(1);
const count = z.int().positive();

const styles = z.object(
  Object.fromEntries(STYLES.map((style) => [style, z.number().min(0)])) as Record<(typeof STYLES)[number], z.ZodNumber>,
);

/** Which questions a stage is about. */
const tasks = z.object({
  families: z.array(z.string()).min(1).describe("names of task families"),
  levels: z.array(count).min(1),
  document_levels: z
    .record(z.string(), z.array(count).min(1))
    .default({})
    .describe("levels of a family's documents where they are not `levels`; questions asked and answered keep those"),
  weights: z
    .record(z.string(), z.number().min(0))
    .default({})
    .describe("share of a family against the others; 1 where not named"),
});

const evaluation = z.object({
  items: z.int().min(0).describe("held-out questions a family, greedy and sampled at temperature 1"),
  every: z.int().min(0).describe("steps between evaluations while training; 0: only at the start and the end"),
  max_tokens: count,
});

const lora = z
  .object({
    r: z
      .int()
      .min(0)
      .describe("rank of the adapters that learn in the weights' place; 0: the weights themselves learn"),
    alpha: rate.describe("the adapters' product is multiplied by alpha / r"),
    targets: z.array(z.enum(LORA_TARGETS)).describe("matrices to adapt; none named: all there are"),
  })
  .default({ r: 0, alpha: 16, targets: [] });

/** Learning from documents: pre-training, and supervised fine-tuning from a model. */
export const supervisedSchema = z.object({
  tasks,
  styles,
  canonical: share.describe("share of canonical wordings"),
  data: z
    .string()
    .nullable()
    .default(null)
    .describe("JSONL file of examples to learn from instead of the procedural world"),
  epochs: count.default(2).describe("passes over the examples of data; tokens then has no effect"),
  tokens: count.describe("tokens to train on"),
  tokens_per_step: count,
  gradient_checkpointing: z
    .boolean()
    .default(false)
    .describe("keep each layer's input alone and make its activations again in backward: less memory, the same bits"),
  rows_per_pass: count.describe(
    "tokens in one forward and backward pass; the gradient has the same bits whatever it is",
  ),
  prompt_loss: z.boolean().describe("learn the question too, as in pre-training, or only thinking and answer"),
  lora,
  optimizer: z
    .enum(["muon", "adamw"])
    .default("muon")
    .describe("what moves matrices; the rest, and adapters, are always AdamW's"),
  muon_lr: rate,
  adamw_lr: rate,
  warmup: z.int().min(0),
  decay: share.describe("last fraction of the steps over which the learning rate falls to 0"),
  mean: share
    .default(0)
    .describe("last fraction of the steps whose weights' mean is the result; 0: the weights of the last step"),
  master_weights: z
    .enum(["f32", "bf16"])
    .default("f32")
    .describe(
      "bf16: weights are rounded to bfloat16 at random after every step, as trainers without a float32 copy do",
    ),
  max_grad_norm: rate,
  mtp_lambda: z.number().min(0).describe("weight of the multi-token-prediction loss (V3: 0.3, then 0.1)"),
  mtp_every: count.describe("the multi-token-prediction loss is taken on every n-th pass"),
  router_gamma: z.number().min(0).describe("speed of the router's balancing bias (V3: 0.001)"),
  checkpoint_every: z.int().min(0).describe("steps between checkpoints; 0: only at the end"),
  evaluation,
});

/** R1-Zero: GRPO on verifiable questions with accuracy and format rewards. */
export const rlSchema = z.object({
  tasks,
  canonical: share,
  steps: count,
  prompts_per_step: count,
  group_size: z.int().min(2),
  max_completion_length: count,
  temperature: rate,
  loss: z.string().describe("grpo, dr_grpo, dapo, gspo, bnpo, cispo, rloo or reinforce_pp; or ppo, with a critic"),
  scale_rewards: z.enum(["group", "batch", "none"]),
  scale_offset: z.number().min(0).describe("added to the deviation of the rewards"),
  beta: z.number().min(0).describe("weight of the KL to the reference"),
  reference_every: z.int().min(0).describe("steps after which the reference becomes the policy (R1: 400); 0: never"),
  epsilon: z.number().min(0).nullable().describe("clip range below; null: the variant's own"),
  epsilon_high: z.number().min(0).nullable(),
  ppo: z
    .object({
      lambda: share.describe("of the generalised advantage estimate; 1: the return less the value"),
      value_coef: rate.describe("weight of the critic's loss, which moves the policy's weights too"),
      value_clip: rate.describe("how far a value may move from the one when sampled before it stops counting"),
    })
    .default({ lambda: 1, value_coef: 0.1, value_clip: 0.2 })
    .describe("of loss=ppo"),
  iterations: count.describe("optimizer passes over each batch of rollouts (mu)"),
  dynamic_sampling: z.boolean().describe("sample again until every group has right and wrong answers (DAPO)"),
  mask_truncated: z.boolean().describe("leave cut-off responses out of the loss"),
  accuracy_weight: z.number().min(0),
  format_weight: z.number().min(0),
  language_weight: z.number().min(0).default(0).describe("reward for thinking in the question's language"),
  preference_weight: z
    .number()
    .min(0)
    .default(0)
    .describe("reward of the answer to a general request by preference_model"),
  preference_model: z
    .string()
    .nullable()
    .default(null)
    .describe("file of a preference model; null: rules judge every task"),
  harmless_weight: z
    .number()
    .min(0)
    .default(0)
    .describe("reward of a general request's whole response for doing no harm"),
  data: z.string().nullable().default(null).describe("JSONL file of prompts with answers to ask instead"),
  reward_file: z.string().nullable().default(null).describe("file whose default export adds a reward (--reward)"),
  reward_weight: z.number().min(0).default(1),
  reward_seconds: rate.default(5).describe("the longest the own reward may take for a sample"),
  lora,
  lr: rate,
  optimizer: z.enum(["adamw", "muon"]),
  warmup: z.int().min(0),
  decay: share,
  master_weights: z
    .enum(["f32", "bf16"])
    .default("f32")
    .describe(
      "bf16: weights are rounded to bfloat16 at random after every step, as trainers without a float32 copy do",
    ),
  max_grad_norm: rate,
  gradient_checkpointing: z
    .boolean()
    .default(false)
    .describe("keep each layer's input alone and make its activations again in backward: less memory, the same bits"),
  rows_per_pass: count,
  slots: count.describe("sequences generated at once"),
  rollout_weights: z
    .enum(["f32", "q8_0"])
    .default("f32")
    .describe("q8_0: sample from a copy of the policy in 8 bits, and weigh each token by how likely training finds it"),
  rollouts: z
    .object({
      url: z.string().nullable().describe("server that samples instead, with OpenAI's /v1/completions and token_ids"),
      model: z.string().nullable().describe("its name there; null: the only one there is"),
    })
    .default({ url: null, model: null }),
  importance_cap: rate.default(3).describe("the most a token counts that was sampled in 8 bits or by a server"),
  router_gamma: z.number().min(0),
  save_rollouts: z.int().min(0).describe("steps between saved rollouts; 0: none, 1: every step"),
  checkpoint_every: z.int().min(0),
  evaluation,
});

/** Several answers of a model to each of many questions. */
export const samplingSchema = z.object({
  prompts: count.describe("questions asked"),
  samples: count.describe("answers to each"),
  temperature: rate,
  max_tokens: count,
});

/** Distillation: the teacher's answers, and the student that learns them. */
export const distillSchema = samplingSchema.extend({
  shape: z
    .enum(["llama", "qwen2"])
    .describe("the student's architecture: dense, three quarters of the teacher's width"),
});

export type SamplingOptions = z.infer<typeof samplingSchema>;
export type DistillOptions = z.infer<typeof distillSchema>;
export type SupervisedOptions = z.infer<typeof supervisedSchema>;
export type RlOptions = z.infer<typeof rlSchema>;

export type LoraOptions = z.infer<typeof lora>;
export type EvaluationOptions = z.infer<typeof evaluation>;

/**
 * Options with `key=value` settings laid over them; keys may be dotted (`tasks.levels=[1,2]`), values are JSON or bare text.
 * @param prefix the stage's name with a dot, for the messages.
 * @throws UserError (usage) naming the key and what it takes.
 */
export function withSettings<S extends z.ZodType>(
  schema: S,
  options: z.infer<S>,
  settings: readonly string[],
  prefix = "",
): z.infer<S> {
  // parsed before too: an option newer than the config.json of a run being resumed gets its default, and can be set
  const known = (schema.safeParse(options).data ?? options) as object;
  const parsed = schema.safeParse(layOver(known, settings, prefix));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw usageError(`${prefix}${issue.path.join(".")}: ${issue.message}`, prefix + issue.path.join("."));
}

/** The options with settings laid over them, unchecked but for their keys. @throws UserError (usage) listing the keys there are. */
export function layOver(options: object, settings: readonly string[], prefix = ""): Record<string, unknown> {
  const changed = structuredClone(options) as Record<string, unknown>;
  for (const setting of settings) {
    const at = setting.indexOf("=");
    if (at < 1) throw usageError(`--set takes key=value, not "${setting}"`, "set");
    const path = setting.slice(0, at).split(".");
    const noSuch = (keys: readonly string[]) =>
      usageError(
        `--set ${prefix}${setting}: there is no ${prefix}${path.join(".")}; there are ${keys.join(", ")}`,
        "set",
      );
    let place = changed;
    for (const key of path.slice(0, -1)) {
      const next = Object.hasOwn(place, key) ? place[key] : undefined;
      if (typeof next !== "object" || next === null) throw noSuch(Object.keys(place));
      place = next as Record<string, unknown>;
    }
    const last = path.at(-1)!;
    if (!Object.hasOwn(place, last)) throw noSuch(Object.keys(place));
    place[last] = settingValue(setting.slice(at + 1));
  }
  return changed;
}

function settingValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

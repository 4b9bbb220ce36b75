/** The model card: README.md of a published model, as Hugging Face reads it. Every figure in it is handed in; none is written here. */
import type { Summary } from "../evaluate/accuracy.ts";
import { answerOf } from "../evaluate/item.ts";
import { DEFAULT_PRICE_PER_CORE_HOUR } from "../generate/cost.ts";
import { type ModelConfig, parameterCount } from "../model/config.ts";
import { ALL, taskNamed } from "../tasks/catalogue.ts";
import { HELD_OUT_SHARE } from "../tasks/sample.ts";
import { type ChainRecord, LAST_STAGE } from "./chain-record.ts";
import { PRESETS } from "./presets.ts";
import type { Accuracy, AccuracyPlan } from "./published-accuracy.ts";
import { trainCommand } from "./train-command.ts";
import { type EarlierPhase, METRICS_EVERY, type TrainedRun, type TrainingCost } from "./training-record.ts";

export interface CardFacts {
  readonly name: string;
  readonly config: ModelConfig;
  readonly runs: { readonly base: TrainedRun; readonly final: TrainedRun };
  /** What the base run went on from, first phase first. */
  readonly earlier: readonly EarlierPhase[];
  readonly costs: { readonly base: TrainingCost; readonly final: TrainingCost };
  readonly plan: AccuracyPlan;
  readonly accuracy: {
    readonly base: { readonly greedy: Accuracy; readonly sampled: Accuracy };
    readonly final: { readonly greedy: Accuracy; readonly sampled: Accuracy };
    /** The run's own float32 weights, greedy, canonical wording. */
    readonly unrounded: Accuracy;
  };
  /** The levels above the plan's that the model learned too. */
  readonly harder: readonly HarderLevel[];
  /** The chain the runs are stages of; null: reinforcement learning on the base alone. */
  readonly chain: ChainRecord | null;
}

/** The same questions a family on a level above. */
export interface HarderLevel {
  readonly level: number;
  readonly base: { readonly greedy: Accuracy; readonly sampled: Accuracy };
  readonly final: { readonly greedy: Accuracy; readonly sampled: Accuracy };
}

/** Below this a family is named as weak. */
const WEAK = 0.9;

export function modelCard(facts: CardFacts): string {
  return `${[
    frontMatter(facts),
    `# ${facts.name}`,
    whatItIs(facts),
    "## Accuracy",
    accuracySection(facts),
    ...facts.harder.map((one) => harderSection(one, facts.plan)),
    facts.chain === null
      ? "## Thinking before and after reinforcement learning"
      : "## Thinking at both ends of the chain",
    thinkingSection(facts),
    "## What it cannot do",
    limits(facts),
    "## Data",
    data(facts),
    "## Training",
    training(facts),
    "## Use",
    use(facts),
    "## Licence",
    "MIT, the weights and the software that made them.",
  ].join("\n\n")}\n`;
}

const frontMatter = ({ plan }: CardFacts): string => `---
license: mit
library_name: transformers
pipeline_tag: text-generation
language:
- en
${plan.families.includes("number-words") ? "- de\n" : ""}tags:
- reasoning
- reinforcement-learning
- grpo
- r1-zero
- deepseek_v3
- reckon
---`;

const ARCHITECTURE_NAMES = { llama: "Llama", mistral: "Mistral", qwen2: "Qwen2", qwen3: "Qwen3" };

function whatItIs({ config, name, chain }: CardFacts): string {
  const { total, active, nextn } = parameterCount(config);
  const layers = `${config.num_hidden_layers} layers of width ${config.hidden_size}, ${config.num_attention_heads} attention heads`;
  const architecture =
    config.attention === "gqa"
      ? `The architecture of ${ARCHITECTURE_NAMES[config.model_type]}: ${layers}.`
      : `DeepSeek-V3's architecture at toy size: ${layers} with multi-head latent attention (latent of ${config.kv_lora_rank}), ` +
        `the first ${config.first_k_dense_replace === 1 ? "layer" : `${config.first_k_dense_replace} layers`} dense, then ` +
        `${config.n_routed_experts} routed experts of width ${config.moe_intermediate_size} of which ${config.num_experts_per_tok} are used a token, ` +
        `beside ${config.n_shared_experts} shared, balanced by bias.`;
  const predicting =
    nextn === 0
      ? ""
      : ` A multi-token-prediction module of ${thousands(nextn)} further parameters comes along as pre-training left it; answering does not use it.`;
  return (
    `A very small reasoning model: it thinks in text, closes its thinking with \`</think>\`, then answers. ${architecture} ` +
    `${thousands(total)} parameters, ${thousands(active)} of them active for a token; a vocabulary of ${config.vocab_size} single characters ` +
    `and marks; a context of ${config.max_position_embeddings} tokens.${predicting}\n\n` +
    (chain === null
      ? "The folder `base` holds the model that reinforcement learning started from; the weights beside this card are what it became. "
      : "The weights beside this card are what DeepSeek-R1's whole chain made of the model in the folder `base`: R1-Zero, cold start, reinforcement learning, rejection sampling, fine-tuning, reinforcement learning for all scenarios. ") +
    `${name} was trained from random weights by Reckon, on the machine named below.`
  );
}

/** Families by model, temperature and wording; the last row is the mean. */
function accuracyTable(accuracy: Pick<HarderLevel, "base" | "final">, families: readonly string[]): string {
  const columns: readonly (readonly [string, (one: "base" | "final") => Summary | null])[] = [
    ["greedy", (one) => accuracy[one].greedy.canonical],
    ["greedy, reworded", (one) => accuracy[one].greedy.others],
    ["sampled", (one) => accuracy[one].sampled.canonical],
    ["sampled, reworded", (one) => accuracy[one].sampled.others],
  ];
  const shown = columns
    .flatMap(([title, of]) =>
      (["base", "final"] as const).map((one) => ({ title: `${one} ${title}`, summary: of(one) })),
    )
    .flatMap(({ title, summary }) => (summary === null ? [] : [{ title, summary }]));
  const rows = families.map((family) => [
    family,
    ...shown.map(({ summary }) => cell(ofFamily(summary, family).accuracy)),
  ]);
  const means = shown.map(({ summary }) => `${cell(summary.accuracy)} ± ${cell(summary.stderr)}`);
  return table(["family", ...shown.map(({ title }) => title)], [...rows, ["**mean**", ...means]]);
}

const harderSection = ({ level, ...accuracy }: HarderLevel, { families, items }: AccuracyPlan): string =>
  `The same on level ${level}, ${items} questions a family:\n\n${accuracyTable(accuracy, families)}`;

function accuracySection({ accuracy, plan, name, chain }: CardFacts): string {
  const reworded =
    plan.others.length === 0
      ? ""
      : ` Reworded: the same questions in wordings ${plan.others.join(", ")}; the others are in wording 0, the most frequent one in training.`;
  const { canonical } = accuracy.final.greedy;
  const exact = accuracy.unrounded.canonical;
  const flipped = countFlipped(accuracy.final.greedy, accuracy.unrounded);
  return [
    `Share of right answers in percent to ${plan.items} held-out questions a family (level ${plan.level}), which training never saw; ` +
      `the mean counts each family the same, ± one standard error. Greedy takes the likeliest token, sampled draws at temperature 1, both with at most ${plan.maxTokens} new tokens.${reworded} ` +
      `Base is the model before ${chain === null ? "reinforcement learning" : "the chain's other stages"}, final after. Measured on the files of this folder when it was made ` +
      "(`evaluation.json` has all figures), on questions drawn with another seed than those of the evaluations during training.",
    accuracyTable(accuracy, plan.families),
    `Rounding to BF16: the run's float32 weights get ${percent(exact.accuracy)} of the same greedy questions in wording 0, these files ${percent(canonical.accuracy)}; ` +
      `${flipped} of ${canonical.n} answers turned from right to wrong or from wrong to right.`,
    `To measure again: \`npx reckon eval --benchmark held-out --model models/${name} --items ${plan.items} --wordings ${[0, ...plan.others].join(",")}` +
      `${plan.families.length === ALL.length && plan.families.every((family) => ALL.some(({ name }) => name === family)) ? "" : ` --families ${plan.families.join(",")}`}${plan.level === 1 ? "" : ` --level ${plan.level}`} --max-tokens ${plan.maxTokens} --seed ${plan.seed}\` ` +
      "(add `--temperature 1` for sampled).",
  ].join("\n\n");
}

function thinkingSection({ accuracy, plan, runs, chain }: CardFacts): string {
  const columns = (["greedy", "sampled"] as const).flatMap((how) =>
    (["base", "final"] as const).map((one) => ({ title: `${one} ${how}`, summary: accuracy[one][how].canonical })),
  );
  const rows = plan.families.map((family) => [
    family,
    ...columns.map(({ summary }) => ofFamily(summary, family).thinking.toFixed(1)),
  ]);
  const [before, after] = [accuracy.base.sampled.canonical, accuracy.final.sampled.canonical];
  const form = (summary: Summary) => percent(summary.format);
  return [
    "Mean thinking tokens an answer, wording 0.",
    table(
      ["family", ...columns.map(({ title }) => title)],
      [...rows, ["**mean**", ...columns.map(({ summary }) => summary.thinking.toFixed(1))]],
    ),
    `Sampled, ${chain === null ? `${runs.final.checkpoint.step} steps of reinforcement learning` : "the chain"} took the model from ${before.thinking.toFixed(1)} to ${after.thinking.toFixed(1)} thinking tokens, ` +
      `from ${percent(before.accuracy)} to ${percent(after.accuracy)} percent right, and from ${form(before)} to ${form(after)} percent of answers in the right form.`,
    exampleOf(accuracy),
  ].join("\n\n");
}

/** The evaluation's first question, whatever became of it. */
function exampleOf({ base, final }: CardFacts["accuracy"]): string {
  const [before, after] = [base, final].map(({ greedy }) => greedy.asked.results[0]!);
  const shown = ({ responses: [response] }: typeof before) =>
    `\`\`\`\`text\n<think>${response!.text}\n\`\`\`\`\n\n(${response!.accuracy === 1 ? "right" : `wrong: the answer is ${before!.item.gold}, not ${answerOf(response!.text) || "empty"}`})`;
  return `The first question of the evaluation, ${JSON.stringify(before!.item.prompt)}, answered greedily by the base:\n\n${shown(before!)}\n\nand by the final model:\n\n${shown(after!)}`;
}

function limits({ accuracy, plan, harder, chain }: CardFacts): string {
  const { canonical, others } = accuracy.final.greedy;
  const weak = canonical.groups.filter((one) => one.accuracy < WEAK).sort((a, b) => a.accuracy - b.accuracy);
  const lowest = canonical.groups.reduce((least, one) => (one.accuracy < least.accuracy ? one : least));
  const fragile =
    others === null
      ? []
      : plan.families
          .map((family) => ({
            family,
            told: ofFamily(canonical, family).accuracy,
            reworded: ofFamily(others, family).accuracy,
          }))
          .filter(({ told, reworded }) => told - reworded > 0.05);
  return [
    `- Only the ${plan.families.length} task families of the tables, at the sizes of level${harder.length === 0 ? "" : "s"} ${[plan.level, ...harder.map(({ level }) => level)].join(" and ")} and worded about as in training. Anything else (${chain === null ? "small talk, " : "talk beyond a greeting, "}facts, other mathematics, code, other languages) gives nonsense.`,
    "- Only printable ASCII and line ends: other characters are not in its vocabulary.",
    "- One question at a time: it was never trained on a conversation.",
    weak.length === 0
      ? `- Even here it errs: its weakest family in the table, asked greedily in wording 0, is ${lowest.group} with ${percent(lowest.accuracy)} percent right.`
      : `- Weak families (below ${percent(WEAK)} percent, greedy, wording 0): ${weak.map((one) => `${one.group} ${percent(one.accuracy)}`).join(", ")}. Do not rely on their answers.`,
    ...(fragile.length === 0
      ? []
      : [
          `- Rewording the question costs more than five points in ${fragile.map(({ family, told, reworded }) => `${family} (${percent(told)} to ${percent(reworded)})`).join(", ")}.`,
        ]),
    "- Its thinking is in the shape of the worked solutions it was trained on; a right answer does not prove the thinking right.",
  ].join("\n");
}

function data({ runs, plan, chain }: CardFacts): string {
  const { styles, canonical, tasks } = runs.base.config.options as {
    styles?: Record<string, number>;
    canonical?: number;
    tasks?: { document_levels?: Record<string, readonly number[]> };
  };
  const levels = Object.entries(tasks?.document_levels ?? {}).map(
    ([name, drawn]) => ` Documents of ${name} in the last phase are of levels ${drawn.join(", ")}, drawn equally.`,
  );
  const mix =
    styles === undefined
      ? ""
      : ` Styles by weight: ${Object.entries(styles)
          .map(([name, weight]) => `${name} ${weight}`)
          .join(", ")}.`;
  return [
    "All documents are made by programs: question, worked solution, answer. No text was collected and no model wrote any. " +
      `Which questions are held out is decided by a hash of the question itself (${percent(HELD_OUT_SHARE)} percent of all), whatever its wording, seed or level, ` +
      "so a held-out question is never in training in any form.",
    `Pre-training solutions come in several styles: direct (no thinking), terse (steps left out), careful (every step), checking (every step and a second way).${mix}` +
      `${canonical === undefined ? "" : ` ${percent(canonical)} percent of the questions are in wording 0, the rest in the others.`}${levels.join("")} ${
        chain === null
          ? "Reinforcement learning saw questions alone; its rewards are an exact check of the answer and of the form."
          : "Fine-tuning's documents are the model's own answers, kept by rules. Reinforcement learning saw questions alone; its rewards are an exact check of the answer and of the form, the language of the thinking, and for requests a preference model and a rule against harm."
      }`,
    plan.families.map((name) => `- **${name}**: ${taskNamed(name).description}`).join("\n"),
  ].join("\n\n");
}

function training(facts: CardFacts): string {
  const { runs, earlier, costs, config, chain } = facts;
  const row = (stage: string, { config: trained }: Pick<TrainedRun, "config">, cost: TrainingCost) => [
    `${stage} (${trained.recipe})`,
    `${thousands(cost.steps)}${cost.planned === null || cost.planned === cost.steps ? "" : ` of ${thousands(cost.planned)} planned`}`,
    thousands(cost.tokens),
    `${thousands(Math.round(cost.seconds))}${cost.whole ? "" : " (steps alone)"}`,
    cost.core_hours.toFixed(3),
    `$${(cost.core_hours * DEFAULT_PRICE_PER_CORE_HOUR).toFixed(4)}`,
    trained.versions.machine ?? "unknown",
  ];
  const own =
    chain === null
      ? [
          row(earlier.length === 0 ? "base" : `base, phase ${earlier.length + 1}`, runs.base, costs.base),
          row("final", runs.final, costs.final),
        ]
      : chain.stages.map(({ name, comparison, model, examples, cost }) => [
          `${name}${comparison ? " (for comparison)" : ""}`,
          model === null ? (examples === null ? "" : `${thousands(examples)} examples`) : thousands(model.steps),
          cost.tokens === 0 ? "" : thousands(cost.tokens),
          thousands(Math.round(cost.seconds)),
          cost.core_hours.toFixed(3),
          `$${cost.usd.toFixed(4)}`,
          chain.config.versions.machine ?? "unknown",
        ]);
  const whole = costs.base.whole && costs.final.whole && earlier.every(({ cost }) => cost.whole);
  const records =
    chain === null
      ? "`training/base` and `training/r1-zero` hold each run's config, report and evaluations"
      : `\`training/base\` and \`training/${LAST_STAGE}\` hold each run's config, report and evaluations, \`training/chain\` the chain's config and its report (\`report.html\`: every stage's accuracy, curves and costs)`;
  return [
    `\`\`\`sh\n${commands(facts).join("\n")}\n\`\`\``,
    table(
      ["stage", "steps", "tokens", "seconds", "core-hours", "money", "machine"],
      [...earlier.map((phase, i) => row(`base, phase ${i + 1}`, phase, phase.cost)), ...own],
    ),
    `Core-hours are processor time of all threads, evaluations included${whole ? "" : ", or where only the steps were timed their seconds times the threads"}; tokens are those the optimizer saw, prompts included; money is core-hours at $${DEFAULT_PRICE_PER_CORE_HOUR} each. ` +
      "Energy was not measured.",
    `${earlier.map((_, i) => `\`training/base-${i + 1}\`, `).join("")}${records}; \`metrics.jsonl\` there keeps every ${METRICS_EVERY}th line, ` +
      "with the first and the last.",
    ...(makesThisModel(runs.base, config)
      ? []
      : ["The preset has changed since: today it builds another model than `config.json` here says."]),
  ].join("\n\n");
}

/** What repeats it all, from random weights to this folder. */
function commands({ runs, earlier, name, plan, chain }: CardFacts): string[] {
  const baseOut = `runs/${name}-base`;
  const phases = [...earlier.map((phase) => phase.config), ...(chain === null ? [runs.base.config] : [])];
  const outOf = (phase: number): string => (phase === earlier.length ? baseOut : `${baseOut}-${phase + 1}`);
  const pretraining = phases.map((phase, i) =>
    trainCommand(phase, { out: outOf(i), model: i === 0 ? null : outOf(i - 1) }),
  );
  const run = `runs/${name}-${chain === null ? "r1-zero" : "chain"}`;
  const model = chain === null ? baseOut : earlier.length === 0 ? null : outOf(earlier.length - 1);
  const base = chain === null ? `--base ${baseOut} ` : "";
  return [
    ...pretraining,
    trainCommand(chain === null ? runs.final.config : chain.config, { out: run, model }),
    `npx reckon publish ${base}--run ${run} --to models/${name} --items ${plan.items}`,
  ];
}

/** Whether the preset of the run's name still builds this model. */
function makesThisModel({ config: { preset: name } }: TrainedRun, config: ModelConfig): boolean {
  const preset = PRESETS.find((one) => one.name === name);
  if (preset === undefined) return false;
  const built = new Map<string, unknown>(Object.entries(config));
  return Object.entries(preset.model).every(([key, value]) => JSON.stringify(built.get(key)) === JSON.stringify(value));
}

const use = ({ name }: CardFacts): string =>
  `\`\`\`sh\nnpx reckon ask --model models/${name} "What is 37 * 48?"\nnpx reckon chat --model models/${name}\n\`\`\`\n\n` +
  "The folder is in Hugging Face's layout, so transformers opens it too: render a question with the chat template, which ends inside `<think>`.";

const ofFamily = (summary: Summary, family: string) => summary.groups.find(({ group }) => group === family)!;

/** How many answers to the same questions are right in one evaluation and wrong in the other. */
function countFlipped(one: Accuracy, other: Accuracy): number {
  const right = new Map(other.asked.results.map(({ item, responses }) => [item.id, responses[0]!.accuracy === 1]));
  return one.asked.results.filter(({ item, responses }) => {
    const before = right.get(item.id);
    return before !== undefined && before !== (responses[0]!.accuracy === 1);
  }).length;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [row(head), row(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(row)].join("\n");
}

/** In a table, where digits should line up. */
const cell = (share: number): string => (100 * share).toFixed(1);
/** In a sentence. */
const percent = (share: number): string => String(Number((100 * share).toFixed(1)));
const thousands = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

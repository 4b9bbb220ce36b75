/** The chain's report from the files of its stages alone: report.json for programs, report.md for a pull request, report.html for people. */
import path from "node:path";
import { atomicWriteFile } from "../../checkpoint/atomic.ts";
import { DEFAULT_PRICE_PER_CORE_HOUR } from "../../generate/cost.ts";
import { figure } from "../../train/curves.ts";
import { buildReport, type RunReport } from "../../train/report.ts";
import type { RunFolder } from "../../train/run.ts";
import type { Measured } from "./measure.ts";
import { chainPage } from "./report-page.ts";
import type { Chain, ChainStage } from "./stage-kit.ts";
import {
  count,
  type Estimate,
  estimate,
  preferenceAccuracyOf,
  type StageSummary,
  summaryOf,
  type Table,
  totalCost,
} from "./summary.ts";

/** Writes a line a stage into metrics.jsonl and evaluations.jsonl, and the three reports. */
export function writeChainReport(
  run: RunFolder,
  chain: Chain,
  stages: readonly ChainStage[],
  measured: ReadonlyMap<string, Measured>,
): RunReport {
  const summary = summaryOf(chain, stages, measured);
  const models = summary.filter(({ model }) => model !== null);
  let tokens = 0;
  models.forEach(({ name, cost, model }, i) => {
    tokens += cost.tokens;
    const last = model!.metrics.at(-1) ?? {};
    const kept = ["loss", "reward", "rewards/accuracy/mean", "rewards/language/mean", "entropy"];
    const figures = Object.fromEntries(
      kept.flatMap((key) => (typeof last[key] === "number" ? [[key, last[key]]] : [])),
    );
    run.appendMetrics({ step: i + 1, stage: name, ...figures, num_tokens: tokens, step_time: cost.seconds });
    for (const [temperature, { value, low, high }] of [
      [0, model!.greedy],
      [1, model!.sampled],
    ] as const)
      run.appendEvaluation({ step: i + 1, stage: name, temperature, accuracy: value, low, high });
  });
  const cost = totalCost(summary.map((stage) => stage.cost));
  const report = buildReport(run.config, run.metrics(), run.evaluations(), {
    cost: { ...cost, usd_per_core_hour: DEFAULT_PRICE_PER_CORE_HOUR },
    stages: summary.map(({ model, ...stage }) => {
      if (model === null) return { ...stage, model };
      const { metrics: _, evaluations: __, ...figures } = model;
      return { ...stage, model: figures };
    }),
    preference_accuracy: preferenceAccuracyOf(chain),
    answers: Object.fromEntries([...measured].map(([name, { answers }]) => [name, answers])),
    failures: measured.get("all-scenarios")?.failures ?? [],
  });
  const tables = tablesOf(chain, summary, measured);
  const write = (name: string, text: string) => atomicWriteFile(path.join(run.folder, name), text);
  write("report.json", `${JSON.stringify(report, null, 2)}\n`);
  write("report.md", markdown(report, tables));
  write("report.html", chainPage(report, run.config, summary, measured, tables));
  return report;
}

function tablesOf(chain: Chain, summary: readonly StageSummary[], measured: ReadonlyMap<string, Measured>): Table[] {
  const models = summary.filter(({ model }) => model !== null);
  const families = [...chain.plan.options.scenarios.tasks.families];
  const total = totalCost(summary.map(({ cost }) => cost));
  const costRow = (name: string, cost: StageSummary["cost"]) => [
    name,
    cost.seconds.toFixed(1),
    figure(cost.core_hours),
    cost.tokens === 0 ? "" : count(cost.tokens),
    cost.flops === 0 ? "" : count(cost.flops),
    `${((100 * cost.seconds) / total.seconds).toFixed(0)} %`,
    `$${cost.usd.toFixed(5)}`,
  ];
  const byFamily = (how: "greedy" | "sampled"): Table => ({
    title: `${how === "greedy" ? "Greedy" : "Sampled"} accuracy by family`,
    note: "A request counts as right where the reply is kind, names the person and keeps to the language.",
    head: ["stage", ...families],
    rows: models.map(({ name, model }) => [name, ...families.map((family) => shown(model!.by_family[family]![how]))]),
  });
  return [
    {
      title: "What each stage's model can do",
      note:
        "Held-out questions, the same for every model; mean over the families with right answers, 95 % interval by bootstrap. " +
        "Thinking: mean tokens. Language: share of the thinking's words that are of the question's language. Reflecting: sampled answers that say wait.",
      head: [
        ...["stage", "parameters", "steps", "greedy", "sampled", "thinking", "language"],
        ...["reflecting", "preference", "harmless"],
      ],
      rows: models.map(({ name, model: m }) => [
        name,
        ...[count(m!.parameters), String(m!.steps), shown(m!.greedy), shown(m!.sampled), m!.thinking.toFixed(1)],
        ...[m!.language.toFixed(2), shown(m!.reflecting), m!.preference.toFixed(2), shown(m!.harmless)],
      ]),
    },
    byFamily("greedy"),
    byFamily("sampled"),
    ...(chain.plan.options.measure.levels.length > 1 ? [byLevel(models, measured)] : []),
    comparisons(summary, preferenceAccuracyOf(chain)),
    {
      title: "What it cost",
      note: `Money at $${DEFAULT_PRICE_PER_CORE_HOUR} a core-hour; operations are counted from the architecture, sampling included.`,
      head: ["stage", "seconds", "core-hours", "tokens", "FLOPs", "share of the time", "money"],
      rows: [...summary.map(({ name, cost }) => costRow(name, cost)), costRow("all", total)],
    },
  ];
}

function byLevel(models: readonly StageSummary[], measured: ReadonlyMap<string, Measured>): Table {
  const levels = measured.get(models[0]!.name)!.levels.map(({ level }) => level);
  return {
    title: "Accuracy by level",
    note: "The questions of all families together, the harder ones of level 2 and up.",
    head: ["stage", ...levels.flatMap((level) => [`level ${level}, greedy`, `level ${level}, sampled`])],
    rows: models.map(({ name }) => [
      name,
      ...measured
        .get(name)!
        .levels.flatMap(({ greedy, sampled }) => [greedy, sampled].map((one) => shown(estimate([one])))),
    ]),
  };
}

/** The paper's comparisons in this run's figures. */
function comparisons(summary: readonly StageSummary[], preference: number | null): Table {
  const of = (name: string) => summary.find((stage) => stage.name === name)!.model!;
  const row = (what: string, name: string) => {
    const { greedy, sampled, language, thinking } = of(name);
    return [what, name, shown(greedy), shown(sampled), language.toFixed(2), thinking.toFixed(1)];
  };
  return {
    title: "The paper's comparisons",
    note: `The preference model orders ${preference === null ? "no" : `${(100 * preference).toFixed(1)} % of`} held-out pairs as they should be.`,
    head: ["what", "stage", "greedy", "sampled", "language", "thinking tokens"],
    rows: [
      row("language reward", "reasoning-rl"),
      row("no language reward", "without-language-reward"),
      row("the student's base", "student-qwen2"),
      row("distillation", "distill-qwen2"),
      row("RL on the student", "rl-qwen2"),
      row("before R1-Zero", "base"),
      row("after R1-Zero", "r1-zero"),
    ],
  };
}

const shown = ({ value, low, high }: Estimate): string =>
  `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;

function markdown(report: RunReport, tables: readonly Table[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    `# ${report.recipe} (${report.preset}), seed ${report.seed}`,
    "",
    ...tables.flatMap(({ title, note, head, rows }) => [
      `## ${title}`,
      "",
      note,
      "",
      row(head),
      row(head.map(() => "---")),
      ...rows.map(row),
      "",
    ]),
  ].join("\n");
}

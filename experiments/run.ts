/**
 * Runs an experiment and writes what came of it.
 *
 *   node experiments/run.ts NAME [folder for the runs, default runs/experiments]
 *
 * Writes experiments/results/NAME.json and NAME.md: per arm the mean over three seeds, with the 95 % interval of Student's t over
 * the seeds, of held-out accuracy (sampled at temperature 1), thinking tokens and, where there is one, the language reward. Runs that
 * are finished are not run again, so an experiment that was stopped goes on.
 */
import fs from "node:fs";
import path from "node:path";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import { planRecipe } from "../src/recipes/plan.ts";
import { runRecipe } from "../src/recipes/recipes.ts";
import { readJsonLines } from "../src/train/jsonl.ts";
import { EXPERIMENTS, type Experiment } from "./experiments.ts";

const SEEDS = [1, 2, 3];
/** Student's t for 97.5 % at two degrees of freedom. */
const T = 4.303;

const [name, runs = path.join("runs", "experiments")] = process.argv.slice(2);
const found = EXPERIMENTS.find((one) => one.name === name);
if (found === undefined) {
  process.stderr.write(
    `there is no experiment "${name}"; there are ${EXPERIMENTS.map((one) => one.name).join(", ")}\n`,
  );
  process.exit(2);
}
await run(found);

async function run(experiment: Experiment): Promise<void> {
  const place = path.join(runs, experiment.name);
  const families = `tasks.families=${JSON.stringify(experiment.families)}`;
  const base = path.join(place, "base");
  await train("pretrain", base, 0, undefined, [families, "evaluation.items=100"]);
  const rows = [];
  for (const arm of experiment.arms) {
    const figures: Figures[] = [];
    for (const seed of SEEDS) {
      const out = path.join(place, `${arm.name.replaceAll(" ", "-")}-${seed}`);
      const settings = [families, "evaluation.every=0", "evaluation.items=200", "save_rollouts=0", ...arm.settings];
      await train("r1-zero", out, seed, base, settings);
      const sampled = readJsonLines(path.join(out, "evaluations.jsonl")).filter(({ temperature }) => temperature === 1);
      const last = readJsonLines(path.join(out, "metrics.jsonl")).at(-1)!;
      const language = last["rewards/language/mean"];
      figures.push({
        accuracy: Number(sampled.at(-1)!.accuracy),
        thinking: Number(sampled.at(-1)!.thinking),
        ...(typeof language === "number" ? { language } : {}),
      });
    }
    const keys = Object.keys(figures[0]!) as (keyof Figures)[];
    rows.push({
      arm: arm.name,
      settings: arm.settings,
      ...Object.fromEntries(keys.map((key) => [key, interval(figures.map((one) => Number(one[key])))])),
    });
  }
  const folder = path.join(import.meta.dirname, "results");
  fs.mkdirSync(folder, { recursive: true });
  const { name: title, question } = experiment;
  fs.writeFileSync(
    path.join(folder, `${title}.json`),
    `${JSON.stringify({ question, seeds: SEEDS, rows }, null, 2)}\n`,
  );
  const text = markdown(title, question, rows);
  fs.writeFileSync(path.join(folder, `${title}.md`), text);
  process.stdout.write(text);
}

/** Runs a recipe of the smoke preset, or goes on with it; one that is finished is left alone. */
async function train(recipe: string, out: string, seed: number, from: string | undefined, settings: readonly string[]) {
  if (fs.existsSync(path.join(out, "report.json"))) return;
  process.stderr.write(`${out}\n`);
  fs.rmSync(out, { recursive: true, force: true });
  const plan = planRecipe({ recipe, preset: "smoke", seed, from, settings }, null);
  const device = await cpuDevice({});
  const listener = { begin() {}, step() {}, note() {} };
  const { signal } = new AbortController();
  try {
    await runRecipe({ device, seed, preset: plan.preset, out, resume: false, signal, listener }, plan);
  } finally {
    await device.close();
  }
}

interface Figures {
  readonly accuracy: number;
  readonly thinking: number;
  readonly language?: number;
}

interface Interval {
  readonly mean: number;
  /** Half the 95 % interval. */
  readonly half: number;
}

function interval(values: readonly number[]): Interval {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, half: (T * Math.sqrt(squares / (values.length - 1))) / Math.sqrt(values.length) };
}

function markdown(title: string, question: string, rows: readonly Readonly<Record<string, unknown>>[]): string {
  const keys = Object.keys(rows[0]!).filter((key) => key !== "arm" && key !== "settings");
  const shown = (value: unknown) => {
    const { mean, half } = value as Interval;
    return `${mean.toFixed(3)} ± ${half.toFixed(3)}`;
  };
  const line = (cells: readonly unknown[]) => `| ${cells.join(" | ")} |`;
  return [
    `# ${title}`,
    "",
    question,
    "",
    `\`node experiments/run.ts ${title}\`; three seeds, mean ± half the 95 % interval over them.`,
    "",
    line(["arm", ...keys]),
    line(["---", ...keys.map(() => "---")]),
    ...rows.map((row) => line([row.arm, ...keys.map((key) => shown(row[key]))])),
    "",
  ].join("\n");
}

/** What every experiment is made with: runs that are made once, models asked held-out questions, means over seeds, a table. */
import fs from "node:fs";
import path from "node:path";
import { askAll } from "../src/evaluate/ask-all.ts";
import { HELD_OUT_SEED, heldOutItems } from "../src/evaluate/held-out.ts";
import { consensusAtK } from "../src/evaluate/metrics/consensus.ts";
import { tallyOf } from "../src/evaluate/metrics/tally.ts";
import type { Device } from "../src/kernels/kernels.ts";
import { planRecipe } from "../src/recipes/plan.ts";
import { runRecipe } from "../src/recipes/recipes.ts";
import { parted } from "../src/recipes/rewards.ts";
import { loadStartModel } from "../src/recipes/start-model.ts";
import { worldDialogue } from "../src/recipes/world.ts";
import { taskNamed } from "../src/tasks/catalogue.ts";
import { languageConsistency } from "../src/tasks/language.ts";
import type { JsonRecord } from "../src/train/jsonl.ts";

export interface RunOrder {
  readonly recipe: string;
  readonly out: string;
  readonly seed: number;
  readonly from?: string;
  readonly settings: readonly string[];
  /** Told of every step's line. */
  readonly step?: (metrics: JsonRecord) => void;
}

/** Runs a recipe of the smoke preset; one that is finished is left alone, one that was cut short begins anew. */
export async function train(device: Device, { recipe, out, seed, from, settings, step }: RunOrder): Promise<void> {
  if (fs.existsSync(path.join(out, "report.json"))) return;
  process.stderr.write(`${out}\n`);
  fs.rmSync(out, { recursive: true, force: true });
  const plan = planRecipe({ recipe, preset: "smoke", seed, from, settings }, null);
  const listener = { begin() {}, step: step ?? (() => {}), note() {} };
  const { signal } = new AbortController();
  await runRecipe({ device, seed, preset: plan.preset, out, resume: false, signal, listener }, plan);
}

/** Figures of one model, or of their intervals. */
export type Figures<T = number> = Readonly<Record<string, T>>;

const ITEMS = 200;
const VOTES = 8;

/**
 * What a model (a run's folder or a checkpoint's) makes of held-out questions: greedy; sampled at temperature 1, the mean of eight answers
 * each; the majority of these; thinking tokens; where a family has languages, the share of the thinking's words in the question's.
 */
export async function measured(device: Device, folder: string, families: readonly string[]): Promise<Figures> {
  const decoder = loadStartModel(folder, device);
  try {
    const dialogue = worldDialogue();
    const place = { seed: HELD_OUT_SEED, level: 1, phrasing: 0, count: ITEMS };
    const items = families.flatMap((family) => heldOutItems(taskNamed(family), place));
    const asking = { temperature: 1, maxTokens: 64, seed: HELD_OUT_SEED };
    const sampled = await askAll(decoder, dialogue, items, { ...asking, samples: VOTES });
    const greedy = await askAll(decoder, dialogue, items, { ...asking, temperature: 0 });
    const all = sampled.results.flatMap(({ responses }) => responses);
    const spoken = sampled.results.flatMap(({ item, responses }) => {
      const { entry } = item as (typeof items)[number];
      const language = taskNamed(entry.task).language?.(entry.data);
      return language === undefined ? [] : responses.map(({ text }) => languageConsistency(parted(text)[0], language));
    });
    return {
      greedy: mean(greedy.results.map(({ responses }) => responses[0]!.accuracy)),
      sampled: mean(all.map(({ accuracy }) => accuracy)),
      [`majority of ${VOTES}`]: mean(sampled.results.map(({ responses }) => consensusAtK(tallyOf(responses), VOTES))),
      thinking: mean(all.map(({ thinking }) => thinking)),
      ...(spoken.length > 0 ? { language: mean(spoken) } : {}),
    };
  } finally {
    decoder.free();
  }
}

export interface Interval {
  readonly mean: number;
  /** Half the 95 % interval. */
  readonly half: number;
}

/** Student's t for 97.5 % at 1, 2, ... degrees of freedom, one less than seeds. */
const T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/** Each figure's mean over the seeds, two to ten of them, with its interval. */
export function overSeeds(runs: readonly Figures[]): Figures<Interval> {
  return Object.fromEntries(
    Object.keys(runs[0]!).map((key) => {
      const values = runs.map((one) => one[key]!);
      const middle = mean(values);
      const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
      return [
        key,
        {
          mean: middle,
          half: (T[values.length - 2]! * Math.sqrt(squares / (values.length - 1))) / Math.sqrt(values.length),
        },
      ];
    }),
  );
}

export interface Row {
  readonly arm: string;
  readonly figures: Figures<Interval>;
}

/** Writes experiments/results/NAME.json and NAME.md. @returns the text */
export function writeResults(name: string, question: string, seeds: readonly number[], rows: readonly Row[]): string {
  const folder = path.join(import.meta.dirname, "results");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify({ question, seeds, rows }, null, 2)}\n`);
  const keys = Object.keys(rows[0]!.figures);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const text = [
    `# ${name}`,
    "",
    question,
    "",
    `\`node experiments/run.ts ${name}${seeds.join() === "1,2,3" ? "" : ` --seeds ${seeds.join()}`}\`; ${seeds.length} seeds, mean ± half the 95 % interval over them.`,
    "",
    line(["arm", ...keys]),
    line(["---", ...keys.map(() => "---")]),
    ...rows.map(({ arm, figures }) =>
      line([arm, ...keys.map((key) => `${figures[key]!.mean.toFixed(3)} ± ${figures[key]!.half.toFixed(3)}`)]),
    ),
    "",
  ].join("\n");
  fs.writeFileSync(path.join(folder, `${name}.md`), text);
  return text;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

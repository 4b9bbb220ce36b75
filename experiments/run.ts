/**
 * Runs an experiment and writes what came of it.
 *
 *   node experiments/run.ts NAME [--runs FOLDER, default runs/experiments] [--threads N] [--seeds 1,2,3]
 *
 * Writes experiments/results/NAME.json and NAME.md: per arm the mean over the seeds, with the 95 % interval of Student's t over
 * the seeds. Runs that are finished are not run again, so an experiment that was stopped goes on.
 */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import type { Device } from "../src/kernels/kernels.ts";
import { listCheckpoints } from "../src/train/run.ts";
import { DISTILLATION, distillation } from "./distillation.ts";
import { EXPERIMENTS, type Experiment } from "./experiments.ts";
import { type Figures, measured, overSeeds, type Row, train, writeResults } from "./lab.ts";

const { values, positionals } = parseArgs({
  options: {
    runs: { type: "string", default: path.join("runs", "experiments") },
    threads: { type: "string" },
    seeds: { type: "string", default: "1,2,3" },
  },
  allowPositionals: true,
});
const seeds = values.seeds.split(",").map(Number);
const name = positionals[0] ?? "";
if (seeds.length < 2 || seeds.length > 10 || !seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)) {
  process.stderr.write(`--seeds takes two to ten whole numbers, as in 1,2,3, not "${values.seeds}"\n`);
  process.exit(2);
}
const found = EXPERIMENTS.find((one) => one.name === name);
if (found === undefined && name !== "distillation") {
  const names = [...EXPERIMENTS.map((one) => one.name), "distillation"];
  process.stderr.write(`there is no experiment "${name}"; there are ${names.join(", ")}\n`);
  process.exit(2);
}
const device = await cpuDevice({ threads: values.threads === undefined ? undefined : Number(values.threads) });
try {
  const place = path.join(values.runs, name);
  const rows = found === undefined ? await distillation(device, place, seeds) : await rowsOf(found, place, device);
  process.stdout.write(writeResults(name, found?.question ?? DISTILLATION, seeds, rows));
} finally {
  await device.close();
}

async function rowsOf(experiment: Experiment, place: string, device: Device): Promise<Row[]> {
  const { arms, every = 0, base: ofBase = [] } = experiment;
  const families = `tasks.families=${JSON.stringify(experiment.families)}`;
  const base = path.join(place, "base");
  await train(device, {
    recipe: "pretrain",
    out: base,
    seed: 0,
    settings: [families, "evaluation.items=0", ...ofBase],
  });
  const rows = new Map<string, Figures[]>();
  const add = async (row: string, folder: string) =>
    rows.set(row, [...(rows.get(row) ?? []), await measured(device, folder, experiment.families)]);
  for (const arm of arms)
    for (const seed of seeds) {
      const out = path.join(place, `${arm.name.replaceAll(/[^a-z0-9.]+/g, "-")}-${seed}`);
      const kept = (step: number) => path.join(out, "kept", String(step));
      const keep = (step: number) => {
        // the run itself keeps its last two checkpoints; that of the step before is there by now
        const [last] = listCheckpoints(out).slice(-1);
        if (every > 0 && last !== undefined && last.step === step - 1)
          fs.cpSync(last.folder, kept(last.step), { recursive: true });
      };
      const settings = [families, "evaluation.items=0", "save_rollouts=0", ...arm.settings];
      await train(device, {
        recipe: "r1-zero",
        out,
        seed,
        from: base,
        settings,
        step: ({ step }) => keep(Number(step)),
      });
      if (every > 0) {
        await add("0", base);
        for (const step of fs.readdirSync(path.join(out, "kept")).sort()) await add(step, kept(Number(step)));
      }
      await add(every > 0 ? "the last" : arm.name, out);
    }
  return [...rows].map(([arm, figures]) => ({ arm, figures: overSeeds(figures) }));
}

/**
 * Distillation against reinforcement of the small student (DeepSeek-R1, 4.1): one teacher after R1-Zero, students of three seeds, each
 * measured as it was pre-trained, after learning the teacher's right answers, and after R1-Zero of its own.
 */
import path from "node:path";
import type { Device } from "../src/kernels/kernels.ts";
import { type Figures, measured, overSeeds, type Row, train } from "./lab.ts";

export const DISTILLATION =
  "Does a small student gain more from a teacher's right answers than from reinforcement learning of its own?";

const FAMILIES = ["digit-sums"];
const quiet = ["evaluation.items=0"];

export async function distillation(device: Device, place: string, seeds: readonly number[]): Promise<Row[]> {
  const teacher = path.join(place, "teacher");
  const silent = ["save_rollouts=0", ...quiet];
  await train(device, {
    recipe: "r1-zero",
    out: teacher,
    seed: 0,
    settings: [...silent, "pretrain.evaluation.items=0"],
  });
  const arms = { teacher: [teacher], student: [], distilled: [], reinforced: [] } as Record<string, string[]>;
  for (const seed of seeds) {
    const distilled = path.join(place, `distilled-${seed}`);
    const settings = [...quiet, "pretrain.evaluation.items=0"];
    await train(device, { recipe: "distill", out: distilled, seed, from: teacher, settings });
    const student = path.join(distilled, "student");
    const reinforced = path.join(place, `reinforced-${seed}`);
    await train(device, { recipe: "r1-zero", out: reinforced, seed, from: student, settings: silent });
    arms.student!.push(student);
    arms.distilled!.push(distilled);
    arms.reinforced!.push(reinforced);
  }
  const figures = new Map<string, Figures[]>();
  for (const [arm, folders] of Object.entries(arms)) {
    const of: Figures[] = [];
    for (const folder of folders) of.push(await measured(device, folder, FAMILIES));
    figures.set(arm, of);
  }
  const student = figures.get("student")!;
  // students of different seeds differ more than what is done to them, so gains are taken student by student
  for (const arm of ["distilled", "reinforced"])
    figures.set(
      `gain when ${arm}`,
      figures.get(arm)!.map((of, i) => difference(of, student[i]!)),
    );
  const reinforced = figures.get("reinforced")!;
  figures.set(
    "distilled above reinforced",
    figures.get("distilled")!.map((of, i) => difference(of, reinforced[i]!)),
  );
  // of the one teacher there is no interval over seeds
  return [...figures].map(([arm, of]) => ({ arm, figures: overSeeds(of.length === 1 ? [of[0]!, of[0]!] : of) }));
}

const difference = (a: Figures, b: Figures): Figures =>
  Object.fromEntries(Object.entries(a).map(([key, value]) => [key, value - b[key]!]));

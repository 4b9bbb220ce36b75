/**
 * Distillation, top to bottom (DeepSeek-R1, 2.4): a dense student smaller than its teacher is pre-trained, the teacher answers training
 * questions, and the student is fine-tuned on the answers that are right and read well. No reinforcement learning.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { atomicWriteFile } from "../checkpoint/atomic.ts";
import { UserError, usageError } from "../error.ts";
import { BUNDLED_MODEL } from "../generate/load-model.ts";
import type { ModelConfig } from "../model/config.ts";
import type { Decoder } from "../model/decoder.ts";
import type { RecipePlan } from "./plan.ts";
import { keptAnswers } from "./r1/rejection.ts";
import { sampleAnswers } from "./r1/samples.ts";
import { studentConfig } from "./r1/students.ts";
import type { StageContext } from "./stage.ts";
import { openRun, type StageRecord } from "./stage-run.ts";
import { createModel, loadStartModel } from "./start-model.ts";
import { learnFromDocuments, type StageResult } from "./supervised.ts";

/**
 * Runs distillation into `context.out`: the student's base in `student/`, the teacher's kept answers in `answers.jsonl`, and the run
 * itself is the fine-tuning. What is there is not made again.
 * @throws UserError for a teacher of another vocabulary or without a right answer; the signal's reason when stopped
 */
export async function distill(context: StageContext, plan: RecipePlan): Promise<StageResult> {
  const teacher = plan.from ?? BUNDLED_MODEL;
  const answers = path.join(context.out, "answers.jsonl");
  const options = { ...plan.sft, data: answers };
  const model = await withTeacher(teacher, context, ({ config }) => studentConfig(plan.distill.shape, config));
  const origin = { from: teacher, base: plan.pretrain, distill: plan.distill };
  begin(context, { options, ...origin });
  const student = path.join(context.out, "student");
  if (!existsSync(path.join(student, "report.json"))) await pretrain(student, context, plan, model);
  if (!existsSync(answers)) await withTeacher(teacher, context, (decoder) => ask(decoder, answers, context, plan));
  const start = (): Decoder => loadStartModel(student, context.device);
  return learnFromDocuments("distill", { ...context, resume: true }, options, start, origin);
}

/** Writes config.json before anything else, so that a folder in use is refused at once and a stopped run can go on. */
function begin(context: StageContext, record: StageRecord): void {
  const run = openRun(context, "distill", record);
  try {
    if (JSON.stringify(run.config.distill) !== JSON.stringify(record.distill))
      throw usageError("what the teacher is asked and the student's shape cannot change; begin a new run", "distill");
  } finally {
    run.close();
  }
}

async function pretrain(out: string, context: StageContext, plan: RecipePlan, model: ModelConfig): Promise<void> {
  const resume = existsSync(path.join(out, "config.json"));
  const start = (): Decoder => createModel(model, context.device, context.seed);
  const record = { from: null, model };
  const { decoder } = await learnFromDocuments("pretrain", { ...context, out, resume }, plan.pretrain, start, record);
  decoder.free();
}

/** The teacher's answers to training questions of the families, kept when right and readable, one JSON a line. */
async function ask(teacher: Decoder, file: string, context: StageContext, plan: RecipePlan): Promise<void> {
  const { prompts, samples } = plan.distill;
  context.listener.note(`the teacher answers ${prompts} questions ${samples} times each`);
  const { canonical, tasks } = plan.sft;
  const { seed, signal } = context;
  const kept = keptAnswers(await sampleAnswers(teacher, tasks, plan.distill, seed, signal, canonical));
  if (kept.length === 0)
    throw new UserError(
      `None of the teacher's ${prompts * samples} answers was right and readable, so there is nothing to learn from; name a better --model or ask about families it knows (--set tasks.families=...).`,
      { param: "--model" },
    );
  context.listener.note(`${kept.length} answers of ${prompts * samples} kept`);
  atomicWriteFile(file, kept.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

async function withTeacher<T>(
  teacher: string,
  context: StageContext,
  use: (decoder: Decoder) => T | Promise<T>,
): Promise<T> {
  const decoder = loadStartModel(teacher, context.device);
  try {
    return await use(decoder);
  } finally {
    decoder.free();
  }
}

/** The run's folder from a stage's side: begun or gone on with, options that changed on the way recorded, and what to do when numbers go bad. */
import { UserError } from "../error.ts";
import { RunFolder } from "../train/run.ts";
import { type StageContext, versions } from "./stage.ts";

/** What config.json says of a stage beside the seed and the machine. */
export interface StageRecord {
  /** The stage's options, all of them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The model it starts from: a folder, or null where it is made of `model` (through pre-training with `base` in r1-zero). */
  readonly from: string | null;
  readonly model?: unknown;
  readonly base?: Readonly<Record<string, unknown>>;
  /** Of distillation: what the teacher is asked, and the student's shape. */
  readonly distill?: Readonly<Record<string, unknown>>;
}

/** Begins the run of a stage, or opens the one there is. @throws UserError where the folder is in use, holds a run or holds none */
export function openRun(context: StageContext, recipe: string, record: StageRecord): RunFolder {
  if (context.resume) return RunFolder.resume(context.out);
  return RunFolder.create(context.out, {
    recipe,
    preset: context.preset,
    seed: context.seed,
    threads: context.device.threads,
    ...record,
    versions: versions(),
    created: new Date().toISOString(),
  });
}

/** Brings config.json up to the options a resumed run goes on with, and lists under `changes` what they were up to which step. */
export function recordChanges(run: RunFolder, step: number, record: StageRecord): void {
  const { config } = run;
  const changed: Record<string, unknown> = {};
  for (const part of ["options", "base"] as const) {
    const [was, is] = [(config[part] ?? {}) as Readonly<Record<string, unknown>>, record[part] ?? {}];
    for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
      const [before, after] = [was[key] ?? null, is[key] ?? null];
      if (JSON.stringify(before) !== JSON.stringify(after))
        changed[part === "base" ? `base.${key}` : key] = { from: before, to: after };
    }
  }
  if (Object.keys(changed).length === 0) return;
  const changes = Array.isArray(config.changes) ? config.changes : [];
  const { options, base } = record;
  run.amend({ ...config, options, ...(base === undefined ? {} : { base }), changes: [...changes, { step, changed }] });
}

/**
 * An error that ended a stage as the user reads it. Where numbers went bad in the step after `done`, the weights after `done` are
 * why: training is exact, so their checkpoint would fail the same way again, and gives way to the one before.
 */
export function withRemedy(error: unknown, run: RunFolder, done: number): unknown {
  if (!(error instanceof UserError) || error.type !== "not_finite") return error;
  const good = run.reject(done);
  const remedy =
    good === null
      ? "There is no earlier checkpoint: begin anew with a lower learning rate and another --out."
      : `The checkpoint of step ${good.step} is kept: --resume with a lower learning rate (--set) goes on from it.`;
  const stopped = /^Training stopped/.test(error.message) ? "" : `Training stopped at step ${done + 1}: `;
  return new UserError(`${stopped}${error.message} ${remedy}`, { type: error.type, param: error.param, cause: error });
}

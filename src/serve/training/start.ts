/** Starts `reckon train` for the preset form: a process of its own, so that a run outlives the server that started it. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { planRecipe, RECIPES } from "../../recipes/plan.ts";
import { PRESETS } from "../../recipes/presets.ts";
import { isTraining, readRunConfig } from "../../train/run.ts";
import { ApiError, invalid } from "../errors.ts";
import { type FoundRun, runNamed } from "./places.ts";

/** A stage by itself, or the whole chain. */
const OFFERED = [...RECIPES, "r1"] as const;

export const startRequest = z.object({
  recipe: z.enum(OFFERED),
  preset: z.string().min(1).max(40),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/, {
    error: "a name is letters, digits, dots, dashes and underscores, at most 80",
  }),
  seed: z.int().min(0).optional(),
  /** A run to start from. */
  from: z.string().optional(),
  /** key=value, as `--set` takes them. */
  settings: z.array(z.string().max(500)).max(100).default([]),
});
export type StartRequest = z.infer<typeof startRequest>;

/** What the form offers. */
export const formChoices = () => ({ recipes: OFFERED, presets: PRESETS.map(({ name, about }) => ({ name, about })) });

/** How long a process may take to write its config. */
const PATIENCE_MS = 30_000;

/**
 * Starts a new run in `root` and answers when its folder is there.
 * @throws ApiError 409 where the name is taken, 400 with the command's own sentence where it cannot be; UserError of a wrong setting
 */
export async function startRun(root: string, asked: StartRequest): Promise<string> {
  const folder = join(root, asked.name);
  if (existsSync(folder))
    throw new ApiError(409, `There is something called ${asked.name} already; choose another name.`, {
      code: "run_exists",
      param: "name",
    });
  const from = asked.from === undefined ? undefined : runNamed(root, asked.from).folder;
  const { recipe, preset, seed, settings } = asked;
  // Of the chain the command itself says what is wrong.
  if (recipe !== "r1") planRecipe({ recipe, preset, seed, from, settings }, null);
  mkdirSync(folder, { recursive: true });
  try {
    await launch(folder, [
      ...[recipe, "--preset", preset],
      ...(seed === undefined ? [] : ["--seed", String(seed)]),
      ...(from === undefined ? [] : ["--model", from]),
      ...settings.flatMap((one) => ["--set", one]),
    ]);
  } catch (error) {
    if (!existsSync(join(folder, "config.json"))) rmSync(folder, { recursive: true });
    throw error;
  }
  return asked.name;
}

/** Goes on with a run that was stopped. @throws ApiError 409 where it trains */
export async function resumeRun({ id, folder }: FoundRun): Promise<void> {
  if (isTraining(folder)) throw new ApiError(409, `${id} is training.`, { code: "run_training" });
  await launch(folder, [readRunConfig(folder).recipe, "--resume"]);
}

/** Resolves once the process trains, or has ended well; what it says goes to train.log in the run's folder. */
async function launch(folder: string, args: readonly string[]): Promise<void> {
  const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
  const file = join(folder, "train.log");
  const log = openSync(file, "w");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", main, "train", ...args, "--out", folder],
    { stdio: ["ignore", log, log], detached: true },
  );
  closeSync(log);
  child.unref();
  let end: number | null | undefined;
  child.once("error", () => (end = 1));
  child.once("exit", (code) => (end = code));
  for (const late = Date.now() + PATIENCE_MS; Date.now() < late; await sleep(50)) {
    if (end !== undefined && end !== 0) throw invalid(lastLine(file), null, "train_failed");
    if (end === 0 || isTraining(folder)) return;
  }
}

const lastLine = (file: string): string =>
  readFileSync(file, "utf8").trim().split("\n").at(-1)?.slice(0, 500) ||
  "The training ended at once; train.log in its folder says more.";

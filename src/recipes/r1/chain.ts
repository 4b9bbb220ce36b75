/**
 * DeepSeek-R1's chain, top to bottom: the stages in their order, then every stage's model asked the same questions, then one report.
 * Numbers in the stage files are sections of the paper (arXiv 2501.12948 v1).
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { UserError, usageError } from "../../error.ts";
import { readPreferenceModel } from "../../train/preference-file.ts";
import type { RunReport } from "../../train/report.ts";
import type { StageContext } from "../stage.ts";
import { openRun, recordChanges } from "../stage-run.ts";
import { type Measured, measure } from "./measure.ts";
import type { ChainPlan } from "./plan.ts";
import { writeChainReport } from "./report.ts";
import { Chain, type ChainStage, makesModel } from "./stage-kit.ts";
import { allScenarios, preference } from "./stages/all-scenarios.ts";
import { base } from "./stages/base.ts";
import { coldStart, coldStartData } from "./stages/cold-start.ts";
import { distillation } from "./stages/distill.ts";
import { r1ZeroStage } from "./stages/r1-zero.ts";
import { reasoningRl, withoutLanguage } from "./stages/reasoning-rl.ts";
import { rejectionSampling } from "./stages/rejection-sampling.ts";
import { sft } from "./stages/sft.ts";

export const CHAIN: readonly ChainStage[] = [
  base,
  r1ZeroStage,
  coldStartData,
  coldStart,
  reasoningRl,
  withoutLanguage,
  rejectionSampling,
  sft,
  preference,
  allScenarios,
  ...distillation,
];

/**
 * Runs the chain into `context.out`, or goes on with it; of it only one stage where `only` names it.
 * @returns the report; null where stages are still missing, which only a single stage's run leaves so.
 * @throws UserError, or the signal's reason when stopped
 */
export async function runChain(context: StageContext, plan: ChainPlan, only: string | null): Promise<RunReport | null> {
  const record = { options: plan.options, from: plan.from, model: plan.model };
  const stages = only === null ? CHAIN : [stageNamed(only)];
  const run = openRun(context, "r1", record);
  try {
    if (context.resume) recordChanges(run, 0, record);
    const chain = new Chain(context, plan, CHAIN);
    for (const stage of stages) {
      const missing = stage.uses.filter((name) => !chain.done(name));
      if (missing.length > 0)
        throw new UserError(
          `${stage.name} uses ${missing.join(" and ")}, which ${context.out} lacks; run \`train r1 --resume\` without --stage, or that stage first.`,
          { exitCode: 2, param: "--stage" },
        );
      await stage.run(chain);
      context.signal.throwIfAborted();
    }
    if (CHAIN.some(({ name }) => !chain.done(name))) return null;
    const measured = new Map<string, Measured>();
    for (const stage of CHAIN.filter(makesModel)) measured.set(stage.name, await measuredOnce(chain, stage));
    return writeChainReport(run, chain, CHAIN, measured);
  } finally {
    run.close();
  }
}

/** @throws UserError (usage) listing the stages there are */
function stageNamed(name: string): ChainStage {
  const found = CHAIN.find((stage) => stage.name === name);
  if (found !== undefined) return found;
  throw usageError(
    `there is no stage "${name}" in the chain; there are ${CHAIN.map((stage) => stage.name).join(", ")}`,
    "--stage",
  );
}

/** What a stage's model can do, kept in `measured/STAGE.json`. */
async function measuredOnce(chain: Chain, stage: ChainStage): Promise<Measured> {
  const { signal, listener } = chain.context;
  const { options } = chain.plan;
  const name = path.join("measured", `${stage.name}.json`);
  await chain.file(name, async () => {
    listener.note(`asking the model of ${stage.name}`);
    const decoder = chain.model(stage.name);
    try {
      const families = options.scenarios.tasks.families;
      const preferred = readPreferenceModel(chain.place("preference.json"));
      return JSON.stringify(await measure(decoder, { families, ...options.measure }, preferred, signal));
    } finally {
      decoder.free();
    }
  });
  return JSON.parse(readFileSync(chain.place(name), "utf8")) as Measured;
}

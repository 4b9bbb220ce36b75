/**
 * Publishing, top to bottom: the weights of a reinforcement-learning run and of the base it started from (of a whole chain: of its
 * last stage and its first) as BF16 folders, the record of the runs, an evaluation of exactly the files published, and a model card
 * whose every figure comes from these. The folder appears whole or not at all.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { writeFolderAtomically } from "../checkpoint/atomic.ts";
import { checkIsFree, digestFolder, exportModel, type FolderDigest } from "../checkpoint/export.ts";
import { openModelFolder } from "../checkpoint/folder.ts";

import { UserError } from "../error.ts";
import { evaluationRow } from "../evaluate/row.ts";
import type { Device } from "../kernels/kernels.ts";
import type { ModelConfig } from "../model/config.ts";
import { taskNamed } from "../tasks/catalogue.ts";
import { LAST_STAGE, readChainRecord, writeChainRecord } from "./chain-record.ts";
import { type HarderLevel, modelCard } from "./model-card.ts";
import { type Accuracy, type AccuracyPlan, measure, otherWordings } from "./published-accuracy.ts";
import { copyTrainingRecord, readTrainedRun, type TrainedRun, writeTrainingRecord } from "./training-record.ts";

export interface PublishOptions {
  /** The run whose model reinforcement learning started from; of a chain its own. Default: the folder base in the run. */
  readonly base?: string | undefined;
  /** The reinforcement-learning run, or a chain's. */
  readonly run: string;
  /** Records of the phases the base run went on from, first phase first, as an earlier publication holds them. */
  readonly earlier?: readonly string[];
  /** A new or empty folder, or one that this made before. */
  readonly to: string;
  /** Questions a family. */
  readonly items: number;
  readonly device: Device;
  /** Bytes the folder may hold. Default: LARGEST. */
  readonly largest?: number;
  readonly signal?: AbortSignal;
  /** Told what is being measured and how far it is. */
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

export interface Published {
  readonly digest: FolderDigest;
  /** evaluation.json as a value. */
  readonly evaluation: Readonly<Record<string, unknown>>;
}

/** A repository that people clone carries no more than this. */
export const LARGEST = 16e6;

/** @throws UserError where a run is missing or unfit, the folder is taken or would be too large; the signal's reason when stopped */
export async function publish(options: PublishOptions): Promise<Published> {
  const { to, items, device, signal, largest = LARGEST } = options;
  const chain = readChainRecord(options.run);
  const [base, final] = [
    readTrainedRun(options.base ?? path.join(options.run, "base")),
    readTrainedRun(chain === null ? options.run : path.join(options.run, LAST_STAGE)),
  ];
  const config = sameArchitecture(base, final);
  const parsed = askedAbout.safeParse(final.config.options);
  if (final.config.recipe !== "r1-zero" || !parsed.success) {
    throw new UserError(`${final.folder} is no r1-zero run of this version; name one with --run.`, { param: "--run" });
  }
  if (!isPublished(to)) checkIsFree(to);
  const { tasks, evaluation: asked } = parsed.data;
  const families = tasks.families.filter((name) => taskNamed(name).general !== true);
  const [level, ...harder] = tasks.levels as [number, ...number[]];
  const plan: AccuracyPlan = {
    families,
    level,
    items,
    maxTokens: asked.max_tokens,
    seed: 1,
    others: otherWordings(families),
  };

  let evaluation: Published["evaluation"] = {};
  await writeFolderAtomically(to, async (folder) => {
    await exportModel(final.checkpoint.folder, folder, "BF16");
    await exportModel(base.checkpoint.folder, path.join(folder, "base"), "BF16");
    const earlier = (options.earlier ?? []).map((record, i) =>
      copyTrainingRecord(record, path.join(folder, "training", `base-${i + 1}`)),
    );
    const records = {
      base: writeTrainingRecord(base, path.join(folder, "training", "base")),
      final: writeTrainingRecord(final, path.join(folder, "training", chain === null ? "r1-zero" : LAST_STAGE)),
    };
    if (chain !== null) writeChainRecord(chain, path.join(folder, "training", "chain"));
    const ask = (what: string, model: string, temperature: number, other: Partial<AccuracyPlan> = {}) =>
      measure({
        model,
        device,
        temperature,
        plan: { ...plan, ...other },
        signal,
        onProgress: (done, total) => options.onProgress?.(what, done, total),
      });
    const accuracy = {
      base: {
        greedy: await ask("base, greedy", path.join(folder, "base"), 0),
        sampled: await ask("base, sampled", path.join(folder, "base"), 1),
      },
      final: { greedy: await ask("final, greedy", folder, 0), sampled: await ask("final, sampled", folder, 1) },
      unrounded: await ask("final in F32, greedy", final.checkpoint.folder, 0, { others: [] }),
    };
    const levels: HarderLevel[] = [];
    for (const level of harder) {
      const asking = async (what: string, model: string) => ({
        greedy: await ask(`${what}, level ${level}, greedy`, model, 0, { level }),
        sampled: await ask(`${what}, level ${level}, sampled`, model, 1, { level }),
      });
      const base = await asking("base", path.join(folder, "base"));
      levels.push({ level, base, final: await asking("final", folder) });
    }
    evaluation = {
      ...plan,
      final: { greedy: rowOf(accuracy.final.greedy), sampled: rowOf(accuracy.final.sampled) },
      base: { greedy: rowOf(accuracy.base.greedy), sampled: rowOf(accuracy.base.sampled) },
      final_f32: { greedy: rowOf(accuracy.unrounded) },
      harder: levels.map(({ level, base, final }) => ({
        level,
        final: { greedy: rowOf(final.greedy), sampled: rowOf(final.sampled) },
        base: { greedy: rowOf(base.greedy), sampled: rowOf(base.sampled) },
      })),
    };
    fs.writeFileSync(path.join(folder, "evaluation.json"), `${JSON.stringify(evaluation, null, 2)}\n`);
    const card = modelCard({
      name: path.basename(path.resolve(to)),
      config,
      runs: { base, final },
      earlier,
      costs: { base: records.base.cost, final: records.final.cost },
      plan,
      accuracy,
      harder: levels,
      chain,
    });
    fs.writeFileSync(path.join(folder, "README.md"), card);
    const { bytes } = digestFolder(folder);
    if (bytes > largest) {
      throw new UserError(
        `${to} would hold ${(bytes / 1e6).toFixed(1)} MB, more than the ${largest / 1e6} MB a published model may; train a smaller model.`,
        { param: "--to" },
      );
    }
  });
  return { digest: digestFolder(to), evaluation };
}

const rowOf = ({ asked }: Accuracy) => evaluationRow("held-out", asked, null);

/** What of a run's options says what its model is about; the others may differ from today's. */
const askedAbout = z.object({
  tasks: z.object({ families: z.array(z.string()).min(1), levels: z.array(z.int().positive()).min(1) }),
  evaluation: z.object({ max_tokens: z.int().positive() }),
});

/** Reinforcement learning changes weights, never shapes. */
function sameArchitecture(base: TrainedRun, final: TrainedRun): ModelConfig {
  const [one, other] = [base, final].map(({ checkpoint }) => {
    const model = openModelFolder(checkpoint.folder);
    model.close();
    return model.config;
  });
  if (JSON.stringify(one) !== JSON.stringify(other)) {
    throw new UserError(
      `${final.folder} did not start from ${base.folder}: their models are built differently; name the base of this run with --base.`,
      { param: "--base" },
    );
  }
  return other!;
}

/** A folder that `publish` made may be made again. */
const isPublished = (folder: string): boolean =>
  ["README.md", "evaluation.json", "model.safetensors", "base", "training"].every((name) =>
    fs.existsSync(path.join(folder, name)),
  );

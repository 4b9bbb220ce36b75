/** A chain as it is published beside the weights of its last stage: its config and report, and what its card tells of each stage. */
import fs from "node:fs";
import path from "node:path";
import { UserError } from "../error.ts";
import type { RunReport } from "../train/report.ts";
import { type RunConfig, readRunConfig } from "../train/run.ts";

/** The stage whose model is the chain's own. */
export const LAST_STAGE = "all-scenarios";

export interface ChainRecord {
  readonly folder: string;
  readonly config: RunConfig;
  readonly stages: readonly ChainStageRecord[];
}

/** Of a stage in report.json. */
export interface ChainStageRecord {
  readonly name: string;
  readonly about: string;
  readonly comparison: boolean;
  readonly cost: {
    readonly seconds: number;
    readonly core_hours: number;
    readonly tokens: number;
    readonly usd: number;
  };
  /** null for a file. */
  readonly model: {
    readonly steps: number;
    readonly greedy: { readonly value: number };
    readonly sampled: { readonly value: number };
    readonly thinking: number;
    readonly language: number;
  } | null;
  readonly examples: number | null;
}

/** The record of a finished chain; null where the folder is a run of another recipe. @throws UserError where stages are missing */
export function readChainRecord(folder: string): ChainRecord | null {
  const config = readRunConfig(folder);
  if (config.recipe !== "r1") return null;
  const file = path.join(folder, "report.json");
  if (!fs.existsSync(file))
    throw new UserError(
      `${folder} is a chain that has not ended; go on with it by \`train r1 --resume --out ${folder}\`.`,
      {
        param: "--run",
      },
    );
  const { notes } = JSON.parse(fs.readFileSync(file, "utf8")) as RunReport;
  return { folder, config, stages: notes.stages as readonly ChainStageRecord[] };
}

/** Copies config.json and the reports into `to`, without the trainer's own folders in them. */
export function writeChainRecord({ folder, config }: ChainRecord, to: string): void {
  fs.mkdirSync(to, { recursive: true });
  const { from } = config;
  const plain = (text: string) => {
    const own = text.replaceAll(path.resolve(folder), path.basename(folder));
    return typeof from === "string" ? own.replaceAll(from, path.basename(from)) : own;
  };
  for (const name of ["config.json", "report.json", "report.html", "report.md"])
    fs.writeFileSync(path.join(to, name), plain(fs.readFileSync(path.join(folder, name), "utf8")));
}

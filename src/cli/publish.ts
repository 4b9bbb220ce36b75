// `reckon publish`: the weights of two runs, their record, and a model card measured on exactly these files.
import path from "node:path";
import type { Command } from "commander";
import { cpuDevice } from "../kernels/cpu/device.ts";
import { publish } from "../recipes/publish.ts";
import { printDigest } from "./export.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { addCommonOptions, type CommonOptions, positiveInteger } from "./options.ts";
import { print, printJson } from "./output.ts";
import { type Progress, startProgress } from "./progress.ts";

interface PublishFlags extends CommonOptions {
  readonly base?: string;
  readonly run: string;
  readonly earlier?: readonly string[];
  readonly to: string;
  readonly items: number;
}

export function register(program: Command): void {
  const command = program
    .command("publish")
    .requiredOption(
      "--run <run>",
      "the reinforcement-learning run whose newest checkpoint is published, or a whole chain's, of which it is the last stage's",
    )
    .option("--base <run>", "the run it started from (default: the folder base in the run)")
    .option(
      "--earlier <records...>",
      "records of the phases the base run went on from, such as models/NAME/training/base",
    )
    .requiredOption("--to <folder>", "a new folder, or one that publish made before")
    .option("--items <n>", "questions a family for the card's tables", positiveInteger("--items"), 200);
  addCommonOptions(command, ["threads", "device", "json"]).action(run);
}

async function run({ base, run: rl, earlier, to, items, threads, json }: PublishFlags): Promise<void> {
  using interrupt = listenForInterrupt("stopping, nothing is published; press Ctrl-C again to stop at once");
  const device = await cpuDevice({ threads });
  let progress: { readonly what: string; readonly bar: Progress } | null = null;
  try {
    const { digest, evaluation } = await publish({
      base,
      run: rl,
      earlier,
      to,
      items,
      device,
      signal: interrupt.signal,
      onProgress(what, done, total) {
        if (progress?.what !== what) {
          progress?.bar.finish();
          progress = { what, bar: startProgress({ label: what, total, unit: "answer" }) };
        }
        progress.bar.update(done);
      },
    });
    finish();
    if (json) printJson({ ...digest, evaluation });
    else {
      printDigest(digest);
      print(`the card: ${path.join(to, "README.md")}`);
    }
  } finally {
    finish();
    await device.close();
  }

  function finish(): void {
    progress?.bar.finish();
    progress = null;
  }
}

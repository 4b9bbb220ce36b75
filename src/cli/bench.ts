/** `reckon bench`: the benchmarks of bench/, each printing its figure, the machine's limit or the peer's bar, and the ratio. */
import type { Command } from "commander";
import { usageError } from "../error.ts";
import { addCommonOptions, type CommonOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

interface Benchmark {
  readonly name: string;
  readonly about: string;
  readonly run: (options: { readonly threads?: number; readonly json: boolean }) => Promise<void>;
}

const benchmarks: readonly Benchmark[] = [
  {
    name: "gemm",
    about: "matrix products against the machine's measured multiply-add peak",
    run: async ({ threads, json }) => {
      const { run } = await import("../../bench/gemm.ts");
      await run({ threads, json, print });
    },
  },
  {
    name: "train",
    about: "training steps of a dense and a V3 model of nano size (peer: PyTorch, eager)",
    run: async ({ threads, json }) => {
      const { run } = await import("../../bench/train.ts");
      await run({ threads, emit: (line) => show(line, json) });
    },
  },
  {
    name: "rollout",
    about:
      "batches of 64 sampled from the same two models (peer: transformers' generate), and one stream of the bundled model",
    run: async ({ threads, json }) => {
      const { run } = await import("../../bench/rollout.ts");
      await run({ threads, emit: (line) => show(line, json) });
    },
  },
];

export function register(program: Command): void {
  const command = program
    .command("bench")
    .argument(
      "[name]",
      `which: ${benchmarks.map(({ name, about }) => `${name} (${about})`).join("; ")}; all without a name`,
    );
  addCommonOptions(command, ["json", "threads"]).action(bench);
}

async function bench(name: string | undefined, flags: CommonOptions): Promise<void> {
  const chosen = benchmarks.filter((one) => name === undefined || one.name === name);
  if (chosen.length === 0) {
    throw usageError(
      `there is no benchmark "${name}"; there are ${benchmarks.map((one) => one.name).join(", ")}`,
      "name",
    );
  }
  for (const one of chosen) await one.run({ threads: flags.threads, json: flags.json === true });
}

function show(line: Readonly<Record<string, unknown>>, json: boolean): void {
  if (json) printJson(line);
  else
    print(
      Object.entries(line)
        .map(([key, value]) => `${key} ${value}`)
        .join("  "),
    );
}

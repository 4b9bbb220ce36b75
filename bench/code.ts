/** The code sandboxes: programs a minute, and the verdicts on the benchmarks' own solutions and on spoilt ones. */
import path from "node:path";
import { findFile } from "../src/evaluate/benchmarks/find.ts";
import { readBenchmarkFile } from "../src/evaluate/benchmarks/records.ts";
import { openBenchmark } from "../src/evaluate/benchmarks/registry.ts";

export interface CodeBenchOptions {
  readonly emit: (line: Readonly<Record<string, unknown>>) => void;
}

/** Judges every solution of HumanEval and of MBPP's test split, and each again returning nothing. */
export async function run({ emit }: CodeBenchOptions): Promise<void> {
  const places = {
    variable: process.env.RECKON_DATA,
    workingFolder: process.cwd(),
    checkout: path.resolve(import.meta.dirname, ".."),
  };
  for (const [name, file, key, field] of [
    ["humaneval", "humaneval.jsonl", (id: unknown) => String(id), "canonical_solution"],
    ["mbpp", "mbpp.jsonl", (id: unknown) => `mbpp/${id}`, "code"],
  ] as const) {
    const { items } = openBenchmark(name, { seed: 1 }, places);
    const { records } = readBenchmarkFile(findFile(name, [file], places));
    const solutions = new Map(records.map(({ fields }) => [key(fields.task_id), String(fields[field])]));
    const judge = async (spoil: (code: string) => string) => {
      const started = performance.now();
      const wrong: string[] = [];
      const verdicts = await Promise.all(
        items.map(async (item) => {
          const { accuracy, reason } = await item.judge(`<think></think>\n${spoil(solutions.get(item.id)!)}`, true);
          if (accuracy < 1) wrong.push(`${item.id}: ${reason}`);
          return accuracy;
        }),
      );
      const seconds = (performance.now() - started) / 1000;
      return { right: verdicts.filter((one) => one === 1).length, seconds, wrong };
    };
    const own = await judge((code) => code);
    const spoilt = await judge((code) => code.replace(/\breturn\b.*/g, "return None"));
    emit({
      name,
      programs: items.length,
      own_solutions_right: own.right,
      spoilt_right: spoilt.right,
      programs_per_minute: Math.round((60 * items.length) / own.seconds),
      wrongly_refused: own.wrong.sort().slice(0, 20),
    });
  }
}

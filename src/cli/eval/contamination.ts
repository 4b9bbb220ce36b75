// `reckon eval contamination`: which of a benchmark's questions stand in training data.
import fs from "node:fs";
import { usageError } from "../../error.ts";
import { openBenchmark } from "../../evaluate/benchmarks/registry.ts";
import { FEWEST_WORDS, findContamination } from "../../evaluate/contamination/contamination.ts";
import { textOf } from "../../evaluate/contamination/read.ts";
import { formatBytes, formatCount } from "../humane.ts";
import type { CommonOptions } from "../options.ts";
import { note, print, printJson } from "../output.ts";
import { startProgress } from "../progress.ts";
import { placesOf } from "./options.ts";

export interface ContaminationOptions extends CommonOptions {
  readonly benchmark: string;
  readonly data?: string;
  readonly training: readonly string[];
  readonly n: number;
}

/** Looks, and tells the result. */
export async function lookForContamination({
  benchmark: name,
  data,
  training,
  n,
  json,
}: ContaminationOptions): Promise<void> {
  if (n < FEWEST_WORDS)
    throw usageError(`--n must be at least ${FEWEST_WORDS}: shorter runs of words say nothing`, "--n");
  const benchmark = openBenchmark(name, { seed: 0 }, placesOf(data));
  const questions = benchmark.items.map(({ id, text, prompt }) => ({ id, text: text ?? prompt }));
  const total = training.reduce((sum, file) => sum + (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
  using progress = startProgress({ label: "reading", total, unit: "B" });
  let before = 0;
  async function* all(): AsyncGenerator<string> {
    for (const file of training) {
      let own = 0;
      const onBytes = (bytes: number): void => {
        own = bytes;
        progress.update(before + bytes);
      };
      for await (const chunk of textOf(file, onBytes)) yield chunk;
      before += own;
      yield "\n";
    }
  }
  const found = await findContamination(questions, n, all());
  progress.finish();
  if (json) {
    printJson({ benchmark: benchmark.name, training: training.length === 1 ? training[0] : training, ...found });
    return;
  }
  for (const { id, share, example } of found.hits.slice(0, 20))
    print(`${id}  ${(100 * share).toFixed(0)} %  "${example}"`);
  if (found.hits.length > 20) print(`... and ${found.hits.length - 20} more (--json lists them all)`);
  print(
    `${found.contaminated} of ${found.questions - found.too_short} questions of ${benchmark.name} (${(100 * found.share).toFixed(1)} %) ` +
      `share ${n} words in a row with ${training.join(", ")}`,
  );
  note(
    `[${formatBytes(total)}, ${formatCount(found.words_read)} words read; ${found.short} questions of fewer than ${n} words were looked for whole` +
      `${found.too_short > 0 ? `, ${found.too_short} of fewer than ${FEWEST_WORDS} not at all` : ""}]`,
  );
}

/** Files of `reckon eval` for tests: answers as `--out` writes them, and the report of such answers. */
import { evaluationCost } from "../../evaluate/cost/cost.ts";
import { readSamples } from "../../evaluate/record/read-samples.ts";
import type { SampleRecord } from "../../evaluate/record/sample-record.ts";
import { writeReport } from "../../evaluate/report/report.ts";
import { evaluationRow } from "../../evaluate/row.ts";

/** Forty questions of two groups, right where `right` says. */
export function sampleLines(model: string, right: (index: number) => boolean): string {
  const lines = Array.from({ length: 40 }, (_, index): SampleRecord => {
    const answer = right(index) ? String(2 * index) : "-1";
    return {
      id: `q${index}`,
      sample: 0,
      group: index < 20 ? "sums" : "products",
      prompt: `What is ${index} + ${index}?`,
      gold: String(2 * index),
      response: `<think>thinking about ${index}.</think>${answer}`,
      answer,
      correct: right(index),
      score: right(index) ? 1 : 0,
      format: 1,
      reason: right(index) ? `${answer} is right` : `expected ${2 * index}, got ${answer}`,
      finish_reason: "stop",
      tokens: { prompt: 10, cached: 0, completion: 20, thinking: 15 },
      seconds: 1,
      clock: { session: 0, seconds: index + 1, core_seconds: 2 * (index + 1), joules: null },
      ...(index === 0 ? { evaluation: settings(model) } : {}),
    };
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

const settings = (model: string): SampleRecord["evaluation"] => ({
  benchmark: "sums",
  benchmark_sha256: null,
  licence: "made by this program",
  model,
  server: null,
  weights: null,
  temperature: 0,
  top_p: 1,
  max_tokens: 100,
  think_budget: null,
  seed: 0,
  judge: null,
  judge_prompt: null,
});

/** Writes the report of answers as `reckon eval --report` does; without `priced` nobody knows what they cost. */
export async function reportOf(answers: string, file: string, priced: boolean): Promise<void> {
  const { results, settings } = await readSamples(answers, () => () => ({ accuracy: 0, format: 0, reason: "" }));
  const rate = priced ? ({ kind: "core-hour", usd: 0.1 } as const) : null;
  const used = { seconds: 40, core_seconds: priced ? 80 : null, joules: null };
  const cost = evaluationCost({ results, ...used, rate });
  const evaluated = { results, samples: 1, temperature: 0, promptTokens: 400, newTokens: 800, seconds: 40, cost };
  const row = { model: settings!.model, ...evaluationRow("sums", evaluated, answers) };
  const about = { title: `${settings!.model} on sums`, settings: { ...settings! }, remarks: [] };
  writeReport(file, { ...about, results, samples: 1, cost, summary: {}, row });
}

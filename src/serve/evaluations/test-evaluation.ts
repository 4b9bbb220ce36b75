/** A file as `reckon eval --out` writes it, for tests: forty questions of two groups, right where `right` says. */
import type { SampleRecord } from "../../evaluate/record/sample-record.ts";

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

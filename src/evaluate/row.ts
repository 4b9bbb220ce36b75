/** An evaluation as other programs read it: one row of figures, and a line an item. */
import { type Figures, type Summary, summarize } from "./accuracy.ts";
import type { Asked, ItemResult } from "./ask-all.ts";

/** What `reckon eval --json` prints. pass@k and cons@k are there where each item was answered k > 1 times. */
export function evaluationRow(
  benchmark: string,
  asked: Asked,
  items: string | null,
): Readonly<Record<string, unknown>> {
  const summary: Summary = summarize(asked);
  const { samples, temperature, promptTokens, newTokens, seconds } = asked;
  const thinking = asked.results.reduce(
    (sum, { responses }) => sum + responses.reduce((own, one) => own + one.thinking, 0),
    0,
  );
  const own = (one: Figures) => figuresJson(one, samples);
  return {
    benchmark,
    samples,
    temperature,
    ...own(summary),
    "pass@1_stderr": summary.stderr,
    by_family: Object.fromEntries(
      summary.groups.map((one) => [
        one.group,
        {
          ...own(one),
          by_wording: mapValues(one.variants, own),
        },
      ]),
    ),
    by_wording: mapValues(summary.variants, own),
    tokens: {
      prompt: promptTokens,
      completion: newTokens,
      thinking,
      total: promptTokens + newTokens,
      per_second: newTokens / seconds,
    },
    seconds,
    cost: asked.cost,
    items,
  };
}

/** A line of the items file; `{id, gold, samples}` and `{id, correct}` are in it, so that it can be judged and added up again. */
export function itemRecord({ item, responses }: ItemResult): Readonly<Record<string, unknown>> {
  return {
    id: item.id,
    family: item.group,
    wording: item.variant,
    prompt: item.prompt,
    gold: item.gold,
    samples: responses.map((one) => one.text),
    correct: responses.map((one) => one.accuracy === 1),
    reasons: responses.map((one) => one.reason),
    tokens: responses.map((one) => one.tokens),
    thinking_tokens: responses.map((one) => one.thinking),
    finish_reasons: responses.map((one) => one.finish),
  };
}

function figuresJson({ n, accuracy, format, thinking, any, majority }: Figures, samples: number) {
  return {
    n,
    "pass@1": accuracy,
    ...(any === null ? {} : { [`pass@${samples}`]: any }),
    ...(majority === null ? {} : { [`cons@${samples}`]: majority }),
    format,
    mean_thinking_tokens: thinking,
  };
}

const mapValues = <A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));

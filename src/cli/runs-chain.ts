/** What `runs compare` says of two chains, stage by stage: accuracy, thinking and seconds of both. */

interface Figures {
  readonly sampled: number | null;
  readonly greedy: number | null;
  readonly thinking: number | null;
  readonly seconds: number | null;
}

export interface StagePair {
  readonly stage: string;
  /** null where one of the two has no such stage. */
  readonly figures: readonly [Figures | null, Figures | null];
}

/** The stages of two reports in their order; none where a report is not a chain's. */
export function stagePairs(a: unknown, b: unknown): StagePair[] {
  const [left, right] = [stagesOf(a), stagesOf(b)];
  if (left.size === 0 || right.size === 0) return [];
  return [...new Set([...left.keys(), ...right.keys()])].map((stage) => ({
    stage,
    figures: [left.get(stage) ?? null, right.get(stage) ?? null],
  }));
}

/** Rows for a table: a figure's two values side by side. */
export function stageRows(pairs: readonly StagePair[], number: (value: number | null) => string): string[][] {
  const keys = ["sampled", "greedy", "thinking", "seconds"] as const;
  return [
    ["stage", ...keys.flatMap((key) => [key, ""])],
    ...pairs.map(({ stage, figures }) => [
      stage,
      ...keys.flatMap((key) => figures.map((one) => number(one?.[key] ?? null))),
    ]),
  ];
}

function stagesOf(report: unknown): Map<string, Figures> {
  const stages = (report as { notes?: { stages?: unknown } } | null)?.notes?.stages;
  return new Map(
    (Array.isArray(stages) ? stages : []).map(({ name, cost, model }) => [
      String(name),
      {
        sampled: model?.sampled?.value ?? null,
        greedy: model?.greedy?.value ?? null,
        thinking: model?.thinking ?? null,
        seconds: cost?.seconds ?? null,
      },
    ]),
  );
}

/** What the server tells of evaluations. */

export interface Evaluation {
  readonly id: string;
  readonly updated: number;
  /** Set where the file cannot be read; then the figures are missing. */
  readonly failure?: string;
  readonly benchmark: string;
  readonly model: string | null;
  readonly temperature: number | null;
  readonly questions: number;
  readonly answers: number;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  /** New tokens and US dollars an answer. */
  readonly tokens: number | null;
  readonly usd: number | null;
  readonly groups: readonly { readonly group: string; readonly accuracy: number }[];
}

export type Verdict = "right" | "wrong" | "mixed";

export interface ItemRow {
  readonly id: string;
  readonly group: string;
  readonly gold: string;
  readonly question: string;
  readonly verdict: Verdict;
  readonly share: number;
  readonly answers: readonly (string | null)[];
  readonly tokens: number | null;
  readonly reason: string;
}

export interface Item extends ItemRow {
  readonly prompt: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly responses: readonly {
    readonly text: string;
    readonly accuracy: number;
    readonly reason: string;
    readonly answer?: string | null;
    readonly tokens: number | null;
    readonly thinking: number | null;
    readonly finish: string;
    readonly parts?: Readonly<Record<string, readonly [number, number]>>;
  }[];
}

export interface Comparison {
  readonly n: number;
  readonly left_out: readonly [number, number];
  readonly accuracy: readonly [number, number];
  readonly difference: number;
  readonly difference_interval: { readonly low: number; readonly high: number };
  readonly bootstrap_p: number;
  readonly mcnemar: Readonly<Record<"first_only" | "second_only" | "both" | "neither" | "p", number>>;
  /** Those that changed sides: how many, and the first of them. */
  readonly flips: number;
  readonly flipped: readonly {
    readonly id: string;
    readonly to: "right" | "wrong";
    readonly group: string;
    readonly prompt: string;
    readonly gold: string;
    readonly answers: readonly [readonly (string | null)[], readonly (string | null)[]];
  }[];
  readonly groups: readonly {
    readonly group: string;
    readonly n: number;
    readonly accuracy: readonly [number, number];
  }[];
}

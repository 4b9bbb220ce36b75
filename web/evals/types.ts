/** What the server tells of evaluations. */

export interface Evaluation {
  readonly id: string;
  /** Only samples have answers; the others are figures alone. */
  readonly kind: "samples" | "report" | "published";
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
  /** New tokens, thinking tokens and US dollars an answer. */
  readonly tokens: number | null;
  readonly thinking: number | null;
  readonly usd: number | null;
  /** What the dollars rest on, in words. */
  readonly rate: string | null;
  readonly groups: readonly Part[];
  /** Of figures alone: by family, wording, level and the like. */
  readonly divisions: readonly { readonly by: string; readonly parts: readonly Part[] }[];
  /** Of figures alone: how it was made. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

export interface Part {
  readonly group: string;
  readonly n: number;
  readonly accuracy: number;
  readonly thinking: number | null;
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

interface Difference {
  readonly accuracy: Two<number>;
  /** Of the second minus the first. */
  readonly difference: number;
  readonly difference_interval: { readonly low: number; readonly high: number };
  /** Null where one did not ask it. */
  readonly groups: readonly {
    readonly group: string;
    readonly n: Two<number | null>;
    readonly accuracy: Two<number | null>;
  }[];
}

type Two<T> = readonly [T, T];

/** Of the questions both answered. */
export interface PairedComparison extends Difference {
  readonly paired: true;
  readonly n: number;
  readonly left_out: Two<number>;
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
    readonly answers: Two<readonly (string | null)[]>;
  }[];
}

/** Of figures, where one of the two or both have no answers. */
export interface SeparateComparison extends Difference {
  readonly paired: false;
  /** Ids of those that are figures alone. */
  readonly without_answers: readonly string[];
  readonly same_groups: boolean;
  readonly questions: Two<number>;
  readonly tokens: Two<number | null>;
  readonly thinking: Two<number | null>;
  readonly usd: Two<number | null>;
}

export type Comparison = PairedComparison | SeparateComparison;

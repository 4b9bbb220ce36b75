/** What an evaluation was: everything that two must share for their answers to stand in one file. */
import { UserError } from "../../error.ts";

export interface Settings {
  readonly benchmark: string;
  /** Of the benchmark's file; null where it has none. */
  readonly benchmark_sha256: string | null;
  readonly licence: string;
  /** The name a person knows the model by. */
  readonly model: string;
  /** A server's base URL; null for a model opened here. */
  readonly server: string | null;
  /** What a local model's weights are told by. */
  readonly weights: string | null;
  readonly temperature: number;
  readonly top_p: number;
  readonly max_tokens: number;
  readonly think_budget: number | null;
  readonly seed: number;
  /** The model that judged and its server; null where a verifier did. */
  readonly judge: string | null;
  readonly judge_prompt: string | null;
}

/** How each is called on the command line, in the order an error names them. */
const FLAGS: Readonly<Record<Exclude<keyof Settings, "licence">, string>> = {
  benchmark: "--benchmark",
  benchmark_sha256: "--benchmark",
  model: "--model",
  server: "--model",
  weights: "--model",
  temperature: "--temperature",
  top_p: "--top-p",
  max_tokens: "--max-tokens",
  think_budget: "--think-budget",
  seed: "--seed",
  judge: "--judge-url",
  judge_prompt: "--judge-url",
};

/** Where an earlier evaluation into `file` was another one: a sentence with what differs; null where both are one. */
export function mismatch(file: string, before: Readonly<Record<string, unknown>>, now: Settings): UserError | null {
  for (const [key, flag] of Object.entries(FLAGS)) {
    const [old, own] = [before[key] ?? null, now[key as keyof Settings] ?? null];
    if (old === own || (key === "server" && hostOf(old) !== null && hostOf(old) === hostOf(own))) continue;
    const what =
      key === "benchmark_sha256"
        ? `another content of the benchmark's file`
        : key === "weights"
          ? `other weights of the model ${now.model}`
          : key === "judge_prompt"
            ? "another prompt for its judge"
            : `${key} ${JSON.stringify(old)}, not ${JSON.stringify(own)}`;
    return new UserError(
      `${file} holds an evaluation with ${what}; give the same settings to go on with it, or another file to --out.`,
      { exitCode: 2, type: "mismatch", param: flag },
    );
  }
  return null;
}

/** A server started again may have another port. */
function hostOf(url: unknown): string | null {
  return typeof url === "string" && URL.canParse(url) ? new URL(url).hostname : null;
}

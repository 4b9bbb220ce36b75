/** What running a program with its tests in a sandbox comes to, and the limits it runs within. */

export interface CodeLimits {
  /** Wall-clock milliseconds. Default 10,000. */
  readonly ms?: number;
  /** Bytes of memory, the language's own runtime included. Default 256 MiB. */
  readonly memory?: number;
  /** Characters it may print. Default 65,536. */
  readonly output?: number;
}

export const LIMITS: Required<CodeLimits> = { ms: 10_000, memory: 256 * 2 ** 20, output: 65_536 };

/** A program in parts: each sees what the ones before defined, and only the last one decides. */
export interface Program {
  /** What stands before the answer: imports, classes the tests speak of. */
  readonly before: string;
  /** The code under test. */
  readonly code: string;
  /** Raises or throws where the code is wrong. */
  readonly tests: string;
  /** The functions the tests call. What they return must be plain values: an object that says it equals everything passes no test. */
  readonly names: readonly string[];
}

export interface CodeOutcome {
  readonly passed: boolean;
  /** In words: what failed, or that nothing did. */
  readonly reason: string;
  /** What it printed, cut at the limit. */
  readonly output: string;
}

export const PASSED = "all tests passed";

export const tooLong = (ms: number): string => `took longer than ${ms / 1000} s`;
export const tooMuchOutput = (characters: number): string => `printed more than ${characters} characters`;
export const tooMuchMemory = (bytes: number): string => `needed more than ${Math.round(bytes / 2 ** 20)} MiB of memory`;

/** An error on one line, its end kept: names and messages stand there. */
export const shortError = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= 300 ? line : `...${line.slice(-297)}`;
};

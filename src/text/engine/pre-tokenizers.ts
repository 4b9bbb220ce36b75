// How a tokenizer.json cuts a text into the pieces that its model then merges on their own, as Hugging Face's engine does it.

import { compilePattern, type FindMatches, PATTERNS, type PatternJson } from "./patterns.ts";

/** Cuts pieces into smaller ones. `first`: the first piece begins the whole text. */
export type PreTokenizer = (pieces: readonly string[], first: boolean) => readonly string[];

export interface CompiledPreTokenizer {
  readonly run: PreTokenizer;
  /** The pieces are to be read as bytes. */
  readonly byteLevel: boolean;
}

type Behavior = "removed" | "isolated" | "mergedwithprevious" | "mergedwithnext" | "contiguous";

interface StepJson {
  readonly type?: unknown;
  readonly [field: string]: unknown;
}

/** Compiles the `pre_tokenizer` of a tokenizer.json; null: it has a kind that is not known here. @throws UserError */
export function compilePreTokenizer(json: unknown, file: string): CompiledPreTokenizer | null {
  const steps = flatten(json);
  if (steps === null) return null;
  const runs: PreTokenizer[] = [];
  let byteLevel = false;
  for (const step of steps) {
    if (byteLevel) return null; // after bytes came letters for them: nothing published goes on cutting there
    const run = compileStep(step, file);
    if (run === null) return null;
    runs.push(run);
    byteLevel = step.type === "ByteLevel";
  }
  return { byteLevel, run: (pieces, first) => runs.reduce((before, run) => run(before, first), pieces) };
}

/** Cuts at every match of each pattern in turn, as GGUF vocabularies are meant to be. */
export function isolatingAll(patterns: readonly string[], file: string): PreTokenizer {
  const finds = patterns.map((pattern) => compilePattern({ Regex: pattern }, file));
  return (pieces) => finds.reduce<readonly string[]>((before, find) => splitAll(before, find, "isolated"), pieces);
}

function flatten(json: unknown): StepJson[] | null {
  if (json === null || json === undefined) return [];
  if (typeof json !== "object" || Array.isArray(json)) return null;
  const step = json as StepJson;
  if (step.type !== "Sequence") return [step];
  if (!Array.isArray(step.pretokenizers)) return null;
  const steps = step.pretokenizers.map(flatten);
  return steps.includes(null) ? null : steps.flatMap((one) => one!);
}

function compileStep(step: StepJson, file: string): PreTokenizer | null {
  const cutting = (source: string, behavior: Behavior, invert = false): PreTokenizer => {
    const find = compilePattern({ Regex: source }, file);
    return (pieces) => splitAll(pieces, find, behavior, invert);
  };
  switch (step.type) {
    case "Split": {
      const behavior = behaviorOf(step.behavior);
      if (behavior === null || !isPattern(step.pattern)) return null;
      const find = compilePattern(step.pattern, file);
      const invert = step.invert === true;
      return (pieces) => splitAll(pieces, find, behavior, invert);
    }
    case "ByteLevel": {
      const cut = step.use_regex === false ? null : cutting(PATTERNS.gpt2, "isolated");
      const prefix = step.add_prefix_space !== false;
      return (pieces, first) => {
        const spaced = prefix ? pieces.map((piece) => (piece.startsWith(" ") ? piece : ` ${piece}`)) : pieces;
        return cut === null ? spaced : cut(spaced, first);
      };
    }
    case "Digits":
      return cutting(PATTERNS[step.individual_digits === true ? "digit" : "digits"], "isolated");
    case "Punctuation": {
      const behavior = behaviorOf(step.behavior ?? "Isolated");
      return behavior === null ? null : cutting(PATTERNS.anyPunctuation, behavior);
    }
    case "WhitespaceSplit":
      return cutting(PATTERNS.space, "removed");
    case "Whitespace":
      return cutting(PATTERNS.words, "removed", true);
    case "Metaspace":
      return metaspace(step);
    default:
      return null;
  }
}

function metaspace(step: StepJson): PreTokenizer | null {
  const { replacement = "▁", prepend_scheme: scheme = step.add_prefix_space === false ? "never" : "always" } = step;
  if (typeof replacement !== "string" || replacement === "") return null;
  const find = compilePattern({ String: replacement }, "tokenizer.json");
  return (pieces, first) => {
    const spaced = pieces.map((piece, i) => {
      const text = piece.replaceAll(" ", replacement);
      const prepend = scheme === "always" || (scheme === "first" && first && i === 0);
      return prepend && !text.startsWith(replacement) ? replacement + text : text;
    });
    return step.split === false ? spaced : splitAll(spaced, find, "mergedwithnext");
  };
}

const isPattern = (value: unknown): value is PatternJson =>
  typeof value === "object" &&
  value !== null &&
  (typeof (value as { Regex?: unknown }).Regex === "string" ||
    typeof (value as { String?: unknown }).String === "string");

function behaviorOf(value: unknown): Behavior | null {
  const name = String(value).toLowerCase().replaceAll("_", "");
  const known: readonly Behavior[] = ["removed", "isolated", "mergedwithprevious", "mergedwithnext", "contiguous"];
  return known.find((one) => one === name) ?? null;
}

function splitAll(pieces: readonly string[], find: FindMatches, behavior: Behavior, invert = false): readonly string[] {
  const cut: string[] = [];
  for (const piece of pieces) {
    if (behavior === "isolated" && !invert) isolate(piece, find(piece), cut);
    else splitOne(piece, find(piece), behavior, invert, cut);
  }
  return cut;
}

/** The common case: each match and each stretch between matches is a piece. */
function isolate(piece: string, matches: readonly number[], cut: string[]): void {
  let before = 0;
  for (let i = 0; i < matches.length; i += 2) {
    if (matches[i] > before) cut.push(piece.slice(before, matches[i]));
    cut.push(piece.slice(matches[i], matches[i + 1]));
    before = matches[i + 1];
  }
  if (before < piece.length) cut.push(before === 0 ? piece : piece.slice(before));
}

function splitOne(piece: string, matches: readonly number[], behavior: Behavior, invert: boolean, cut: string[]): void {
  // stretches in turn: where each ends, and whether it counts as a match
  const ends: number[] = [];
  const matched: boolean[] = [];
  let before = 0;
  const stretch = (end: number, match: boolean): void => {
    if (end === before) return;
    ends.push(end);
    matched.push(match !== invert);
    before = end;
  };
  for (let i = 0; i < matches.length; i += 2) {
    stretch(matches[i], false);
    stretch(matches[i + 1], true);
  }
  stretch(piece.length, false);
  let start = 0;
  for (let i = 0; i < ends.length; i++) {
    const joins =
      i + 1 < ends.length &&
      ((behavior === "contiguous" && matched[i] === matched[i + 1]) ||
        (behavior === "mergedwithprevious" && !matched[i] && matched[i + 1]) ||
        (behavior === "mergedwithnext" && matched[i] && !matched[i + 1]));
    if (joins) continue;
    if (!(behavior === "removed" && matched[i])) cut.push(piece.slice(start, ends[i]));
    start = ends[i];
  }
}

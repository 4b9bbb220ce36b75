// The flags of `ask` and `chat` that say how an answer is drawn and steered, and what a completion takes of them.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { UserError, usageError } from "../error.ts";
import type { CompleteOptions } from "../generate/answer-options.ts";
import type { Constraint } from "../generate/constraint/constraint.ts";
import { atMost, naturalNumber, numberBetween, positiveInteger } from "./options.ts";

/** What the flags give; a flag not asked for is undefined. */
export interface SamplingOptions {
  readonly maxTokens?: number;
  readonly maxAnswerTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly typical?: number;
  readonly repetitionPenalty?: number;
  readonly penaltyLastN?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly dryMultiplier?: number;
  readonly dryBase?: number;
  readonly dryAllowedLength?: number;
  readonly dryPenaltyLastN?: number;
  readonly drySequenceBreaker?: readonly string[];
  readonly logitBias?: ReadonlyMap<number, number>;
  readonly thinkBudget?: number;
  readonly thinkMinimum?: number;
  readonly thinkClose?: string;
  readonly stop?: readonly string[];
  readonly includeStop?: true;
  readonly ignoreEos?: true;
  readonly jsonSchema?: Constraint;
  readonly jsonObject?: true;
  readonly regex?: string;
  readonly grammar?: Constraint;
  readonly constraintFrom?: "start" | "answer";
  readonly speculative?: number;
}

/** Adds the flags. */
export function addSamplingOptions(command: Command): Command {
  return command
    .optionsGroup("Length:")
    .option("--max-tokens <n>", "at most this many new tokens, thinking included", positiveInteger("--max-tokens"))
    .option(
      "--max-answer-tokens <n>",
      "at most this many tokens after the thinking",
      positiveInteger("--max-answer-tokens"),
    )
    .option(
      "--stop <text>",
      "end the answer before this text (may be repeated; the thinking is not searched)",
      listed("--stop"),
    )
    .option("--include-stop", "keep the stop text in the answer")
    .option("--ignore-eos", "never end by itself")
    .optionsGroup("Thinking:")
    .option(
      "--think-budget <n>",
      "at most this many thinking tokens; 0: answer directly",
      naturalNumber("--think-budget"),
    )
    .option("--think-minimum <n>", "keep it thinking for at least this many tokens", naturalNumber("--think-minimum"))
    .option("--think-close <text>", "what is written where the budget ends the thinking, before its closing tag")
    .optionsGroup("Sampling:")
    .option("--temperature <t>", "0: always the most likely token", numberBetween("--temperature", 0, 100))
    .option("--top-k <k>", "keep this many of the likeliest tokens (0: all)", naturalNumber("--top-k"))
    .option("--top-p <p>", "keep the fewest tokens with this much probability", numberBetween("--top-p", 0, 1))
    .option("--min-p <p>", "keep tokens this likely relative to the likeliest", numberBetween("--min-p", 0, 1))
    .option(
      "--typical <p>",
      "keep the most typical tokens with this much probability",
      numberBetween("--typical", 0, 1),
    )
    .option(
      "--repetition-penalty <r>",
      "weaken tokens in the last --penalty-last-n: divides their logits (1: no change)",
      numberBetween("--repetition-penalty", 0.01, 100),
    )
    .option(
      "--penalty-last-n <n>",
      "tokens --repetition-penalty looks back at (default: 64; -1: all)",
      lookBack("--penalty-last-n"),
    )
    .option("--presence-penalty <p>", "against tokens the output has", numberBetween("--presence-penalty", -2, 2))
    .option(
      "--frequency-penalty <p>",
      "the same for each time it has them",
      numberBetween("--frequency-penalty", -2, 2),
    )
    .option("--dry-multiplier <m>", "against passages that repeat (0: off)", numberBetween("--dry-multiplier", 0, 1000))
    .option(
      "--dry-base <b>",
      "how fast that grows with their length (default: 1.75)",
      numberBetween("--dry-base", 1, 1000),
    )
    .option("--dry-allowed-length <n>", "tokens that may repeat (default: 2)", naturalNumber("--dry-allowed-length"))
    .option("--dry-penalty-last-n <n>", "tokens searched for them (default: -1: all)", lookBack("--dry-penalty-last-n"))
    .option("--dry-sequence-breaker <text>", "where passages end (may be repeated)", listed("--dry-sequence-breaker"))
    .option("--logit-bias <id=bias,...>", "add to tokens' logits, -100 to 100; -inf bans them", parseLogitBias)
    .optionsGroup("Form of the answer:")
    .option("--json-schema <file>", "the answer is JSON of this schema", constraintFile("--json-schema", schemaOf))
    .option("--json-object", "the answer is a JSON object")
    .option("--regex <pattern>", "the answer matches this regular expression")
    .option(
      "--grammar <file>",
      "the answer matches this grammar (GBNF)",
      constraintFile("--grammar", (text) => ({ kind: "grammar", grammar: text })),
    )
    .option(
      "--constraint-from <start|answer>",
      "where that begins to hold (default: answer, after the thinking)",
      parseFrom,
    )
    .optionsGroup("Options:")
    .option(
      "--speculative <n>",
      "guess up to n tokens ahead with the model's prediction module, or from the text itself: the same answer in fewer steps (default: 0)",
      atMost("--speculative", 64),
    );
}

/** What of these flags a completion takes. @throws UserError where flags exclude each other */
export async function completeOptions(options: SamplingOptions & { readonly seed?: number }): Promise<CompleteOptions> {
  const { dryMultiplier, thinkBudget, thinkMinimum } = options;
  if (thinkBudget !== undefined && thinkMinimum !== undefined && thinkMinimum > thinkBudget) {
    throw usageError(`--think-minimum ${thinkMinimum} is more than --think-budget ${thinkBudget}`, "--think-minimum");
  }
  for (const flag of ["dryBase", "dryAllowedLength", "dryPenaltyLastN", "drySequenceBreaker"] as const) {
    if (options[flag] !== undefined && dryMultiplier === undefined) {
      const name = flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      throw usageError(
        `--${name} needs --dry-multiplier, which turns the penalty on: add --dry-multiplier 0.8`,
        `--${name}`,
      );
    }
  }
  return {
    maxTokens: options.maxTokens,
    maxAnswerTokens: options.maxAnswerTokens,
    temperature: options.temperature,
    topP: options.topP,
    topK: options.topK,
    minP: options.minP,
    typical: options.typical,
    repetitionPenalty: options.repetitionPenalty,
    penaltyLastN: options.penaltyLastN,
    presencePenalty: options.presencePenalty,
    frequencyPenalty: options.frequencyPenalty,
    dry:
      dryMultiplier === undefined
        ? undefined
        : {
            multiplier: dryMultiplier,
            base: options.dryBase,
            allowedLength: options.dryAllowedLength,
            penaltyLastN: options.dryPenaltyLastN,
            sequenceBreakers: options.drySequenceBreaker,
          },
    logitBias: options.logitBias,
    thinkBudget: options.thinkBudget,
    thinkMinimum: options.thinkMinimum,
    thinkClose: options.thinkClose,
    stop: options.stop,
    includeStop: options.includeStop,
    ignoreEos: options.ignoreEos,
    constraint: await constraintOf(options),
    constraintFrom: options.constraintFrom,
    speculative: options.speculative,
    seed: options.seed,
  };
}

async function constraintOf(options: SamplingOptions): Promise<Constraint | undefined> {
  const { jsonSchema, jsonObject, regex, grammar } = options;
  const given: [string, Constraint | undefined][] = [
    ["--json-schema", jsonSchema],
    ["--json-object", jsonObject && { kind: "json_object" }],
    ["--regex", regex === undefined ? undefined : { kind: "regex", pattern: regex }],
    ["--grammar", grammar],
  ];
  const set = given.filter(([, constraint]) => constraint !== undefined);
  if (set.length > 1) {
    throw usageError(
      `${set.map(([flag]) => flag).join(" and ")} exclude each other: an answer has one form`,
      set[1][0],
    );
  }
  const [flag, constraint] = set[0] ?? [];
  // What is wrong with it is said before a model is loaded; grammars take memory that most questions never need.
  if (constraint !== undefined) {
    const { checkConstraint } = await import("../generate/constraint/compile.ts");
    try {
      checkConstraint(constraint);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(error.message, { exitCode: 2, param: flag, cause: error });
    }
  }
  return constraint;
}

function listed(flag: string): (text: string, before?: readonly string[]) => readonly string[] {
  return (text, before = []) => {
    if (text === "") throw usageError(`${flag} needs a text that is not empty`, flag);
    return [...before, text];
  };
}

function lookBack(flag: string): (text: string) => number {
  return (text) => {
    if (text.trim() === "-1") return -1;
    if (!/^\s*\d+\s*$/.test(text))
      throw usageError(`${flag} must be a whole number of at least -1, not "${text}"`, flag);
    return Number(text);
  };
}

function parseLogitBias(text: string, before: ReadonlyMap<number, number> = new Map()): ReadonlyMap<number, number> {
  const biases = new Map(before);
  for (const part of text.split(",")) {
    const found = /^\s*(\d+)\s*[=:]\s*([+-]?(?:\d+\.?\d*|\.\d+)|-inf(?:inity)?)\s*$/i.exec(part);
    const bias = found === null ? Number.NaN : /inf/i.test(found[2]) ? Number.NEGATIVE_INFINITY : Number(found[2]);
    if (found === null || !(bias === Number.NEGATIVE_INFINITY || Math.abs(bias) <= 100)) {
      throw usageError(
        `--logit-bias is written id=bias with a bias from -100 to 100 or -inf, as in 15=-5,27=-inf, not "${text}"`,
        "--logit-bias",
      );
    }
    biases.set(Number(found[1]), bias);
  }
  return biases;
}

function parseFrom(text: string): "start" | "answer" {
  if (text === "start" || text === "answer") return text;
  throw usageError(`--constraint-from must be start or answer, not "${text}"`, "--constraint-from");
}

function constraintFile(flag: string, read: (text: string, file: string) => Constraint): (file: string) => Constraint {
  return (file) => {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      throw usageError(
        code === "ENOENT" ? `${flag} ${file}: there is no such file` : `${flag} ${file} cannot be read (${code})`,
        flag,
      );
    }
    return read(text, file);
  };
}

function schemaOf(text: string, file: string): Constraint {
  try {
    return { kind: "json_schema", schema: JSON.parse(text) };
  } catch (error) {
    throw new UserError(
      `${file} is not valid JSON (${(error as Error).message.slice(0, 100)}); a schema is written in JSON.`,
      {
        param: "--json-schema",
        exitCode: 2,
        cause: error,
      },
    );
  }
}

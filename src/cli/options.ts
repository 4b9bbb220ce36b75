// The flags that mean the same in every command, with the sentences a wrong value gets.
import { type Command, Option } from "commander";
import { usageError } from "../error.ts";
import type { MlaForm, WeightKind } from "../model/weights/weight-source.ts";

/** What `addCommonOptions` gives an action; a flag not asked for is undefined. */
export interface CommonOptions {
  readonly json?: true;
  /** Undefined: as many as the machine has cores. */
  readonly threads?: number;
  /** Where to compute; `auto` has already become a device that exists. */
  readonly device: Device;
  readonly seed?: number;
  /** How a loaded model's matrices are kept; undefined: as the command thinks best. */
  readonly weights?: WeightKind;
  readonly mla?: MlaForm;
}

export type Device = "cpu";

export type CommonOption = "json" | "threads" | "device" | "seed" | "weights" | "mla";

/** Adds the named common flags to a command. */
export function addCommonOptions(command: Command, names: readonly CommonOption[]): Command {
  for (const name of names) {
    command.addOption(makers[name]());
  }
  return command;
}

/** Parses a whole number of at least 1, or throws a usage error naming the flag. */
export function positiveInteger(flag: string): (text: string) => number {
  return (text) => integer(text, flag, 1, "a whole number of at least 1");
}

/** Parses a whole number of at least 0. */
export function naturalNumber(flag: string): (text: string) => number {
  return (text) => integer(text, flag, 0, "a whole number of at least 0");
}

/** Parses a whole number from 0 to `most`. */
export function atMost(flag: string, most: number): (text: string) => number {
  return (text) => {
    const value = naturalNumber(flag)(text);
    if (value > most) throw usageError(`${flag} must be from 0 to ${most}, not ${text}`, flag);
    return value;
  };
}

/** Parses a number between two bounds, both allowed. */
export function numberBetween(flag: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= low && value <= high)) {
      const range = high === Number.POSITIVE_INFINITY ? `of at least ${low}` : `between ${low} and ${high}`;
      throw usageError(`${flag} must be a number ${range}, not "${text}"`, flag);
    }
    return value;
  };
}

/** Parses a comma-separated list of token ids and the like. */
export function integerList(flag: string): (text: string) => readonly number[] {
  return (text) => text.split(",").map((part) => integer(part, flag, 0, "whole numbers separated by commas", text));
}

/** The device a `--device` value means. Throws a usage error for one this version does not have. */
export function chooseDevice(text: string): Device {
  if (text === "cpu" || text === "auto") {
    return "cpu";
  }
  if (text === "webgpu") {
    throw usageError("--device webgpu is not there yet in this version: use --device cpu, or leave it out", "--device");
  }
  throw usageError(`--device must be cpu, webgpu or auto, not "${text}"`, "--device");
}

const makers: Readonly<Record<CommonOption, () => Option>> = {
  json: () => new Option("--json", "machine output on standard output, nothing else there"),
  threads: () =>
    new Option("--threads <n>", "worker threads (default: one a core)").argParser(positiveInteger("--threads")),
  device: () => new Option("--device <cpu|webgpu|auto>", "where to compute").argParser(chooseDevice).default("cpu"),
  weights: () =>
    new Option(
      "--weights <stored|f32|q8_0>",
      "matrices in the file's own blocks where there are kernels for them, as floats, or all in 8 bits (default: stored)",
    ).argParser(oneOf("--weights", ["stored", "f32", "q8_0"] as const)),
  mla: () =>
    new Option(
      "--mla <plain|absorbed>",
      "latent attention as it was trained, or absorbed: a smaller cache (default: plain)",
    ).argParser(oneOf("--mla", ["plain", "absorbed"] as const)),
  seed: () => new Option("--seed <n>", "seed of the random numbers").argParser(naturalNumber("--seed")),
};

/** Parses one of a few words. */
function oneOf<W extends string>(flag: string, words: readonly W[]): (text: string) => W {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word === undefined) throw usageError(`${flag} must be ${words.join(" or ")}, not "${text}"`, flag);
    return word;
  };
}

function integer(text: string, flag: string, low: number, wanted: string, shown: string = text): number {
  const value = /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!(Number.isSafeInteger(value) && value >= low)) {
    throw usageError(`${flag} must be ${wanted}, not "${shown}"`, flag);
  }
  return value;
}

// The flags that mean the same in every command, with the sentences a wrong value gets.
import { type Command, Option } from "commander";
import { usageError } from "../error.ts";

/** What `addCommonOptions` gives an action; a flag not asked for is undefined. */
export interface CommonOptions {
  readonly json?: true;
  /** Undefined: as many as the machine has cores. */
  readonly threads?: number;
  /** Where to compute; `auto` has already become a device that exists. */
  readonly device: Device;
  readonly seed?: number;
}

export type Device = "cpu";

export type CommonOption = "json" | "threads" | "device" | "seed";

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
  seed: () => new Option("--seed <n>", "seed of the random numbers").argParser(naturalNumber("--seed")),
};

function integer(text: string, flag: string, low: number, wanted: string, shown: string = text): number {
  const value = /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!(Number.isSafeInteger(value) && value >= low)) {
    throw usageError(`${flag} must be ${wanted}, not "${shown}"`, flag);
  }
  return value;
}

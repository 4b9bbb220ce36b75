// What the command line says and how it ends: results on standard output, everything else on standard error, an error as
// one sentence and an exit code. Every command ends here, so that all of them keep the same promises.
import { CommanderError } from "commander";
import { UserError } from "../error.ts";

/** 0 done, 1 failed, 2 used wrongly; 130 and 143 are what a shell expects after Ctrl-C and kill. */
export type ExitCode = 0 | 1 | 2 | 130 | 143;

/** An error as a program reads it; the message is the sentence a person reads. */
export interface ErrorReport {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
}

/** The reason of the abort signal in interrupt.ts. Thrown or not, it means: stopped as asked, not failed. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: 130 | 143;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super(signal === "SIGINT" ? "stopped by Ctrl-C" : "stopped by SIGTERM");
    this.exitCode = signal === "SIGINT" ? 130 : 143;
  }
}

/** A line for a person, or a text result, on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON document on one line of standard output; numbers JSON cannot hold (NaN, infinity) become null. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A line about the work rather than its result: on standard error, also under --json. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** True when the arguments ask for machine output; needed before they are parsed, since parsing itself can fail. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}

/**
 * Tells the user of an error that ended a command.
 * @returns the exit code
 */
export function reportError(error: unknown, options: { json: boolean; debug?: boolean }): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) {
    return 0; // help or version was asked for, and printed
  }
  const { exitCode, ...report } = describeError(error);
  if (!(error instanceof CommanderError && error.code === "commander.help")) {
    note(`reckon: ${report.message}`);
  }
  if (options.debug ?? isDebugging()) {
    note(error instanceof Error ? chain(error) : String(error));
  }
  if (options.json) {
    printJson({ error: report });
  }
  return exitCode;
}

/** Any thrown value as a sentence with its machine name, its parameter and the exit code it asks for. */
export function describeError(error: unknown): ErrorReport & { readonly exitCode: ExitCode } {
  if (error instanceof UserError) {
    return { message: error.message, type: error.type, param: error.param, exitCode: error.exitCode };
  }
  if (error instanceof CommanderError) {
    return describeUsage(error);
  }
  if (error instanceof Interrupted) {
    return { message: error.message, type: "interrupted", param: null, exitCode: error.exitCode };
  }
  if (isAbort(error) && error.cause instanceof Interrupted) {
    return describeError(error.cause);
  }
  if (isSystemError(error)) {
    const what = systemErrors[error.code];
    const where = error.path ?? error.address;
    if (what !== undefined) {
      const message = where === undefined ? what : `${where}: ${what}`;
      return { message, type: "system_error", param: where ?? null, exitCode: 1 };
    }
  }
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message = `an error inside Reckon, not in what you asked: ${said} (RECKON_DEBUG=1 shows where)`;
  return { message, type: "internal_error", param: null, exitCode: 1 };
}

/**
 * Makes a closed reader (`reckon ... | head`) an ordinary end, and an error nobody caught a sentence like any other.
 * @param json whether the command was asked for machine output
 */
export function guardProcess(json: boolean): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // Nobody is listening any more, so there is nobody to tell.
      if (error.code === "EPIPE") process.exit(0);
      // Notes that a full disk does not take are lost, the work goes on; a result that is lost is a failure.
      if (stream === process.stdout) process.exit(1);
    });
  }
  const end = (error: unknown): void => process.exit(reportError(error, { json }));
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

/** Waits until what was written has left the process (pipes on Windows and slow readers take a while). */
export async function flushed(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength > 0) {
      await new Promise((resolve) => stream.write("", resolve));
    }
  }
}

const systemErrors: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EISDIR: "is a folder, where a file was expected",
  ENOTDIR: "is not a folder",
  EEXIST: "exists already",
  ENOSPC: "the disk is full",
  EROFS: "the disk is read-only",
  EMFILE: "too many open files",
  EADDRINUSE: "the address is in use by another program; choose another --port, or 0 for a free one",
  ECONNREFUSED: "nothing answers there (connection refused)",
};

interface SystemError extends Error {
  readonly code: string;
  readonly path?: string;
  readonly address?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && "code" in error && typeof error.code === "string" && "syscall" in error;
}

function isAbort(error: unknown): error is Error {
  return error instanceof Error && error.name === "AbortError";
}

function isDebugging(): boolean {
  const value = process.env.RECKON_DEBUG;
  return value !== undefined && value !== "" && value !== "0";
}

/** Commander's sentence without its prefix and line breaks, and the flag or argument it quotes. */
function describeUsage(error: CommanderError): ErrorReport & { readonly exitCode: 2 } {
  const message =
    error.code === "commander.help"
      ? "a sub-command is needed"
      : error.message
          .replace(/^error: /, "")
          .replace(/\s*\n\s*/g, " ")
          .replace(/\.$/, "");
  const quoted = /'([^']+)'/.exec(message)?.[1] ?? null;
  const flag = quoted === null ? null : (/--[\w-]+/.exec(quoted)?.[0] ?? quoted);
  return { message, type: "usage_error", param: flag, exitCode: 2 };
}

function chain(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${chain(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

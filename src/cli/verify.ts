// `reckon verify`: whether an answer is the gold one and why, for one pair or for many from a file.
import type { Command } from "commander";
import { z } from "zod";
import { UserError, usageError } from "../error.ts";
import { DEFAULT_BUDGET_MS, type SafeOptions, Verifier } from "../tasks/math/safely.ts";
import { addCommonOptions, positiveInteger } from "./options.ts";
import { print, printJson } from "./output.ts";
import { readStandardInput, readTextFile } from "./text-input.ts";

interface Flags {
  readonly gold?: string;
  readonly answer?: string;
  readonly batch?: string;
  readonly budget: number;
  readonly precision?: number;
  readonly json?: true;
}

/** Adds `verify`. */
export function register(program: Command): void {
  const command = program
    .command("verify")
    .description("judge a mathematical answer: right or wrong, and why")
    .option("--gold <text>", "the right answer, or a whole solution that ends with it")
    .option(
      "--answer <text>",
      "the answer to judge; of a whole response the thinking is left out and the final answer is found (left out: standard input)",
    )
    .option("--batch <file>", "JSON lines {id,gold,answer} instead (-: standard input); prints {id,correct,reason,ms}")
    .option("--budget <ms>", "milliseconds one verdict may take", positiveInteger("--budget"), DEFAULT_BUDGET_MS)
    .option("--precision <n>", "digits a decimal must have right (default: 6)", positiveInteger("--precision"));
  addCommonOptions(command, ["json"]).action(verifyCommand);
}

async function verifyCommand(flags: Flags): Promise<void> {
  if (flags.batch !== undefined) {
    if (flags.gold !== undefined || flags.answer !== undefined) {
      throw usageError("--batch takes gold and answer from its file: leave out --gold and --answer", "--batch");
    }
    const text = flags.batch === "-" ? await readStandardInput() : readTextFile(flags.batch, "--batch");
    return judgeLines(readLines(text, flags.batch === "-" ? "standard input" : flags.batch), optionsOf(flags));
  }
  if (flags.gold === undefined)
    throw usageError("--gold is missing: give the right answer, as in --gold 1/2", "--gold");
  const answer = flags.answer ?? (await readStandardInput());
  const verifier = new Verifier(optionsOf(flags));
  const verdict = await verifier.verify(flags.gold, answer).finally(() => verifier.close());
  if (flags.json) printJson({ ...verdict, ms: rounded(verdict.ms) });
  else print(`${verdict.correct ? "correct" : "wrong"}: ${verdict.reason}`);
}

const optionsOf = ({ budget, precision }: Flags): SafeOptions => ({ budgetMs: budget, precision });

interface Row {
  readonly id: string | number | null;
  readonly gold: string;
  readonly answer: string;
}

async function judgeLines(rows: readonly Row[], options: SafeOptions): Promise<void> {
  const verifier = new Verifier(options);
  let index = 0;
  for await (const { correct, reason, ms } of verifier.verifyAll(rows)) {
    printJson({ id: rows[index++]!.id, correct, reason, ms: rounded(ms) });
  }
  await verifier.close();
}

const Line = z.object({
  id: z.union([z.string(), z.number(), z.null()]).default(null),
  gold: z.union([z.string(), z.number().transform(String)]),
  answer: z.union([z.string(), z.number().transform(String), z.null().transform(() => "")]), // null: there was none
});

/** All lines are read before the first is judged, so that a wrong one costs nothing. @throws UserError naming the line */
function readLines(text: string, where: string): readonly Row[] {
  const rows: Row[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      throw lineError(where, index, "is not JSON");
    }
    const row = Line.safeParse(json);
    if (!row.success) throw lineError(where, index, faultOf(json, row.error.issues[0]!.path[0]));
    rows.push(row.data);
  }
  return rows;
}

function faultOf(json: unknown, key: PropertyKey | undefined): string {
  if (key === undefined) return "is not an object";
  const value = (json as Readonly<Record<PropertyKey, unknown>>)[key];
  return value === undefined
    ? `lacks ${String(key)}`
    : `has no text as ${String(key)}, but ${JSON.stringify(value).slice(0, 60)}`;
}

const lineError = (where: string, index: number, what: string): UserError =>
  new UserError(`${where}, line ${index + 1} ${what}; each line is {"id":...,"gold":"...","answer":"..."}`, {
    param: "--batch",
  });

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

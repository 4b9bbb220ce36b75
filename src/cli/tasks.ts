// `reckon tasks list | sample | score`: the procedural tasks as data for other programs, no engine loaded.
import { createInterface } from "node:readline";
import { type Command, Option } from "commander";
import { z } from "zod";
import { UserError, usageError } from "../error.ts";
import { taskNamed, VERIFIABLE } from "../tasks/catalogue.ts";
import { checkLevel, checkPhrasing, sample } from "../tasks/sample.ts";
import { type Score, scoreText } from "../tasks/score.ts";
import type { Split, Task } from "../tasks/task.ts";
import { formatTable } from "./humane.ts";
import { addCommonOptions, naturalNumber, positiveInteger } from "./options.ts";
import { print, printJson } from "./output.ts";

interface SampleFlags {
  readonly seed: number;
  readonly count: number;
  readonly level: number;
  readonly split: Split;
  readonly phrasing: number | "any";
}

/** Adds `tasks` and its sub-commands. */
export function register(program: Command): void {
  const tasks = program
    .command("tasks")
    .description("the procedural tasks: list them, sample problems, score responses");
  addCommonOptions(tasks.command("list").description("the tasks there are"), ["json"]).action(
    ({ json }: { readonly json?: true }) => list(json === true),
  );
  addCommonOptions(tasks.command("sample").description("problems of a task, a JSON line each"), ["json"])
    .argument("<task>", "name of a task, see `tasks list`")
    .option("--seed <n>", "seed of the problems", naturalNumber("--seed"), 0)
    .option("--count <n>", "how many", positiveInteger("--count"), 1)
    .option("--level <n>", "difficulty, from 1", positiveInteger("--level"), 1)
    .addOption(
      new Option("--split <train|held-out>", "the side of the train/held-out line").argParser(split).default("train"),
    )
    .addOption(new Option("--phrasing <n|any>", "the wording: 0 is the canonical one").argParser(phrasing).default(0))
    .action((name: string, flags: SampleFlags) => printSamples(taskNamed(name), flags));
  addCommonOptions(tasks.command("score").description("judges {entry,response} lines from standard input"), ["json"])
    .argument("<task>", "name of a task, see `tasks list`")
    .action((name: string) => scoreLines(taskNamed(name), process.stdin));
}

/**
 * Judges one line of input, `{"entry":...,"response":...}`, where the entry is a line that `tasks sample` printed and `"ended":false`
 * marks a response that was cut off.
 * @param number of the line, for the sentence of an error
 */
export function scoreLine(task: Task, line: string, number: number): Score {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw malformed(number, 'not JSON; each line is {"entry":...,"response":"..."}');
  }
  const row = Row.safeParse(value);
  if (!row.success) throw malformed(number, firstIssue(row.error));
  const { entry, response, ended } = row.data;
  if (entry.task !== undefined && entry.task !== task.name) {
    throw malformed(number, `the entry is of the task ${entry.task}, not ${task.name}`);
  }
  const data = task.schema.safeParse(entry.data);
  if (!data.success) throw malformed(number, firstIssue(data.error, "entry.data"));
  const scorable = { task: task.name, answer: entry.answer, data: data.data };
  const own = task.verify(entry.answer, scorable);
  if (own.score !== 1) throw malformed(number, `the entry's own answer is wrong (${own.reason})`);
  return scoreText(scorable, response, { ended });
}

const Row = z.object({
  entry: z.object({ task: z.string().optional(), answer: z.string(), data: z.unknown() }),
  response: z.string(),
  ended: z.boolean().default(true),
});

function list(json: boolean): void {
  if (json) {
    printJson({
      tasks: VERIFIABLE.map(({ name, description, levels, phrasings }) => ({ name, description, levels, phrasings })),
    });
    return;
  }
  const rows = VERIFIABLE.map((task) => [task.name, String(task.levels), String(task.phrasings), task.description]);
  print(formatTable([["task", "levels", "wordings", "description"], ...rows]));
}

function printSamples(task: Task, { seed, count, level, split, phrasing }: SampleFlags): void {
  checkLevel(task, level);
  checkPhrasing(task, phrasing);
  for (let index = 0; index < count; index++) printJson(sample(task, { seed, index, level, split, phrasing }));
}

async function scoreLines(task: Task, input: NodeJS.ReadableStream): Promise<void> {
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() !== "") printJson(scoreLine(task, line, number));
  }
}

function split(text: string): Split {
  if (text === "train" || text === "held-out") return text;
  throw usageError(`--split must be train or held-out, not "${text}"`, "--split");
}

function phrasing(text: string): number | "any" {
  return text === "any" ? text : naturalNumber("--phrasing")(text);
}

function malformed(line: number, what: string): UserError {
  return new UserError(`line ${line} of the input: ${what}`, { type: "bad_input", param: `line ${line}` });
}

function firstIssue(error: z.ZodError, root = ""): string {
  const issue = error.issues[0]!;
  const path = [root, ...issue.path.map(String)].filter((part) => part !== "").join(".");
  return `${path === "" ? "the line" : path}: ${issue.message}`;
}

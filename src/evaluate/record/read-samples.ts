/**
 * Reading answers that are there already. A line is one of
 *   {id, gold, samples: [text, ...]}      whole responses, to be judged; `tokens: [new, ...]` and `prompt_tokens` tell their cost
 *   {id, correct: [true, ...]}            judged already; with `answers: [text, ...]` a majority can be told
 *   {id, sample, response, correct, ...}  what `reckon eval --out` writes, an answer a line
 */
import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { UserError } from "../../error.ts";
import type { ItemResult, Judge, Question, Response } from "../item.ts";
import { voteFor } from "../judges.ts";
import { responseOf, type SampleRecord } from "./sample-record.ts";
import type { Settings } from "./settings.ts";

export interface ReadSamples {
  /** Of the evaluation that wrote the file, else the file's name. */
  readonly name: string;
  /** Null for a file that no evaluation of this program wrote. */
  readonly settings: Settings | null;
  readonly results: readonly ItemResult[];
  /** Seconds, core-seconds and joules of the sessions that wrote it; null where nobody noted them. */
  readonly used: {
    readonly seconds: number;
    readonly core_seconds: number | null;
    readonly joules: number | null;
  } | null;
  /** Wrong answers of some items are not known, only that they are wrong. */
  readonly blind: boolean;
}

/**
 * Reads a file of answers and judges those that are not judged.
 * @param judgeOf the judge of a gold answer, by the item's id; its prompt is "" where the file does not tell
 * @param anew judges everything that has a text, whatever the file says
 * @throws UserError naming the line of what is wrong
 */
export async function readSamples(
  file: string,
  judgeOf: (id: string, gold: string, prompt: string) => Judge,
  anew = false,
): Promise<ReadSamples> {
  const items = new Map<string, ReadItem>();
  const clocks = new Map<number, SampleRecord["clock"]>();
  let settings: Settings | null = null;
  let blind = false;
  for (const { line, value } of lines(file)) {
    const fail = (what: string): UserError =>
      new UserError(`${path.basename(file)}, line ${line}: ${what}.`, { type: "bad_input", param: `line ${line}` });
    const shape = Shape.safeParse(value);
    if (!shape.success) throw fail(firstIssue(shape.error));
    const row = shape.data;
    const id = String(row.id);
    const before = items.get(id);
    if ("sample" in row) {
      const record = value as SampleRecord;
      settings ??= record.evaluation ?? null;
      if (record.clock !== undefined) clocks.set(record.clock.session, record.clock);
      const own = before ?? { question: questionOf(record), responses: [], order: [], line };
      if (own.order.includes(record.sample)) throw fail(`answer ${record.sample} of "${id}" is there twice`);
      own.order.push(record.sample);
      if (record.prompt !== undefined) own.question = { ...own.question, prompt: record.prompt };
      const response = { ...responseOf(record) };
      own.responses.push(
        anew
          ? {
              ...response,
              ...(await judgeOf(id, record.gold, own.question.prompt)(response.text, response.finish === "stop")),
            }
          : response,
      );
      items.set(id, own);
      continue;
    }
    if (before !== undefined) throw fail(`the id "${id}" is that of line ${before.line} already`);
    const gold = row.gold === undefined || row.gold === null ? null : String(row.gold);
    const judged = row.correct ?? null;
    if ((judged === null || anew) && (gold === null || row.samples === undefined)) {
      throw fail("answers to be judged need gold and samples; give those, or correct");
    }
    const count = judged?.length ?? row.samples!.length;
    for (const [name, list] of [
      ["samples", row.samples],
      ["answers", row.answers],
      ["tokens", row.tokens],
    ] as const) {
      if (list !== undefined && list.length !== count)
        throw fail(`${judged === null ? "samples" : "correct"} has ${count} entries and ${name} ${list.length}`);
    }
    if (count === 0) throw fail("there is no answer; samples and correct need at least one entry");
    const responses: Response[] = [];
    for (let i = 0; i < count; i++) {
      const text = row.samples?.[i] ?? "";
      const reply = replyOf(text, row.tokens?.[i], row.prompt_tokens);
      if (judged === null || anew)
        responses.push({ ...reply, ...(await judgeOf(id, gold!, row.prompt ?? "")(text, true)) });
      else responses.push({ ...reply, ...judgment(text, judged[i]!, row.answers?.[i]) });
    }
    blind ||= judged !== null && row.answers === undefined && row.samples === undefined;
    const prompt = row.prompt ?? "";
    const question = { id, group: "all", variant: null, question: id, prompt, gold: gold ?? "", labels: row.labels };
    items.set(id, { question, responses, order: [], line });
  }
  const results = [...items.values()].map((own) => ({ item: own.question, responses: inOrder(own) }));
  if (results.length === 0) throw new UserError(`${file} holds no answers.`, { type: "bad_input", param: file });
  const name =
    settings?.benchmark ??
    path
      .basename(file)
      .replace(/\.gz$/, "")
      .replace(/\.jsonl?$/, "");
  return { name, settings, results, used: clocks.size === 0 ? null : usedOf([...clocks.values()]), blind };
}

interface ReadItem {
  question: Question;
  readonly responses: Response[];
  /** Numbers of the responses, where a line each tells them. */
  readonly order: number[];
  readonly line: number;
}

/** Answers were written down as they came; their numbers say in which order they were asked for. */
const inOrder = ({ responses, order }: ReadItem): readonly Response[] =>
  order.length === 0
    ? responses
    : [...responses.keys()].sort((a, b) => order[a]! - order[b]!).map((i) => responses[i]!);

const Id = z.union([z.string().min(1), z.number()]);
const Shape = z.union([
  z.object({
    id: Id,
    sample: z.int().nonnegative(),
    response: z.string(),
    correct: z.boolean(),
    gold: z.string(),
    score: z.number(),
  }),
  z
    .object({
      id: Id,
      gold: z.union([z.string(), z.number()]).nullish(),
      samples: z.array(z.string()).optional(),
      correct: z.array(z.boolean()).optional(),
      answers: z.array(z.string().nullable()).optional(),
      tokens: z.array(z.int().nonnegative()).optional(),
      prompt_tokens: z.int().nonnegative().optional(),
      prompt: z.string().optional(),
      labels: z.record(z.string(), z.string()).optional(),
    })
    .refine((row) => row.samples !== undefined || row.correct !== undefined, {
      message: "the field samples or correct is missing",
    }),
]);

function questionOf(record: SampleRecord): Question {
  const { id, group = "all", variant = null, question = id, labels, prompt = "", gold } = record;
  return { id, group, variant, question, prompt, gold, ...(labels === undefined ? {} : { labels }) };
}

const replyOf = (text: string, tokens = Number.NaN, promptTokens = Number.NaN) => ({
  ...{ text, tokens, thinking: Number.NaN, promptTokens, finish: "stop" as const },
});

/** Where only right and wrong are known, all wrong answers count as one and the same: the hardest case for a majority. */
const judgment = (text: string, correct: boolean, answer: string | null | undefined) => ({
  accuracy: correct ? 1 : 0,
  format: Number.NaN,
  reason: "judged already",
  answer: answer !== undefined ? answer : text === "" ? (correct ? "right" : "wrong") : voteFor(text),
});

function usedOf(clocks: readonly SampleRecord["clock"][]): NonNullable<ReadSamples["used"]> {
  const of = (pick: (one: SampleRecord["clock"]) => number | null): number | null =>
    clocks.some((one) => pick(one) === null) ? null : clocks.reduce((sum, one) => sum + pick(one)!, 0);
  return {
    seconds: of((one) => one.seconds) ?? 0,
    core_seconds: of((one) => one.core_seconds),
    joules: of((one) => one.joules),
  };
}

function* lines(file: string): Generator<{ readonly line: number; readonly value: unknown }> {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new UserError(`The answers ${file} cannot be read: ${why}.`, { type: "bad_input", param: file });
  }
  for (const [i, text] of bytes
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .split("\n")
    .entries()) {
    if (text.trim() === "") continue;
    try {
      yield { line: i + 1, value: JSON.parse(text) };
    } catch {
      throw new UserError(`${path.basename(file)}, line ${i + 1}: not JSON; every line must be one JSON object.`, {
        type: "bad_input",
        param: `line ${i + 1}`,
      });
    }
  }
}

/** The first thing wrong with a line, told for the shape it comes nearest to. */
function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  const branches = issue?.code === "invalid_union" ? issue.errors : [error.issues];
  const best = branches.at(-1)!;
  const { path: at, message } = best[0]!;
  return at.length === 0 ? message : `${at.join(".")}: ${message}`;
}

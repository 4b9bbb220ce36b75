// Examples of a JSONL file: what to write after which question. A line is {"prompt", "thinking"?, "answer"} or, as chat data comes,
// {"messages": [{"role": "user", "content"}, {"role": "assistant", "content"}]} with thinking between <think> and </think>, or as
// GSM8K has it {"question", "answer"} with the steps, calculator notes (<<48/2=24>>) among them, before "#### answer".

import fs from "node:fs";
import { z } from "zod";
import { UserError } from "../error.ts";

export interface Example {
  readonly prompt: string;
  /** "" for an answer at once. */
  readonly thinking: string;
  readonly answer: string;
}

const plain = z.object({ prompt: z.string().min(1), thinking: z.string().default(""), answer: z.string().min(1) });
const gsm8k = z.object({
  question: z.string().min(1),
  answer: z.string().regex(/#### *\S/, "has no #### before the answer"),
});
const chat = z.object({
  messages: z.tuple([
    z.object({ role: z.literal("user"), content: z.string().min(1) }),
    z.object({ role: z.literal("assistant"), content: z.string().min(1) }),
  ]),
});

/** All examples of a file. @throws UserError naming the file and the line that is none, or where there are none */
export function readExamples(file: string): Example[] {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`The examples ${file} cannot be read; check the path.`, { param: "data", cause: error });
  }
  const examples = text
    .split("\n")
    .flatMap((line, i) => (line.trim() === "" ? [] : [exampleOf(line, `${file}:${i + 1}`)]));
  if (examples.length > 0) return examples;
  throw new UserError(`${file} holds no examples; give a line of JSON for each.`, { param: "data" });
}

function exampleOf(line: string, place: string): Example {
  const refuse = (why: string) =>
    new UserError(
      `${place} is no example: ${why}; a line is {"prompt", "thinking", "answer"}, {"messages": [user, assistant]} or GSM8K's {"question", "answer"}.`,
      { param: "data" },
    );
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw refuse("it is not JSON");
  }
  if (typeof value !== "object" || value === null) throw refuse("it is not an object");
  const schema = "messages" in value ? chat : "question" in value ? gsm8k : plain;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refuse(`${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}`);
  if ("question" in parsed.data) {
    const { question, answer } = parsed.data;
    const at = answer.lastIndexOf("####");
    const thinking = answer
      .slice(0, at)
      .replaceAll(/<<[^<>]*>>/g, "")
      .trim();
    return { prompt: question, thinking, answer: answer.slice(at + 4).trim() };
  }
  if (!("messages" in parsed.data)) return parsed.data;
  const [{ content: prompt }, { content: response }] = parsed.data.messages;
  const match = /^\s*<think>(.*?)<\/think>\s*(.+)$/s.exec(response);
  return match === null
    ? { prompt, thinking: "", answer: response }
    : { prompt, thinking: match[1]!.trim(), answer: match[2]! };
}

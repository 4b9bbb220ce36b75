/** Judges whether a response holds JSON that a schema accepts. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { quote, right, wrong } from "../answer.ts";
import { withoutThinking } from "../math/extract/extract.ts";
import type { Verdict } from "../task.ts";

export interface JsonOptions {
  /** The answer must be JSON and nothing else; otherwise it may stand in a code fence or within words. */
  readonly alone?: boolean;
}

/** Longer answers are wrong without being read. */
const LONGEST = 1_000_000;

/** A judge for one schema (JSON Schema draft 7). @throws Error where the schema itself is wrong */
export function jsonVerifier(schema: object, { alone = false }: JsonOptions = {}): (response: string) => Verdict {
  const validate = new Ajv({ strict: false, allErrors: false, logger: false }).compile(schema);
  return (response) => judge(response, validate, alone);
}

function judge(response: string, validate: ValidateFunction, alone: boolean): Verdict {
  const spoken = withoutThinking(response)?.trim();
  if (spoken === undefined) return wrong("the thinking does not end");
  if (spoken.length > LONGEST) return wrong(`the answer is ${spoken.length} characters long`);
  const text = alone ? spoken : jsonIn(spoken);
  if (text === null) return wrong(`there is no JSON in ${quote(spoken)}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return wrong(`it is not JSON: ${(error as Error).message}`);
  }
  return validate(value)
    ? right("the schema accepts it")
    : wrong(`the schema refuses it: ${told(validate.errors![0]!)}`);
}

/** The JSON of a text: the last code fence, else from the first bracket to the last that may close it. */
function jsonIn(text: string): string | null {
  const fences = [...text.matchAll(/```(?:json)?[^\S\n]*\n([\s\S]*?)\n?```/g)];
  const fenced = fences.at(-1)?.[1];
  if (fenced !== undefined) return fenced;
  const start = text.search(/[{[]/);
  if (start === -1) return /^(?:".*"|-?[\d.eE+-]+|true|false|null)$/s.test(text) ? text : null;
  const end = text.lastIndexOf(text[start] === "{" ? "}" : "]");
  return end > start ? text.slice(start, end + 1) : null;
}

const told = ({ instancePath, message }: ErrorObject): string =>
  `${instancePath === "" ? "the value" : instancePath} ${message}`;

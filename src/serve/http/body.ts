/** Reads a JSON body against a schema, with errors that name the field. */
import type { Context } from "hono";
import type { z } from "zod";
import type { AppEnv } from "../core.ts";
import { ApiError, invalid } from "../errors.ts";

/**
 * Reads the body as a JSON object.
 * @throws ApiError 413 where it is too large; 400 where it is no JSON object or a field is wrong. Unknown fields are ignored.
 */
export async function readBody<T extends z.ZodType>(c: Context<AppEnv>, schema: T): Promise<z.output<T>> {
  return parse(schema, await readObject(c));
}

/** The body as it came; it may be asked for again. @throws ApiError as readBody */
export async function readObject(c: Context<AppEnv>): Promise<object> {
  const body = c.get("body") ?? parseObject(await readText(c));
  c.set("body", body);
  return body;
}

/** Whoever says beforehand that the body is too large is told so before it is read; others when it gets there. */
async function readText(c: Context<AppEnv>): Promise<string> {
  const limit = c.get("bodyBytes");
  if (Number(c.req.header("content-length") ?? 0) > limit) throw tooLarge(limit);
  const { incoming } = c.env;
  if (incoming === undefined) return c.req.text();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // The socket is still needed for the answer.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      if (bytes > limit) throw tooLarge(limit);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(400, "The connection was lost before the request was whole.", {
      code: "request_aborted",
      cause: error,
    });
  }
  return Buffer.concat(chunks).toString("utf8");
}

const tooLarge = (limit: number): ApiError =>
  new ApiError(413, `The request's body is larger than ${limit} bytes, the most this server takes.`, {
    code: "request_too_large",
    headers: { connection: "close" },
  });

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = text.trim() === "" ? "it is empty" : (error as Error).message.slice(0, 160);
    throw invalid(`The request's body is not valid JSON: ${why}.`, null, "invalid_json");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid("The request's body must be a JSON object.", null, "invalid_json");
  }
  return value;
}

/** @throws ApiError 400 naming the first field that is wrong */
export function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  let result: z.ZodSafeParseResult<z.output<T>>;
  try {
    result = schema.safeParse(value);
  } catch (error) {
    if (error instanceof RangeError) throw invalid("The request is nested too deeply.", null);
    throw error;
  }
  if (result.success) return result.data;
  const issue = deepest(result.error.issues[0]!);
  const param = fieldName(issue.path);
  if (param !== null && valueAt(value, issue.path) === undefined)
    throw invalid(`The field ${param} is missing.`, param, "missing_required_parameter");
  const said = issue.message.replace(/^Invalid input: /, "").replace(/\.$/, "");
  const code = issue.code === "invalid_type" ? "invalid_type" : "invalid_value";
  throw invalid(param === null ? `${said}.` : `The field ${param} is not valid: ${said}.`, param, code);
}

/** Of a union the alternative that went furthest says most. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const inner = issue.errors
    .flatMap((errors) => errors.slice(0, 1))
    .map((one) => deepest({ ...one, path: [...issue.path, ...one.path] } as z.core.$ZodIssue))
    .sort((a, b) => b.path.length - a.path.length);
  return inner[0].path.length > issue.path.length ? inner[0] : { ...issue, message: "none of the forms it may have" };
}

/** As OpenAI writes it: messages[0].role. */
function fieldName(path: readonly PropertyKey[]): string | null {
  const name = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return name === "" ? null : name.replace(/^\./, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let here: unknown = value;
  for (const part of path) here = (here as Record<PropertyKey, unknown> | null | undefined)?.[part];
  return here;
}

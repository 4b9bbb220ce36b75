/** The settings of a server in a JSON file, and as they may be shown. */
import { readFileSync } from "node:fs";
import type { z } from "zod";
import { usageError } from "../error.ts";
import { type ServeConfig, type ServeOptions, serveConfig } from "./config.ts";

const PARAM = "--config";

/** Reads a config file; what it leaves out keeps its default. @throws UserError naming the setting that is wrong */
export function readConfigFile(file: string): ServeOptions {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // What a parser quotes may be a key: only the place is told.
    const place = /line \d+ column \d+/.exec(message)?.[0];
    const why =
      code === undefined
        ? `is not valid JSON${place === undefined ? "" : `: see ${place}`}`
        : `cannot be read (${code})`;
    throw usageError(`The config file ${file} ${why}`, PARAM);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw usageError(`The config file ${file} must hold a JSON object of settings`, PARAM);
  const read = serveConfig.safeParse(value);
  if (!read.success) throw usageError(`The config file ${file}: ${sentence(innermost(read.error.issues[0]))}`, PARAM);
  return value;
}

/** Of the forms a setting may have, what is wrong with the one that came closest. */
export function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors.flat().map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
  // A wrong form at the same place says least.
  const depth = ({ path, code }: { readonly path: readonly PropertyKey[]; readonly code?: string }) =>
    path.length + (code === "invalid_type" ? 0 : 0.5);
  const [deepest] = inner.sort((a, b) => depth(b) - depth(a));
  return deepest === undefined ? issue : innermost(deepest as z.core.$ZodIssue);
}

function sentence(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  const name = path.replace(/^\./, "");
  if (issue.code === "unrecognized_keys") {
    const [key] = issue.keys;
    return `there is no setting ${JSON.stringify(name === "" ? key : `${name}.${key}`)}`;
  }
  return `${name} is not valid: ${issue.message.replace(/^Invalid (input|option): /, "")}`;
}

/** A config as it may be printed: everything but keys. */
export function shownConfig(config: ServeConfig): object {
  return {
    ...config,
    apiKeys: config.apiKeys.map((key) => ({ ...key, key: HIDDEN })),
    upstreams: config.upstreams.map((model) => ({
      ...model,
      servers: model.servers.map((one) => (one.apiKey === undefined ? one : { ...one, apiKey: HIDDEN })),
    })),
  };
}

const HIDDEN = "(hidden)";

// The file of a preference model: {"weights": {feature: weight}}, whatever else stands beside them.
import fs from "node:fs";
import { z } from "zod";
import { usageError } from "../error.ts";
import type { PreferenceModel } from "./preference.ts";

const schema = z.object({ weights: z.record(z.string(), z.number()) });

/** @throws UserError (usage) where the file cannot be read or holds no weights */
export function readPreferenceModel(file: string): PreferenceModel {
  let value: unknown;
  try {
    value = JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    throw usageError(`preference_model: ${file} cannot be read (${(error as Error).message})`, "rl.preference_model");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw usageError(`preference_model: ${file} holds no weights`, "rl.preference_model");
}

/** Files that hold figures and no answers: the report of an evaluation (`reckon eval`), and a published model's evaluation.json. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { UserError } from "../../error.ts";

const share = z.number().min(0).max(1);
const amount = z.number().min(0).nullish();
const parts = z.record(z.string(), z.object({ n: z.int().min(0), "pass@1": share, mean_thinking_tokens: amount }));

/** Of what src/evaluate/row.ts writes, what is shown here. */
const row = z.object({
  benchmark: z.string(),
  model: z.string().nullish(),
  samples: z.int().min(1),
  temperature: amount,
  n: z.int().min(0),
  "pass@1": share,
  "pass@1_interval": z.tuple([share, share]),
  mean_thinking_tokens: amount,
  by_family: parts.optional(),
  by_wording: parts.optional(),
  by: z.record(z.string(), parts).optional(),
  tokens: z.object({ completion: amount }).optional(),
  seconds: amount,
  cost: z
    .object({
      usd: amount,
      rate: z.string().nullish(),
      usd_per_core_hour: z.number().optional(),
      per_answer: z.object({ tokens: amount, usd: amount }).optional(),
    })
    .optional(),
  items: z.string().nullish(),
});
const settings = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).nullable());
const report = row.extend({ settings: settings.optional() });

const styles = z.object({ greedy: row.optional(), sampled: row.optional() });
const published = z.object({
  families: z.array(z.string()),
  level: z.int(),
  items: z.int(),
  maxTokens: z.int(),
  seed: z.int(),
  others: z.array(z.int()),
  final: styles,
  base: styles.optional(),
  final_f32: styles.optional(),
  harder: z.array(z.object({ level: z.int(), final: styles, base: styles.optional() })).optional(),
});

export type FigureRow = z.infer<typeof row>;

/** An evaluation's row with how it was made. */
export interface FigureFile {
  readonly row: FigureRow;
  readonly settings: Readonly<Record<string, string | number | boolean | null>>;
}

/** @throws UserError with what is wrong with the file */
export function readReport(file: string): FigureFile {
  const { settings = {}, ...row } = read(file, report, "`reckon eval --report` writes such a file");
  return { row, settings };
}

/**
 * The evaluations of a published model, by what they are called in its file: `final/greedy`, `harder/2/base/sampled`.
 * @throws UserError with what is wrong with the file
 */
export function readPublished(file: string): ReadonlyMap<string, FigureFile> {
  const plan = read(file, published, "`reckon publish` writes such a file");
  const name = path.basename(path.dirname(path.resolve(file)));
  const found = new Map<string, FigureFile>();
  const add = (part: string, model: string, level: number, { greedy, sampled }: z.infer<typeof styles>): void => {
    for (const [style, row] of Object.entries({ greedy, sampled })) {
      if (row === undefined) continue;
      found.set(`${part}/${style}`, {
        row: { ...row, model, benchmark: level === 1 ? row.benchmark : `${row.benchmark}, level ${level}` },
        settings: {
          level,
          families: plan.families.join(", "),
          "questions a family": plan.items,
          // the weights as they were trained are asked in the canonical wording alone
          wordings: Object.keys(row.by_wording ?? {}).length || 1 + plan.others.length,
          max_tokens: plan.maxTokens,
          seed: plan.seed,
        },
      });
    }
  };
  add("final", name, plan.level, plan.final);
  add("base", `${name} base`, plan.level, plan.base ?? {});
  add("final_f32", `${name} in F32`, plan.level, plan.final_f32 ?? {});
  for (const { level, final, base } of plan.harder ?? []) {
    add(`harder/${level}/final`, name, level, final);
    add(`harder/${level}/base`, `${name} base`, level, base ?? {});
  }
  return found;
}

const known = new Map<string, { readonly changed: number; readonly parts: readonly string[] }>();

/** What readPublished's evaluations are called; none where the file cannot be read, which reading it says. */
export function partsOf(file: string, changed: number): readonly string[] {
  const before = known.get(file);
  if (before?.changed === changed) return before.parts;
  let parts: readonly string[] = [];
  try {
    parts = [...readPublished(file).keys()];
  } catch {}
  known.set(file, { changed, parts });
  return parts;
}

/** No report comes near it. */
const LARGEST = 32e6;

function read<T>(file: string, shape: z.ZodType<T>, remedy: string): T {
  const name = path.basename(file);
  const fail = (what: string): UserError => new UserError(`${name} ${what}; ${remedy}.`, { type: "bad_input" });
  let value: unknown;
  try {
    if (fs.statSync(file).size > LARGEST) throw fail(`is larger than ${LARGEST / 1e6} MB`);
    value = JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw fail(error instanceof SyntaxError ? "is not JSON, perhaps cut short" : `cannot be read (${String(error)})`);
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path: at, message } = parsed.error.issues[0]!;
  throw fail(`holds no evaluation: ${at.length === 0 ? "" : `${at.join(".")}: `}${message}`);
}

/** The list of evaluations: each with its figures, or with what is wrong with its file; a report beside its own answers stands once. */
import path from "node:path";
import { type Figures, figuresOf, itemsOf } from "./figures.ts";
import { type FoundEvaluation, findEvaluations, type Places } from "./places.ts";

/** Of a file that cannot be read `failure` says why, and there are no figures. */
export type Brief = Pick<FoundEvaluation, "id" | "kind"> & {
  /** Seconds since 1970. */
  readonly updated: number;
  readonly failure?: string;
} & Partial<Figures>;

export async function listEvaluations(places: Places): Promise<Brief[]> {
  const told: { readonly found: FoundEvaluation; brief: Brief }[] = [];
  for (const found of findEvaluations(places)) told.push({ found, brief: await briefOf(found) });
  const answers = new Map(told.filter(({ found }) => found.kind === "samples").map((one) => [one.found.file, one]));
  return told
    .filter(({ found, brief }) => {
      if (found.kind !== "report" || brief.failure !== undefined) return true;
      const items = itemsOf(found);
      const own =
        items === null
          ? undefined
          : (answers.get(path.join(path.dirname(found.file), path.basename(items))) ??
            answers.get(path.resolve(items)));
      if (own === undefined || !sameFigures(own.brief, brief)) return true;
      // A server's answers have no core-seconds; the report may have been told a price.
      if (own.brief.usd === null) own.brief = { ...own.brief, usd: brief.usd!, rate: brief.rate! };
      return false;
    })
    .map(({ brief }) => brief);
}

/** Answers judged anew, or more of them than there were, are another evaluation than the report tells of. */
const sameFigures = (one: Brief, other: Brief): boolean =>
  one.questions === other.questions && Math.abs(one.accuracy! - other.accuracy!) < 1e-9;

const briefs = new Map<string, { readonly changed: number; readonly brief: Brief }>();

async function briefOf(found: FoundEvaluation): Promise<Brief> {
  const { id, kind, file, part, changed } = found;
  const key = `${file} ${part}`;
  const known = briefs.get(key);
  if (known?.changed === changed) return known.brief;
  let brief: Brief = { id, kind, updated: changed / 1000 };
  try {
    brief = { ...brief, ...(await figuresOf(found)) };
  } catch (error) {
    brief = { ...brief, failure: error instanceof Error ? error.message : String(error) };
  }
  briefs.set(key, { changed, brief });
  return brief;
}

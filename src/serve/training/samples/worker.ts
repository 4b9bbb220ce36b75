/** The thread that keeps the tables of samples: taking in a million lines takes a while, and answers must go on meanwhile. */
import { answerQuestions } from "../../threads/answering.ts";
import { type SampleQuery, Samples } from "./samples.ts";

/** What can be asked of a run's samples. */
export type Question =
  | {
      readonly kind: "page";
      readonly query: SampleQuery;
      readonly from: number;
      readonly count: number;
      readonly version?: number;
    }
  | { readonly kind: "line"; readonly id: number }
  | { readonly kind: "facets" }
  | { readonly kind: "over_time"; readonly prompt: number }
  | { readonly kind: "groups"; readonly step: number };

export interface Asked {
  readonly run: string;
  readonly cache: string;
  readonly question: Question;
}

/** Tables kept open; the one used longest ago is closed for another. */
const OPEN = 4;
const tables = new Map<string, Samples>();

answerQuestions<Asked>(({ run, cache, question }) => {
  try {
    return answer(tableOf(run, cache), question);
  } catch (error) {
    tables.get(run)?.[Symbol.dispose]();
    tables.delete(run);
    throw error;
  }
});

function tableOf(run: string, cache: string): Samples {
  const table = tables.get(run) ?? new Samples(run, cache);
  tables.delete(run);
  tables.set(run, table);
  for (const [old, unused] of [...tables].slice(0, -OPEN)) {
    unused[Symbol.dispose]();
    tables.delete(old);
  }
  return table;
}

/** A first look at a large run takes a while: it is done in such stretches, between which others are answered. */
const SLICE_MS = 250;

/** {reading: Reading} where the table is not up to the files yet: ask again. */
function answer(table: Samples, question: Question): unknown {
  // Who pages on through what was found before needs no look at the files.
  if (!(question.kind === "page" && question.version !== undefined && table.complete)) {
    const reading = table.sync(SLICE_MS);
    if (reading !== null) return { reading };
  }
  switch (question.kind) {
    case "page":
      return table.page(question.query, question.from, question.count, question.version);
    case "line":
      return { line: table.line(question.id) };
    case "facets":
      return { ...table.facets(), steps: table.steps() };
    case "over_time":
      return table.overTime(question.prompt);
    case "groups":
      return { groups: table.groups(question.step) };
  }
}

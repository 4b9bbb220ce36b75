/** The benchmarks by name, each in a file of its own beside this one; a new one is added to the list below. */
import path from "node:path";
import { usageError } from "../../error.ts";
import type { Item } from "../item.ts";
import { sameMath } from "../judges.ts";
import type { Same } from "../metrics/tally.ts";
import { aime } from "./aime.ts";
import { bbh } from "./bbh.ts";
import { type FileBenchmark, itemsOf, type Selection } from "./benchmark.ts";
import { humanEval, humanEvalJs, humanEvalTs, mbpp } from "./code.ts";
import { countdown } from "./countdown.ts";
import { type DataPlaces, findFile, looksLikeFile } from "./find.ts";
import { game24 } from "./game24.ts";
import { generic } from "./generic.ts";
import { gpqa } from "./gpqa.ts";
import { gsm8k } from "./gsm8k.ts";
import { heldOut, heldOutQuestions } from "./held-out.ts";
import { ifeval } from "./ifeval.ts";
import { math500 } from "./math-500.ts";
import { mgsm } from "./mgsm.ts";
import { minerva } from "./minerva.ts";
import { procedural } from "./procedural.ts";
import { readBenchmarkFile } from "./records.ts";
import { svamp } from "./svamp.ts";

/** Those that come in files, the most particular shape first: a file given by its path is the first whose shape its records have. */
export const FILE_BENCHMARKS: readonly FileBenchmark[] = [
  humanEval,
  humanEvalTs,
  humanEvalJs,
  mbpp,
  ifeval,
  gsm8k,
  math500,
  mgsm,
  gpqa,
  svamp,
  minerva,
  bbh,
  game24,
  procedural,
  countdown,
  aime,
  generic,
];

/** A benchmark with its questions, ready to be asked. */
export interface OpenBenchmark {
  /** What the evaluation is called: the benchmark's name, or the file's where only its shape is known. */
  readonly name: string;
  readonly about: string;
  readonly licence: string;
  /** Null for one that is made, not read. */
  readonly file: string | null;
  readonly sha256: string | null;
  readonly items: readonly Item[];
  /** Whether two wrong answers mean the same; undefined: where their normalised text does. */
  readonly same?: Same;
}

/** Names there are, for messages and help. */
export const benchmarkNames = (): string[] => [
  heldOut.name,
  ...FILE_BENCHMARKS.filter(({ files }) => files.length > 0).map(({ name }) => name),
];

/**
 * Opens a benchmark by its name (its file is looked for in `places`) or by the path of a file.
 * @throws UserError for a name there is not, a file that is nowhere, or records that lack something
 */
export function openBenchmark(nameOrFile: string, selection: Selection, places: DataPlaces): OpenBenchmark {
  if (nameOrFile === heldOut.name) {
    const { name, about, licence } = heldOut;
    return { name, about, licence, file: null, sha256: null, items: heldOutQuestions(selection) };
  }
  const named = FILE_BENCHMARKS.find(({ name, files }) => name === nameOrFile && files.length > 0);
  if (named !== undefined) return openFile(named, findFile(named.name, named.files, places), selection, named.name);
  if (!looksLikeFile(nameOrFile)) {
    throw usageError(
      `there is no benchmark "${nameOrFile}" and no file of that name; there are ${benchmarkNames().join(", ")}, or give a file of questions`,
      "--benchmark",
    );
  }
  return openFile(null, nameOrFile, selection, null);
}

function openFile(known: FileBenchmark | null, file: string, selection: Selection, name: string | null): OpenBenchmark {
  const read = readBenchmarkFile(file);
  const benchmark = known ?? FILE_BENCHMARKS.find(({ fits }) => fits(read.records[0]!)) ?? generic;
  const items = itemsOf(benchmark, read, selection);
  const { about, licence } = benchmark;
  return { name: name ?? nameOf(benchmark, file), about, licence, file, sha256: read.sha256, items, same: sameMath };
}

/** The benchmark's own name for its own file, else the file's. */
function nameOf({ name, files }: FileBenchmark, file: string): string {
  const base = path.basename(file).replace(/\.gz$/, "");
  return files.includes(base) ? name : base.replace(/\.(jsonl?|csv)$/, "");
}

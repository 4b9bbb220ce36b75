/** Documents for pre-training, made as they are needed: a question, thinking in one of four styles, and the right answer. */
import { usageError } from "../error.ts";
import type { Random } from "../random.ts";
import { ALL } from "./catalogue.ts";
import { checkLevel, makeInSplit } from "./sample.ts";
import { type Split, STYLES, type Style, type Task } from "./task.ts";

export interface Document {
  readonly task: string;
  readonly level: number;
  readonly style: Style;
  readonly key: string;
  readonly prompt: string;
  readonly thinking: string;
  readonly answer: string;
}

export interface FamilyShare {
  readonly task: Task;
  readonly weight: number;
  /** The levels its documents are drawn from, where they are not the corpus's. */
  readonly levels?: readonly number[] | undefined;
}

export interface CorpusOptions {
  /** Families with the share of documents each gets; all of them equally unless stated. */
  readonly families?: readonly FamilyShare[];
  /** The levels to draw from, equally, where a family does not name its own; levels a family lacks are skipped for it. Level 1 unless stated. */
  readonly levels?: readonly number[];
  /** Shares of the styles. */
  readonly styles?: Readonly<Record<Style, number>>;
  /** The share of canonical wordings; the other wordings divide the rest. */
  readonly canonical?: number;
  /** Thinking of more characters than this loses its second check (checking becomes careful); 180 unless stated. */
  readonly longest?: number;
  /** Training documents unless stated; held-out ones are for measuring a style's accuracy. */
  readonly split?: Split;
}

/** As in a corpus from the web, careful thinking is a minority: reinforcement learning has to find that it pays. */
export const DEFAULT_STYLES: Readonly<Record<Style, number>> = { direct: 40, terse: 15, careful: 33, checking: 12 };

/** A function that makes one document after another from a generator; options are checked here, once. */
export function corpus(options: CorpusOptions = {}): (random: Random) => Document {
  const { levels = [1], styles = DEFAULT_STYLES, canonical = 0.4, longest = 180, split = "train" } = options;
  const families: readonly FamilyShare[] = options.families ?? ALL.map((task) => ({ task, weight: 1 }));
  const familyWeights = checkedWeights(
    families.map(({ weight }) => weight),
    "families",
  );
  const styleWeights = checkedWeights(
    STYLES.map((style) => styles[style]),
    "styles",
  );
  const levelsOf = families.map(({ task, levels: named }) => {
    const own = named ?? levels.filter((level) => level <= task.levels);
    if (own.length === 0) throw usageError(`${task.name} has none of the levels ${levels.join(", ")}`, "levels");
    for (const level of own) checkLevel(task, level);
    return own;
  });
  return (random) => {
    const family = random.weighted(familyWeights);
    const task = families[family]!.task;
    const level = random.pick(levelsOf[family]!);
    let style = STYLES[random.weighted(styleWeights)]!;
    const problem = makeInSplit(task, random, level, split);
    const phrasing = task.phrasings === 1 || random.chance(canonical) ? 0 : random.int(1, task.phrasings - 1);
    let thinking = task.think(problem, style, random);
    if (style === "checking" && thinking.length > longest) {
      style = "careful";
      thinking = task.think(problem, style, random);
    }
    const prompt = task.prompt(problem, phrasing);
    const answer = task.reply?.(problem, style, random) ?? problem.answer;
    return { task: task.name, level, style, key: problem.key, prompt, thinking, answer };
  };
}

function checkedWeights(weights: readonly number[], name: string): readonly number[] {
  if (weights.length === 0 || weights.some((weight) => !(weight >= 0)) || !weights.some((weight) => weight > 0)) {
    throw usageError(`${name} need weights of at least 0, one of them above 0, got ${weights.join(", ")}`, name);
  }
  return weights;
}

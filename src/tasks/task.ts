/** What a procedural task is: it makes problems by level, words them, thinks them through in a style, and verifies answers. */
import type { z } from "zod";
import type { Random } from "../random.ts";
import type { Language } from "./language.ts";

/** How a written solution thinks: not at all, with steps missing, with every step, or with every step and a second check. */
export type Style = "direct" | "terse" | "careful" | "checking";

export const STYLES: readonly Style[] = ["direct", "terse", "careful", "checking"];

export type Split = "train" | "held-out";

/** Every character a prompt, a thinking trace or an answer may hold: newline and the 95 of printable ASCII, sorted. */
export const ALPHABET: string = `\n${Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("")}`;

/** One question, free of its wording. */
export interface Problem<D = unknown> {
  /** Identity for the train/held-out split: equal for all wordings and for reorderings that make the same question. */
  readonly key: string;
  /** One right answer, bare: "1776", "3 5 8 9", "(8-2)*4". */
  readonly answer: string;
  /** What the question is made of, plain JSON. */
  readonly data: D;
}

/** A worded problem with the numbers that made it: enough to ask, to judge and to make it again. */
export interface TaskEntry<D = unknown> extends Problem<D> {
  readonly task: string;
  readonly level: number;
  readonly split: Split;
  readonly seed: number;
  readonly index: number;
  readonly phrasing: number;
  readonly prompt: string;
}

export interface Verdict {
  /** 0 wrong to 1 right. */
  readonly score: number;
  /** Why, in words. */
  readonly reason: string;
}

export interface Task<D = unknown> {
  readonly name: string;
  readonly description: string;
  /** Levels run from 1 (standard) to this (hardest). */
  readonly levels: number;
  /** Wordings run from 0 (canonical) to this, exclusive. */
  readonly phrasings: number;
  /** Checks the `data` of an entry that came from outside. */
  readonly schema: z.ZodType<D>;
  make(random: Random, level: number): Problem<D>;
  prompt(problem: Problem<D>, phrasing: number): string;
  /** The thinking before the answer; "" for direct. */
  think(problem: Problem<D>, style: Style, random: Random): string;
  /** Judges the bare answer text, in time linear in its length. */
  verify(answer: string, problem: Pick<Problem<D>, "answer" | "data">): Verdict;
  /** The language a question is asked in, where thinking should keep to it. */
  language?(data: D): Language;
  /** The answer of a document, where documents do not always give the best; `problem.answer` unless stated. */
  reply?(problem: Problem<D>, style: Style, random: Random): string;
  /** Whether its replies are a matter of preference rather than of right and wrong. */
  readonly general?: true;
}

/** What a family file states; `defineTask` makes the task of it. */
export interface Family<D> extends Pick<Task<D>, "name" | "description" | "levels" | "schema" | "make" | "verify"> {
  /** The canonical wording first. */
  readonly wordings: readonly ((data: D) => string)[];
  /** Every step of the careful solution, in order; the last one holds the answer. */
  steps(problem: Problem<D>, random: Random): readonly string[];
  /** The steps of a second solution done another way. */
  check(problem: Problem<D>): readonly string[];
  /** What stands between steps: a line end unless stated. */
  readonly separator?: string;
}

/** Completes a family with the four thinking styles, which are the same for all of them. */
export function defineTask<D>(family: Family<D>): Task<D> {
  const { wordings, separator = "\n" } = family;
  return {
    name: family.name,
    description: family.description,
    levels: family.levels,
    phrasings: wordings.length,
    schema: family.schema,
    make: (random, level) => family.make(random, level),
    prompt: (problem, phrasing) => wordings[phrasing]!(problem.data),
    verify: (answer, problem) => family.verify(answer, problem),
    think(problem, style, random) {
      if (style === "direct") return "";
      const steps = family.steps(problem, random);
      if (style === "terse") return withStepsMissing(steps, random).join(separator);
      const careful = steps.join(separator);
      if (style === "careful") return careful;
      return `${careful}\nwait, check: ${family.check(problem).join(separator)} ok`;
    },
  };
}

/** Each step but the last is dropped half of the time, and half of those kept lose the middle of their chain of equalities. */
function withStepsMissing(steps: readonly string[], random: Random): string[] {
  const kept = steps.filter((_, i) => i === steps.length - 1 || random.chance(0.5));
  if (kept.length === steps.length && kept.length > 1) kept.splice(random.int(0, kept.length - 2), 1);
  return kept.map((step) => (random.chance(0.5) ? endsOfChain(step) : step));
}

/** `57+78=127+8=135` -> `57+78=135`; a step of several statements stays as it is. */
function endsOfChain(step: string): string {
  const first = step.indexOf("=");
  const last = step.lastIndexOf("=");
  return first === last || step.includes(" ") ? step : step.slice(0, first) + step.slice(last);
}

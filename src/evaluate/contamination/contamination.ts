/**
 * How much of a benchmark stands in training data: questions that share a run of n words with it (the n-gram overlap of GPT-3,
 * arXiv 2005.14165 appendix C, n = 13). The training data is read once, in a stream; memory holds the benchmark alone.
 */
import { pieces, wordsOf } from "./words.ts";

export interface Text {
  readonly id: string;
  readonly text: string;
}

export interface Hit {
  readonly id: string;
  /** Share of the question's n-grams that were found. */
  readonly share: number;
  /** The first run of words that was found. */
  readonly example: string;
}

export interface Contamination {
  readonly n: number;
  readonly questions: number;
  /** Questions of fewer than n words: they are found only whole, by all their words in a row. */
  readonly short: number;
  /** Questions of fewer words than mean anything in a row; they are not looked for. */
  readonly too_short: number;
  readonly contaminated: number;
  /** Of the questions that were looked for. */
  readonly share: number;
  readonly words_read: number;
  readonly hits: readonly Hit[];
}

/** A run of fewer words than this says nothing. */
export const FEWEST_WORDS = 5;

/** Looks for the questions in a stream of text. */
export async function findContamination(
  questions: readonly Text[],
  n: number,
  training: AsyncIterable<string>,
): Promise<Contamination> {
  const index = new GramIndex(questions, n);
  let read = 0;
  for await (const piece of pieces(training)) {
    for (const word of wordsOf(piece)) {
      read++;
      index.feed(word);
    }
  }
  const hits = index.hits();
  const looked = questions.length - index.tooShort;
  return {
    n,
    questions: questions.length,
    short: index.short,
    too_short: index.tooShort,
    contaminated: hits.length,
    share: looked === 0 ? 0 : hits.length / looked,
    words_read: read,
    hits,
  };
}

interface Gram {
  readonly question: number;
  readonly start: number;
  readonly length: number;
}

/**
 * Runs of words found by a rolling hash and then compared word by word, so that nothing is taken for found that is not. Words the
 * benchmark does not have break every run, which most words of any training text do.
 */
class GramIndex {
  readonly #questions: readonly Text[];
  readonly #ids = new Map<string, number>();
  readonly #words: number[][] = [];
  /** For each length of run: the grams by hash. */
  readonly #grams = new Map<number, Map<number, Gram[]>>();
  readonly #found: Set<number>[] = [];
  readonly #counts: number[] = [];
  readonly #lengths: readonly number[];
  /** The last words read, newest at `#at`, and how many of them are known in a row. */
  readonly #recent: Int32Array;
  #at = 0;
  #known = 0;
  short = 0;
  tooShort = 0;

  constructor(questions: readonly Text[], n: number) {
    this.#questions = questions;
    for (const [question, { text }] of questions.entries()) {
      const words = [...wordsOf(text)].map((word) => this.#idOf(word));
      const length = Math.min(n, words.length);
      this.#words.push(words);
      this.#found.push(new Set());
      this.#counts.push(length < FEWEST_WORDS ? 0 : words.length - length + 1);
      if (length < FEWEST_WORDS && length < n) {
        this.tooShort++;
        continue;
      }
      if (words.length < n) this.short++;
      for (let start = 0; start + length <= words.length; start++) this.#add({ question, start, length });
    }
    this.#lengths = [...this.#grams.keys()];
    this.#recent = new Int32Array(Math.max(1, ...this.#lengths));
  }

  /** The next word of the training text. */
  feed(word: string): void {
    const id = this.#ids.get(word);
    if (id === undefined) {
      this.#known = 0;
      return;
    }
    this.#at = (this.#at + 1) % this.#recent.length;
    this.#recent[this.#at] = id;
    this.#known++;
    for (const length of this.#lengths) if (this.#known >= length) this.#look(length);
  }

  hits(): Hit[] {
    return this.#questions.flatMap(({ id, text }, question) => {
      const found = this.#found[question]!;
      if (found.size === 0) return [];
      const words = [...wordsOf(text)];
      const start = Math.min(...found);
      const length = words.length - this.#counts[question]! + 1;
      return [
        { id, share: found.size / this.#counts[question]!, example: words.slice(start, start + length).join(" ") },
      ];
    });
  }

  #look(length: number): void {
    let hash = 0;
    for (let back = length - 1; back >= 0; back--) hash = mixed(hash, this.#wordBack(back));
    for (const gram of this.#grams.get(length)!.get(hash) ?? []) {
      const words = this.#words[gram.question]!;
      let same = true;
      for (let i = 0; i < length && same; i++) same = words[gram.start + i] === this.#wordBack(length - 1 - i);
      if (same) this.#found[gram.question]!.add(gram.start);
    }
  }

  #wordBack(back: number): number {
    return this.#recent[(this.#at - back + this.#recent.length) % this.#recent.length]!;
  }

  #idOf(word: string): number {
    const known = this.#ids.get(word);
    if (known !== undefined) return known;
    this.#ids.set(word, this.#ids.size);
    return this.#ids.size - 1;
  }

  #add(gram: Gram): void {
    const words = this.#words[gram.question]!;
    let hash = 0;
    for (let i = 0; i < gram.length; i++) hash = mixed(hash, words[gram.start + i]!);
    const ofLength = this.#grams.get(gram.length) ?? new Map<number, Gram[]>();
    this.#grams.set(gram.length, ofLength);
    const same = ofLength.get(hash);
    if (same === undefined) ofLength.set(hash, [gram]);
    else same.push(gram);
  }
}

const mixed = (hash: number, word: number): number => {
  const sum = Math.imul(hash ^ word, 0x9e3779b1);
  return sum ^ (sum >>> 15);
};

/** How often a letter stands in a word: spelled out letter by letter with a running count. */
import { z } from "zod";
import type { Random } from "../../random.ts";
import { verifyWholeNumber } from "../answer.ts";
import { defineTask, type Problem } from "../task.ts";
import { coinWord, WORDS } from "./words.ts";

const schema = z.object({
  word: z
    .string()
    .regex(/^[a-z]+( [a-z]+)*$/)
    .max(60),
  letter: z.string().regex(/^[a-z]$/),
});
type Data = z.infer<typeof schema>;

const LENGTHS = [
  [5, 9],
  [10, 13],
  [5, 7],
] as const;

export const letterCounting = defineTask<Data>({
  name: "letter-counting",
  description: "count a letter in a word (level 1: 5 to 9 letters; 2: 10 to 13; 3: two words)",
  levels: 3,
  schema,
  separator: " ",
  wordings: [
    ({ word, letter }) => `How many ${letter} in ${word}?`,
    ({ word, letter }) => `Count the letter ${letter} in ${word}.`,
    ({ word, letter }) => `How many times does ${letter} occur in ${word}?`,
    ({ word, letter }) => `How many "${letter}" are in "${word}"?`,
    ({ word, letter }) => `how many ${letter}'s are in ${word}`,
    ({ word, letter }) => `How often is the letter ${letter} in ${word}?`,
    ({ word, letter }) => `How many ${letter}'s are there in the word ${word}?`,
  ],
  make(random, level): Problem<Data> {
    const [low, high] = LENGTHS[level - 1]!;
    const word =
      level === 3 ? `${makeWord(random, low, high)} ${makeWord(random, low, high)}` : makeWord(random, low, high);
    const letter = random.chance(0.85) ? pickLetter(random, word) : String.fromCharCode(random.int(97, 122));
    return { key: word, answer: String(countIn(word, letter)), data: { word, letter } };
  },
  steps: ({ data }) => counted([...data.word], data.letter),
  check: ({ data }) => counted([...data.word].toReversed(), data.letter),
  verify: (answer, problem) => verifyWholeNumber(answer, problem.answer),
});

function makeWord(random: Random, low: number, high: number): string {
  const length = random.int(low, high);
  const known = WORDS.get(length);
  return known !== undefined && random.chance(0.2) ? random.pick(known) : coinWord(random, length);
}

function pickLetter(random: Random, word: string): string {
  for (;;) {
    const letter = word[random.int(0, word.length - 1)]!;
    if (letter !== " ") return letter;
  }
}

function countIn(word: string, letter: string): number {
  let count = 0;
  for (const each of word) if (each === letter) count++;
  return count;
}

/** `sr0 tr0 rr1 ar1 wr1`: each letter, beside it the one asked for, and the count so far. Side by side they are easy to compare. */
function counted(letters: readonly string[], letter: string): string[] {
  let count = 0;
  const steps: string[] = [];
  for (const each of letters) {
    if (each === " ") continue;
    if (each === letter) count++;
    steps.push(`${each}${letter}${count}`);
  }
  return steps;
}

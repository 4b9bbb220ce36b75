/**
 * Sums in number words, asked in English or German. Documents think in the language of the question half of the time, else in the other
 * or in both by turns, as web pages do: right all the same, so a reward for right answers alone keeps the mixture. The answer is a
 * numeral, which is of no language.
 */
import { z } from "zod";
import type { Random } from "../../random.ts";
import { verifyWholeNumber } from "../answer.ts";
import { LANGUAGES, type Language, numberWord } from "../language.ts";
import { defineTask, type Problem, type Task } from "../task.ts";

const schema = z.object({
  numbers: z.array(z.int().min(1).max(9)).min(2).max(5),
  language: z.enum(["en", "de"]),
});
type Data = z.infer<typeof schema>;

const asked = ({ numbers, language }: Data): string =>
  numbers.map((one) => numberWord(one, language)).join(language === "en" ? " plus " : " und ");

const inLanguage =
  (en: (sum: string) => string, de: (sum: string) => string) =>
  (data: Data): string =>
    (data.language === "en" ? en : de)(asked(data));

export const numberWords: Task<Data> = {
  ...defineTask<Data>({
    name: "number-words",
    description: "add numbers written in English or German words (level 1: 3 numbers; 2: 4; 3: 5)",
    levels: 3,
    schema,
    wordings: [
      inLanguage(
        (sum) => `What is ${sum}?`,
        (sum) => `Was ist ${sum}?`,
      ),
      inLanguage(
        (sum) => `Add up ${sum}.`,
        (sum) => `Addiere ${sum}.`,
      ),
      inLanguage(
        (sum) => `${sum}?`,
        (sum) => `${sum} ergibt?`,
      ),
      inLanguage(
        (sum) => `How much is ${sum}?`,
        (sum) => `Wie viel ist ${sum}?`,
      ),
      inLanguage(
        (sum) => `Please compute ${sum}.`,
        (sum) => `Berechne bitte ${sum}.`,
      ),
      inLanguage(
        (sum) => `the sum ${sum}`,
        (sum) => `die Summe ${sum}`,
      ),
    ],
    make(random, level): Problem<Data> {
      const language = random.pick(LANGUAGES);
      const numbers = Array.from({ length: level + 2 }, () => random.int(1, 9));
      const key = `${language} ${numbers.toSorted((a, b) => a - b).join(" ")}`;
      return { key, answer: String(numbers.reduce((a, b) => a + b, 0)), data: { numbers, language } };
    },
    steps: ({ data }, random) => added(data.numbers, thinkingLanguages(data, random)),
    check: ({ data }) => added(data.numbers.toReversed(), () => data.language),
    verify: (answer, problem) => verifyWholeNumber(answer, problem.answer),
  }),
  language: ({ language }) => language,
};

/** The numbers up to which the next one is found in the question more easily than what is left is copied (docs/decisions/008). */
const SHORT = 3;

/** `three+five=eight`, then `eight+two=ten`, each step in a language of its own; of more numbers each sum has behind it those still to be added. */
function added(numbers: readonly number[], next: () => Language): string[] {
  let total = numbers[0]!;
  return numbers.slice(1).map((number, i) => {
    const language = next();
    const word = (value: number) => numberWord(value, language);
    const before = total;
    total += number;
    return [
      `${word(before)}+${word(number)}=${word(total)}`,
      ...(numbers.length > SHORT ? numbers.slice(i + 2).map(word) : []),
    ].join(" ");
  });
}

function thinkingLanguages({ language }: Data, random: Random): () => Language {
  const kind = random.weighted([2, 1, 1]);
  if (kind === 0) return () => language;
  if (kind === 1) return () => (language === "en" ? "de" : "en");
  return () => random.pick(LANGUAGES);
}

/**
 * Rejection sampling (DeepSeek-R1, 2.3.3): of several answers to a question those that are right, read well and keep to one language
 * stay as they are; a third as many documents that need no reasoning, well answered, stand beside them (the paper: 600 K to 200 K).
 */
import { Random } from "../../random.ts";
import { requests } from "../../tasks/families/requests.ts";
import { makeInSplit } from "../../tasks/sample.ts";
import type { Example } from "../../train/examples.ts";
import { readable, type Sampled } from "./samples.ts";

export function rejectionExamples(questions: readonly (readonly Sampled[])[], seed: number): Example[] {
  const reasoning = keptAnswers(questions);
  const random = Random.from(seed, "non-reasoning");
  const general = Array.from({ length: Math.floor(reasoning.length / 3) }, (): Example => {
    const problem = makeInSplit(requests, random, 1, "train");
    const prompt = requests.prompt(problem, random.int(0, requests.phrasings - 1));
    return { prompt, thinking: "", answer: problem.answer };
  });
  return [...reasoning, ...general];
}

/** Of each question's answers the different ones that are right and read well. */
export function keptAnswers(questions: readonly (readonly Sampled[])[]): Example[] {
  return questions.flatMap((samples) => {
    const kept = new Map(
      samples
        .filter(({ right, thinking, language }) => right && readable(thinking, language))
        .map(({ entry, thinking, answer }) => [`${thinking}\n${answer}`, { prompt: entry.prompt, thinking, answer }]),
    );
    return [...kept.values()];
  });
}

/** The reward model of the last stage, made from pairs of replies to training requests, and its accuracy on held-out ones. */
import { Random } from "../../random.ts";
import { repliesTo, requests } from "../../tasks/families/requests.ts";
import { makeInSplit } from "../../tasks/sample.ts";
import type { Split } from "../../tasks/task.ts";
import {
  type PreferenceModel,
  type PreferencePair,
  preferenceAccuracy,
  trainPreference,
} from "../../train/preference.ts";

export interface TrainedPreference extends PreferenceModel {
  readonly pairs: number;
  /** The share of held-out pairs in the right order. */
  readonly held_out_accuracy: number;
}

export function preferenceModel(pairs: number, seed: number): TrainedPreference {
  const model = trainPreference(pairsOf("train", pairs, seed), { epochs: 3, lr: 0.1, weight_decay: 1e-3 });
  return { ...model, pairs, held_out_accuracy: preferenceAccuracy(model, pairsOf("held-out", 300, seed)) };
}

/** Two of the three replies to a request, the better one first. */
function pairsOf(split: Split, count: number, seed: number): PreferencePair[] {
  const random = Random.from(seed, "preferences", split);
  return Array.from({ length: count }, () => {
    const problem = makeInSplit(requests, random, 1, split);
    const replies = repliesTo(problem.data);
    const [better, worse] = random.pick([
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const);
    const prompt = requests.prompt(problem, random.int(0, requests.phrasings - 1));
    return { prompt, better: replies[better], worse: replies[worse] };
  });
}

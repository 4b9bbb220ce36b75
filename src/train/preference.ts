/**
 * A small reward model for what no rule can score (DeepSeek-R1, 2.3.4): a linear score of the answer's words and pairs of words, its
 * length and whether it names what the question names, trained on pairs of a better and a worse answer (Bradley-Terry: -log sigmoid of
 * the difference of scores). As in the paper it sees the question and the answer alone, never the thinking.
 */

/** One comparison. */
export interface PreferencePair {
  readonly prompt: string;
  readonly better: string;
  readonly worse: string;
}

/** Weights by feature; plain JSON. */
export interface PreferenceModel {
  readonly weights: Readonly<Record<string, number>>;
}

export interface PreferenceOptions {
  readonly epochs: number;
  readonly lr: number;
  /** Pull of every weight towards 0, against features seen once. */
  readonly weight_decay: number;
}

/** What is counted in an answer. Names are replaced, so that a reply to one person judges replies to others. */
export function features(prompt: string, answer: string): Map<string, number> {
  const words = answer.match(/[A-Za-z]+|[!?.,:;]/g) ?? [];
  const named = new Set(prompt.match(/[A-Za-z]+/g) ?? []);
  const tokens = words.map((word) => (/^[A-Z]/.test(word) && named.has(word) ? "<named>" : word.toLowerCase()));
  const counts = new Map<string, number>([["<length>", Math.min(words.length, 12) / 12]]);
  for (const [i, token] of tokens.entries())
    for (const feature of [token, `${tokens[i - 1] ?? "<start>"} ${token}`]) counts.set(feature, 1);
  return counts;
}

/** The score of an answer, unbounded; differences are log-odds of being preferred. */
export function preferenceScore({ weights }: PreferenceModel, prompt: string, answer: string): number {
  let score = 0;
  for (const [feature, value] of features(prompt, answer)) score += (weights[feature] ?? 0) * value;
  return score;
}

/** The score as a reward between 0 and 1. */
export const preferenceReward = (model: PreferenceModel, prompt: string, answer: string): number =>
  sigmoid(preferenceScore(model, prompt, answer));

/** -log sigmoid(better - worse): the pairwise loss. */
export const pairLoss = (better: number, worse: number): number => Math.log1p(Math.exp(worse - better));

/** Fits the weights to the pairs, one after the other in the order given, `epochs` times. */
export function trainPreference(pairs: readonly PreferencePair[], options: PreferenceOptions): PreferenceModel {
  const weights: Record<string, number> = Object.create(null);
  for (let epoch = 0; epoch < options.epochs; epoch++)
    for (const { prompt, better, worse } of pairs) {
      const difference = features(prompt, better);
      for (const [feature, value] of features(prompt, worse))
        difference.set(feature, (difference.get(feature) ?? 0) - value);
      let margin = 0;
      for (const [feature, value] of difference) margin += (weights[feature] ?? 0) * value;
      const push = options.lr * sigmoid(-margin);
      for (const [feature, value] of difference) {
        if (value === 0) continue;
        const before = weights[feature] ?? 0;
        weights[feature] = before + push * value - options.lr * options.weight_decay * before;
      }
    }
  return { weights: { ...weights } };
}

/** The share of pairs whose better answer scores higher. */
export const preferenceAccuracy = (model: PreferenceModel, pairs: readonly PreferencePair[]): number =>
  pairs.filter(
    ({ prompt, better, worse }) => preferenceScore(model, prompt, better) > preferenceScore(model, prompt, worse),
  ).length / Math.max(1, pairs.length);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

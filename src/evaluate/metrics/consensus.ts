/**
 * cons@k: how probably the most frequent of k answers is right (majority vote; self-consistency, arXiv 2203.11171).
 *
 * The definition, exact where papers leave it open. The n >= k answers to a question fall into classes: all right ones are one class,
 * equal wrong ones are one class each, and an answer that never came (thinking cut off, nothing extracted) votes for nothing. A
 * subset of k of the n answers is drawn, all subsets alike; the class with the most votes in it wins, and where several have the
 * most, one of them is drawn, all alike. cons@k is the probability that the class of right answers wins; 0 where nobody voted.
 * Nothing is drawn in fact: the expectation is computed.
 */
import { hypergeometric } from "./choose.ts";

/** How n answers to one question fall into classes. */
export interface Tally {
  readonly right: number;
  /** Answers of each class of equal wrong ones. */
  readonly wrong: readonly number[];
  /** Answers that never came. */
  readonly silent: number;
}

/** Answers in a tally. */
export const tallied = ({ right, wrong, silent }: Tally): number =>
  wrong.reduce((sum, own) => sum + own, right + silent);

/** cons@k of one question. @throws RangeError unless 1 <= k <= n */
export function consensusAtK(tally: Tally, k: number): number {
  const n = tallied(tally);
  if (!(Number.isInteger(k) && k >= 1 && k <= n))
    throw new RangeError(`cons@${k} needs at least ${k} answers, not ${n}`);
  const { right, wrong } = tally;
  if (k === 1) return right / n;
  if (k === n) return wholeVote(tally);
  let sum = 0;
  for (let votes = Math.min(right, k); votes >= 1; votes--) {
    sum += hypergeometric(votes, n, right, k) * winsWith(votes, k - votes, n - right, wrong);
  }
  return Math.min(1, sum);
}

/** All answers vote: no subset to draw, only ties. */
function wholeVote({ right, wrong }: Tally): number {
  const most = Math.max(0, ...wrong);
  if (right === 0 || right < most) return 0;
  return right > most ? 1 : 1 / (1 + wrong.filter((own) => own === most).length);
}

/**
 * How probably a class with `votes` votes wins against the wrong ones, when `draws` more answers are drawn from the `population` of
 * those that are not right. Class after class takes its share of the draws; the state is how many draws are left and how many
 * classes have reached as many votes. A class with more ends the matter.
 */
function winsWith(votes: number, draws: number, population: number, wrong: readonly number[]): number {
  const most = Math.floor(draws / votes);
  const width = most + 1;
  let state = new Float64Array((draws + 1) * width); // (draws left, ties)
  state[draws * width] = 1;
  let among = population;
  for (const size of wrong) {
    const next = new Float64Array(state.length);
    for (let left = 0; left <= draws; left++) {
      for (let taken = Math.min(size, votes, left); taken >= 0; taken--) {
        const probability = hypergeometric(taken, among, size, left);
        if (probability === 0) continue;
        const tie = taken === votes ? 1 : 0;
        for (let ties = 0; ties + tie <= most; ties++) {
          next[(left - taken) * width + ties + tie]! += probability * state[left * width + ties]!;
        }
      }
    }
    state = next;
    among -= size;
  }
  let sum = 0;
  for (let at = 0; at < state.length; at++) sum += state[at]! / (1 + (at % width));
  return sum;
}

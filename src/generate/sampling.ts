/**
 * Draws a token from a row of logits, once per row and step, so it allocates nothing and never sorts the vocabulary.
 *
 * The order is Hugging Face's, which published generation configs are tuned in: penalties (penalties.ts), temperature, then top-k,
 * then top-p among what top-k left, then min-p, then typical among what is left. Each of the first three keeps a prefix of the
 * tokens in order of falling logit (ties: the lower id first), so together they keep the shortest of the three.
 */
import { usageError } from "../error.ts";
import { Random } from "../random.ts";

/** How a request draws its tokens; what is left out filters nothing. */
export interface Sampling {
  /** Divides the logits; 0 takes the most likely token (the lowest id among equals). Default 1. */
  readonly temperature?: number;
  /** Keep only this many of the most likely tokens; 0: all. */
  readonly topK?: number;
  /** Keep the fewest tokens whose probabilities reach this sum; 1: all. */
  readonly topP?: number;
  /** Keep tokens at least this fraction as likely as the most likely one; 0: all. */
  readonly minP?: number;
  /** Locally typical sampling (arXiv 2202.00666): keep the tokens whose surprisal is nearest the entropy until they reach this sum; 1: all. */
  readonly typical?: number;
  /** Added to the logits of these ids, -100 to 100; -Infinity bans a token. */
  readonly logitBias?: ReadonlyMap<number, number>;
  /** Divides the positive logits of tokens seen in the last `penaltyLastN`, multiplies the negative ones (arXiv 1909.05858); 1: none. */
  readonly repetitionPenalty?: number;
  /** How many of the last tokens, prompt included, `repetitionPenalty` looks at: 64 by default, -1 all. */
  readonly penaltyLastN?: number;
  /** Taken from the logit of every token in the output, -2 to 2, as OpenAI's. */
  readonly presencePenalty?: number;
  /** Taken from a token's logit once for each time it is in the output, -2 to 2, as OpenAI's. */
  readonly frequencyPenalty?: number;
  /** Against repeating whole passages; left out: none. */
  readonly dry?: Dry;
  /** Seeds the request's own generator. Default 0. */
  readonly seed?: number;
}

/** The DRY sampler's settings, as llama.cpp's: a token that would continue a repetition of n tokens loses multiplier * base^(n - allowedLength). */
export interface Dry {
  /** 0: off. */
  readonly multiplier: number;
  /** Default 1.75. */
  readonly base?: number;
  /** Repetitions shorter than this are free. Default 2. */
  readonly allowedLength?: number;
  /** How many of the last tokens, prompt included, are searched: -1 (default) all. */
  readonly penaltyLastN?: number;
  /** Texts across which nothing counts as repeated. Default: newline, colon, quotation mark, asterisk. */
  readonly sequenceBreakers?: readonly string[];
  /** The same as tokens, worked out from them where there is a tokenizer: by first id, the ids that must follow. */
  readonly breakers?: ReadonlyMap<number, readonly (readonly number[])[]>;
}

/** One row's sampler: its settings and its own random numbers, one of which is used per drawn token. */
export class Sampler {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly typical: number;
  readonly random: Random;

  /** @throws UserError naming a setting outside its range */
  constructor(sampling: Sampling, random: Random = Random.from(sampling.seed ?? 0)) {
    this.temperature = inRange("temperature", sampling.temperature ?? 1, 0, 1e6);
    this.topK = inRange("top-k", sampling.topK ?? 0, 0, 2 ** 31);
    this.topP = inRange("top-p", sampling.topP ?? 1, 0, 1);
    this.minP = inRange("min-p", sampling.minP ?? 0, 0, 1);
    this.typical = inRange("typical", sampling.typical ?? 1, 0, 1);
    this.random = random;
    if (!Number.isInteger(this.topK)) throw usageError(`top-k must be a whole number, not ${this.topK}`, "top_k");
    // A temperature so near 0 that dividing by it overflows is 0 to anyone who asks for it.
    if (this.temperature < 1e-6) this.temperature = 0;
  }

  /** The temperature at which log-probabilities are taken: greedy rows are measured at 1. */
  get measuredAt(): number {
    return this.temperature === 0 ? 1 : this.temperature;
  }

  /**
   * Draws a token id.
   * @param logits holds the row in [start, start + vocabulary); only finite values and -Infinity
   * @param lse log of the sum of exp(logit / temperature) over the row, as `tokenLogProbs` gives it
   */
  sample(logits: Float32Array, start: number, vocabulary: number, lse: number): number {
    if (this.temperature === 0) return argmax(logits, start, vocabulary);
    const filters = (this.topK > 0 && this.topK < vocabulary) || this.topP < 1 || this.minP > 0 || this.typical < 1;
    return filters
      ? this.#sampleKept(logits, start, vocabulary, lse)
      : this.#samplePlain(logits, start, vocabulary, lse);
  }

  /** Walks the cumulative distribution: half the vocabulary's exponentials on average, and none a second time. */
  #samplePlain(logits: Float32Array, start: number, vocabulary: number, lse: number): number {
    const inverse = 1 / this.temperature;
    let left = this.random.next();
    for (let v = 0; v < vocabulary; v++) {
      left -= Math.exp(logits[start + v] * inverse - lse);
      if (left < 0) return v;
    }
    // Rounding left the sum a hair below the draw: the last token with any probability.
    let last = vocabulary - 1;
    while (last > 0 && logits[start + last] === Number.NEGATIVE_INFINITY) last--;
    return last;
  }

  #sampleKept(logits: Float32Array, start: number, vocabulary: number, lse: number): number {
    const draw = this.random.next();
    const kept = keep(this, logits, start, vocabulary, lse);
    let total = 0;
    for (let i = 0; i < kept; i++) total += mass[i];
    let left = draw * total;
    for (let i = 0; i < kept; i++) {
      left -= mass[i];
      if (left < 0) return ids[i];
    }
    let last = kept - 1;
    while (last > 0 && mass[last] === 0) last--;
    return ids[last];
  }
}

/** The index of the largest value of a row, the lowest among equals. */
export function argmax(values: Float32Array, start: number, length: number): number {
  let best = 0;
  for (let v = 1; v < length; v++) if (values[start + v] > values[start + best]) best = v;
  return best;
}

// Candidates of the row in hand, shared by all samplers (a draw never yields to other code): token, its logit, its probability.
let ids = new Int32Array(1024);
let keys = new Float32Array(1024);
let mass = new Float64Array(1024);

/** Puts the tokens the filters keep at the front of the candidates and returns how many they are. */
function keep(sampler: Sampler, logits: Float32Array, start: number, vocabulary: number, lse: number): number {
  const { temperature, topK, topP, minP } = sampler;
  const inverse = 1 / temperature;
  // A token is at least minP times as likely as the best if its logit is within temperature * log(minP) of it.
  const floor =
    minP > 0
      ? logits[start + argmax(logits, start, vocabulary)] + temperature * Math.log(minP) - 1e-12
      : Number.NEGATIVE_INFINITY;
  let count: number;
  let total = 1;
  if (topK > 0 && topK < vocabulary) {
    count = collectTop(logits, start, vocabulary, topK);
    total = weigh(count, inverse, lse);
  } else {
    // Tokens less likely than (1 - topP) / vocabulary sum to less than 1 - topP, so top-p never needs them.
    const needless = topP < 1 ? temperature * (lse + Math.log((1 - topP) / vocabulary)) - 1e-3 * temperature : floor;
    count = collectAbove(logits, start, vocabulary, Math.max(floor, needless));
    weigh(count, inverse, lse);
  }
  if (topP < 1) count = selectPrefix(count, topP * total, true);
  if (floor > Number.NEGATIVE_INFINITY) count = dropBelow(count, floor);
  if (sampler.typical < 1) count = keepTypical(count, sampler.typical);
  return count;
}

/** Of what the other filters left, renormalised: the candidates whose surprisal is nearest the entropy, until they reach the sum. */
function keepTypical(count: number, reach: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += mass[i];
  let entropy = 0;
  for (let i = 0; i < count; i++) if (mass[i] > 0) entropy -= (mass[i] / total) * Math.log(mass[i] / total);
  for (let i = 0; i < count; i++) keys[i] = -Math.abs(-Math.log(mass[i] / total) - entropy);
  return selectPrefix(count, reach * total, true);
}

function collectAbove(logits: Float32Array, start: number, vocabulary: number, floor: number): number {
  reserve(vocabulary);
  let count = 0;
  for (let v = 0; v < vocabulary; v++) {
    const logit = logits[start + v];
    if (logit >= floor) {
      ids[count] = v;
      keys[count++] = logit;
    }
  }
  return count;
}

/** Gathers the k best in one pass: a buffer fills with what beats the k-th best so far, and is cut back to k when full. */
function collectTop(logits: Float32Array, start: number, vocabulary: number, k: number): number {
  const room = Math.min(vocabulary, Math.max(2 * k, k + 256));
  reserve(room);
  let count = 0;
  let bar = Number.NaN; // nothing to beat yet
  for (let v = 0; v < vocabulary; v++) {
    const logit = logits[start + v];
    if (logit <= bar) continue; // an equal logit has a higher id than the one that set the bar
    if (count === room) {
      count = selectPrefix(count, k, false);
      bar = keys[0];
      for (let i = 1; i < count; i++) if (keys[i] < bar) bar = keys[i];
      if (logit <= bar) continue;
    }
    ids[count] = v;
    keys[count++] = logit;
  }
  return count > k ? selectPrefix(count, k, false) : count;
}

/** Fills in the candidates' probabilities and returns their sum. */
function weigh(count: number, inverse: number, lse: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) {
    mass[i] = Math.exp(keys[i] * inverse - lse);
    total += mass[i];
  }
  return total;
}

function dropBelow(count: number, floor: number): number {
  let kept = 0;
  for (let i = 0; i < count; i++) if (keys[i] >= floor) move(i, kept++);
  return kept;
}

/**
 * Quickselect: puts the shortest prefix of the candidates in falling order whose weights reach `target` at the front (in any
 * order) and returns its length. A weight is the probability, or 1 (then `target` is a count).
 */
function selectPrefix(count: number, target: number, byMass: boolean): number {
  let low = 0;
  let high = count;
  let reached = 0; // the weight of [0, low), which is settled
  while (low < high) {
    const pivot = partition(low, high);
    let better = 0;
    if (byMass) for (let i = low; i < pivot; i++) better += mass[i];
    else better = pivot - low;
    if (reached + better >= target && pivot > 0) {
      high = pivot;
    } else {
      reached += better + (byMass ? mass[pivot] : 1);
      low = pivot + 1;
      if (reached >= target) return low;
    }
  }
  return Math.max(1, low);
}

/** Splits [low, high) around the middle candidate and returns where that one ended. */
function partition(low: number, high: number): number {
  swap((low + high) >> 1, high - 1);
  const key = keys[high - 1];
  const id = ids[high - 1];
  let end = low;
  for (let i = low; i < high - 1; i++) {
    if (keys[i] > key || (keys[i] === key && ids[i] < id)) swap(i, end++);
  }
  swap(end, high - 1);
  return end;
}

function swap(a: number, b: number): void {
  const id = ids[a];
  const key = keys[a];
  const weight = mass[a];
  move(b, a);
  ids[b] = id;
  keys[b] = key;
  mass[b] = weight;
}

function move(from: number, to: number): void {
  ids[to] = ids[from];
  keys[to] = keys[from];
  mass[to] = mass[from];
}

function reserve(count: number): void {
  if (ids.length >= count) return;
  ids = new Int32Array(count);
  keys = new Float32Array(count);
  mass = new Float64Array(count);
}

export function inRange(name: string, value: number, low: number, high: number): number {
  if (!(value >= low && value <= high)) {
    throw usageError(`${name} must be between ${low} and ${high}, not ${value}`, name.replaceAll("-", "_"));
  }
  return value;
}

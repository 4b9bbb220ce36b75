/**
 * Continuous batching: sequences share one cache of slots, enter and leave between two tokens, and every step runs one row per
 * live sequence plus a chunk of the prompts still to be read, so that no slot ever computes padding.
 *
 * Nothing a sequence yields depends on its neighbours: kernels treat rows alike whatever stands beside them, each sequence has
 * its own random numbers, and a prompt gives the same cache whether it is read at once, in chunks, or copied from another slot.
 */
import type { Device, F32 } from "../kernels/kernels.ts";
import type { KvCache } from "../model/cache.ts";
import type { Decoder } from "../model/decoder.ts";
import { Tensor } from "../tensor/tensor.ts";
import { chooseToken, notFinite } from "./choose-token.ts";
import { ObservedPrompts } from "./engine/observed-prompts.ts";
import { RowMeasures } from "./engine/row-measures.ts";
import { Slots } from "./engine/slots.ts";
import { StepLayout } from "./engine/step-layout.ts";
import { checkRequest, type Finish, type Request, Sequence } from "./sequence.ts";
import { type BatchDrafter, BatchGuesses, type GuessedRow, NO_GUESSES } from "./speculative/batch-guesses.ts";
import { BatchLookup } from "./speculative/batch-lookup.ts";
import { BatchModule } from "./speculative/batch-module.ts";
import { RowWriter } from "./speculative/row-writer.ts";

export interface SchedulerOptions {
  /** Sequences in flight at once. */
  readonly slots: number;
  /** Positions a slot holds: prompt and new tokens of the longest request. */
  readonly capacity: number;
  /** Prompt tokens read per step at most, besides the live rows. Default 512. */
  readonly chunk?: number;
  /** Bytes for beginnings of prompts whose slot went to another sequence. Default 0. */
  readonly saveBytes?: number;
  /**
   * Tokens guessed ahead in a step that writes one sequence; each further sequence takes one away. Where the device's memory is not the
   * host's there are none. Default 0.
   */
  readonly speculate?: number;
  /** Who guesses. Default: the model's prediction module where it has one, else the texts themselves. */
  readonly drafter?: BatchDrafter;
}

/** Runs sequences on one decoder; not for two callers at once. */
export class Scheduler {
  readonly #decoder: Decoder;
  readonly #device: Device;
  readonly #cache: KvCache;
  readonly #capacity: number;
  readonly #chunk: number;
  readonly #waiting: Sequence[] = [];
  readonly #reading: Sequence[] = [];
  readonly #live: Sequence[] = [];
  /** Live ones that sit out steps. */
  readonly #paused: Sequence[] = [];
  readonly #slots: Slots;
  readonly #rows: StepLayout<Sequence>;
  readonly #measures: RowMeasures;
  readonly #stepped: Sequence[] = [];
  readonly #observed: ObservedPrompts;
  /** Null: no guesses are made. */
  readonly #guesses: BatchGuesses | null;
  readonly #guessWriter: RowWriter;
  /** The guesses the step reads, in the rows after those of the live sequences. */
  #guessed: readonly GuessedRow[] = [];
  #ordered = true;
  #steps = 0;

  constructor(decoder: Decoder, options: SchedulerOptions) {
    const { slots, capacity, chunk = 512, saveBytes = 0, speculate = 0 } = options;
    const device = decoder.device;
    this.#decoder = decoder;
    this.#device = device;
    this.#capacity = capacity;
    this.#chunk = chunk;
    const guesses = speculate > 0 && RowWriter.fits(device);
    this.#cache = decoder.newCache(slots, capacity, guesses);
    this.#slots = new Slots(this.#cache, saveBytes);
    this.#rows = new StepLayout(slots + speculate + chunk);
    this.#observed = new ObservedPrompts(decoder);
    this.#measures = new RowMeasures(device, slots, decoder.config.vocab_size);
    const drafter = options.drafter ?? BatchModule.of(decoder, this.#cache) ?? new BatchLookup();
    this.#guesses = guesses ? new BatchGuesses(speculate, drafter) : null;
    this.#guessWriter = new RowWriter(device, decoder.config.vocab_size);
  }

  /** True when there is nothing to do; paused sequences do nothing. */
  get idle(): boolean {
    const couldStart = this.#waiting.length > 0 && (this.#slots.free > 0 || this.#paused.length === 0);
    return this.#reading.length + this.#live.length === 0 && !couldStart;
  }

  /** Sequences that could be added and start with the next step. */
  get freeSlots(): number {
    return Math.max(0, this.#slots.free - this.#waiting.length);
  }

  /** What the scheduler is at: sequences reading their prompt, writing, paused; bytes of the cache and of saved beginnings. */
  get state(): SchedulerState {
    return {
      reading: this.#reading.reduce((sum, { followers }) => sum + 1 + followers.length, 0),
      live: this.#live.length,
      paused: this.#paused.length,
      freeSlots: this.freeSlots,
      cacheBytes: this.#cache.bytes,
      savedBytes: this.#slots.savedBytes,
    };
  }

  /**
   * Queues a request.
   * @throws UserError where the prompt is empty, has an id outside the vocabulary, or does not fit with its new tokens
   */
  add(request: Request): Sequence {
    checkRequest(request, this.#decoder.config.vocab_size, this.#capacity);
    const sequence = new Sequence(request);
    if (request.maxTokens === 0) sequence.finish = "length";
    else this.#waiting.push(sequence);
    return sequence;
  }

  /** Ends a sequence where it is, for the reason given; it keeps the tokens it has. */
  cancel(sequence: Sequence, reason: Finish = "abort"): void {
    if (sequence.finish !== null) return;
    sequence.finish = reason;
    remove(this.#waiting, sequence);
    if (sequence.slot < 0) return;
    remove(this.#reading, sequence);
    remove(this.#live, sequence);
    remove(this.#paused, sequence);
    // Whoever waited for this prompt reads it anew.
    for (const follower of sequence.followers.splice(0).reverse()) {
      this.#slots.release(follower.slot);
      follower.slot = -1;
      this.#waiting.unshift(follower);
    }
    for (const leader of this.#reading) remove(leader.followers, sequence);
    this.#slots.release(sequence.slot);
  }

  /** A live sequence gets no more tokens until `resume`; it keeps its slot. False where it is not live. */
  pause(sequence: Sequence): boolean {
    if (!this.#live.includes(sequence)) return false;
    remove(this.#live, sequence);
    this.#paused.push(sequence);
    return true;
  }

  resume(sequence: Sequence): void {
    if (!this.#paused.includes(sequence)) return;
    remove(this.#paused, sequence);
    this.#live.push(sequence);
    this.#ordered = false;
  }

  /** Rows of the last step: new tokens, guesses and prompt tokens. */
  get rows(): number {
    return this.#rows.count;
  }

  /** Guesses of the last step, and how many of them were right. */
  get guessed(): { readonly drafted: number; readonly accepted: number } {
    return this.#guesses?.outcome ?? NO_GUESSES;
  }

  /** Forgets all cached beginnings: to be called when parameters have changed. */
  forget(): void {
    this.#slots.forget();
  }

  /** Gives the memory back. */
  close(): void {
    this.#cache.free();
    this.#measures.close();
    this.#guessWriter.close();
  }

  /**
   * One step: every live sequence gets a token, and further ones where they were guessed, up to `chunk` prompt tokens are read. Synchronous where host and device share
   * memory, so that a loop over it creates no promises.
   * @param onToken called for each new token, after `sequence.finish` is set if it was the last; also where a sequence failed,
   *   with `error` set and no new token
   * @param chunk reads fewer prompt tokens than the scheduler's own limit
   */
  step(onToken?: (sequence: Sequence) => void, chunk = this.#chunk): void | Promise<void> {
    this.#admit();
    this.#fillRows(Math.max(1, Math.min(chunk, this.#chunk)));
    if (this.#rows.count === 0) return;
    const hidden = this.#decoder.step(this.#cache, this.#rows);
    this.#steps++;
    this.#guesses?.follow(hidden, this.#rows, this.#live.length + this.#guessed.length, this.#rows.count);
    if (this.#observed.none) return this.#write(hidden, onToken);
    return this.#observed.show(hidden).then(() => this.#write(hidden, onToken));
  }

  /** Gives every live sequence its token. */
  #write(hidden: Tensor, onToken?: (sequence: Sequence) => void): void | Promise<void> {
    const device = this.#device;
    const live = this.#live.length;
    if (live === 0) {
      this.#endReads();
      return;
    }
    const rows = live + this.#guessed.length;
    const last = hidden.rows === rows ? hidden : firstRows(device, hidden, rows); // (live and guessed, hidden)
    const logits = this.#decoder.logits(last); // (live and guessed, vocabulary)
    const measures = this.#measures;
    measures.beforeChoice(logits, this.#live);
    if (logits.host === null || measures.lse.host === null) return this.#finishRemote(logits, onToken);
    this.#choose(logits.host, measures.lse.host);
    measures.ofChoice(logits, this.#live);
    this.#take(measures.logp.host!, measures.entropy.host!, onToken);
    if (this.#guesses !== null) {
      this.#takeGuessed(logits, live, onToken);
      this.#guesses.settle();
      this.#guesses.follow(hidden, this.#rows, 0, rows);
    }
  }

  async #finishRemote(logits: F32, onToken?: (sequence: Sequence) => void): Promise<void> {
    const device = this.#device;
    const measures = this.#measures;
    const [values, lse] = await Promise.all([device.read(logits), device.read(measures.lse)]);
    this.#choose(values, lse);
    measures.ofChoice(logits, this.#live);
    const [logp, entropy] = await Promise.all([device.read(measures.logp), device.read(measures.entropy)]);
    this.#take(logp, entropy, onToken);
  }

  /** Gives free slots to waiting sequences, each with whatever beginning of its prompt there is already. */
  #admit(): void {
    while (this.#waiting.length > 0 && this.#slots.free > 0) {
      const sequence = this.#waiting.shift()!;
      const { prompt, reusePrompt = true } = sequence.request;
      const leader = reusePrompt && this.#reading.find((other) => samePrompt(other.request.prompt, prompt));
      if (leader) {
        sequence.slot = this.#slots.takeEmpty();
        leader.followers.push(sequence);
        continue;
      }
      const { slot, kept } = reusePrompt ? this.#slots.take(prompt) : { slot: this.#slots.takeEmpty(), kept: 0 };
      sequence.slot = slot;
      sequence.cached = kept;
      // What a prediction module keeps of a token depends on the next one too, and that is another now.
      const again = this.#guesses?.followsTexts && kept > 0 && kept < prompt.length - 1 ? 1 : 0;
      sequence.position = kept - again;
      if (kept < prompt.length - 1) this.#reading.push(sequence);
      else this.#goLive(sequence);
    }
  }

  #goLive(sequence: Sequence): void {
    const { prompt } = sequence.request;
    sequence.feed = prompt[prompt.length - 1];
    this.#live.push(sequence);
    this.#ordered = false;
  }

  /** Lays out the step's rows: first the live ones, in runs of equal temperature, then guesses, then prompt tokens. */
  #fillRows(chunk: number): void {
    if (!this.#ordered) {
      this.#live.sort((a, b) => a.sampler.temperature - b.sampler.temperature); // stable
      this.#ordered = true;
    }
    const rows = this.#rows;
    rows.clear();
    for (const sequence of this.#live) {
      const { feed, slot, position } = sequence;
      rows.add(feed, sequence, position);
      this.#slots.write(slot, position, feed);
    }
    if (this.#guesses !== null) this.#guessed = this.#guesses.plan(this.#live);
    for (const { guesses, id, position } of this.#guessed) rows.add(id, guesses.sequence, position);
    // Each reads an equal share, so that a short prompt need not wait for a long one; the first ones take what is left over.
    let left = chunk;
    this.#observed.clear();
    for (let i = 0; i < this.#reading.length && left > 0; i++) {
      const sequence = this.#reading[i];
      const { prompt } = sequence.request;
      const share = Math.ceil(left / (this.#reading.length - i));
      const from = sequence.position;
      const end = Math.min(prompt.length - 1, from + share);
      left -= end - from;
      this.#observed.add(sequence, rows.count, end - from);
      for (let at = from; at < end; at++) {
        rows.add(prompt[at], sequence, at);
        this.#slots.write(sequence.slot, at, prompt[at]);
      }
      sequence.position = end;
    }
  }

  /** Moves sequences whose prompt is read to the live ones, with copies for those that wait for the same prompt. */
  #endReads(): void {
    let kept = 0;
    for (const sequence of this.#reading) {
      const length = sequence.request.prompt.length - 1;
      if (sequence.position < length) {
        this.#reading[kept++] = sequence;
        continue;
      }
      this.#goLive(sequence);
      for (const follower of sequence.followers.splice(0)) {
        this.#slots.copy(sequence.slot, follower.slot, length);
        follower.position = follower.cached = length;
        this.#goLive(follower);
      }
    }
    this.#reading.length = kept;
  }

  #choose(logits: Float32Array, lse: Float32Array): void {
    const vocabulary = this.#decoder.config.vocab_size;
    const { targets } = this.#measures;
    for (let r = 0; r < this.#live.length; r++) {
      const sequence = this.#live[r];
      try {
        targets[r] = chooseToken(sequence, logits, r * vocabulary, vocabulary, lse[r], this.#steps);
      } catch (error) {
        // One request's grammar or stop rule must not take the others down.
        sequence.error = error;
        targets[r] = -1;
      }
    }
  }

  #take(logp: Float32Array, entropy: Float32Array, onToken?: (sequence: Sequence) => void): void {
    const live = this.#live;
    const stepped = this.#stepped;
    const { targets } = this.#measures;
    stepped.length = 0;
    let kept = 0;
    for (let r = 0; r < live.length; r++) {
      const sequence = live[r];
      const id = targets[r];
      if (sequence.error === null && !Number.isFinite(logp[r])) sequence.error = notFinite(sequence, this.#steps);
      if (sequence.error !== null) sequence.finish = "abort";
      else {
        sequence.take(id, logp[r], entropy[r]);
        sequence.feed = id;
        sequence.position++;
      }
      if (sequence.finish === null) live[kept++] = sequence;
      else this.#slots.release(sequence.slot);
      stepped.push(sequence);
    }
    live.length = kept;
    this.#endReads();
    // Last, since a listener may cancel or add.
    if (onToken !== undefined) for (const sequence of stepped) onToken(sequence);
  }

  /**
   * Gives further tokens to the sequences whose last one was guessed, each after its listener has heard of the one before. What was read
   * of wrong guesses stays unknown to the slots and is written over.
   */
  #takeGuessed(logits: F32, live: number, onToken?: (sequence: Sequence) => void): void {
    for (const [i, { guesses, id, position }] of this.#guessed.entries()) {
      const { sequence } = guesses;
      if (sequence.position !== position || sequence.feed !== id || !this.#live.includes(sequence)) continue;
      this.#slots.write(sequence.slot, position, id);
      guesses.accept();
      try {
        sequence.feed = this.#guessWriter.write(sequence, logits, live + i, this.#steps);
        sequence.position++;
      } catch (error) {
        sequence.error = error;
        sequence.finish = "abort";
      }
      if (sequence.finish !== null) {
        remove(this.#live, sequence);
        this.#slots.release(sequence.slot);
      }
      onToken?.(sequence);
    }
  }
}

export interface SchedulerState {
  readonly reading: number;
  readonly live: number;
  readonly paused: number;
  readonly freeSlots: number;
  readonly cacheBytes: number;
  readonly savedBytes: number;
}

function firstRows(device: Device, hidden: Tensor, rows: number): Tensor {
  return new Tensor(device.slice(hidden.buf, 0, rows * hidden.width), rows, hidden.width);
}

function samePrompt(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

/**
 * The slots of a cache and the tokens whose keys and values each holds: a request gets the slot that lets it read least. What a
 * slot held is saved before another sequence overwrites it, where there is memory for that.
 */
import type { KvCache } from "../../model/cache.ts";
import { SavedBlocks } from "./saved-blocks.ts";

/** Copying fewer positions than this costs more than reading them again. */
const LEAST_COPIED = 8;

export class Slots {
  readonly #cache: KvCache;
  readonly #held: readonly Held[];
  /** Longest free first. */
  readonly #free: number[];
  readonly #saved: SavedBlocks | null;

  /** @param saveBytes memory for beginnings whose slot went to another sequence */
  constructor(cache: KvCache, saveBytes: number) {
    this.#cache = cache;
    this.#held = Array.from({ length: cache.slots }, () => ({ tokens: new Int32Array(cache.capacity), length: 0 }));
    this.#free = Array.from({ length: cache.slots }, (_, slot) => slot);
    this.#saved = saveBytes > 0 ? SavedBlocks.within(saveBytes, cache) : null;
  }

  get free(): number {
    return this.#free.length;
  }

  /** Bytes of saved beginnings. */
  get savedBytes(): number {
    return this.#saved?.bytes ?? 0;
  }

  /** Takes the slot that is cheapest to fill with this prompt; `kept` of its tokens are in it then, never the last one. */
  take(prompt: ArrayLike<number>): { readonly slot: number; readonly kept: number } {
    const wanted = prompt.length - 1;
    let best = 0;
    let kept = this.#shared(this.#free[0], prompt, wanted);
    for (let i = 1; i < this.#free.length; i++) {
      const here = this.#shared(this.#free[i], prompt, wanted);
      if (here > kept) [best, kept] = [i, here];
    }
    let from = -1;
    let copied = Math.max(kept, LEAST_COPIED - 1);
    for (let slot = 0; slot < this.#held.length && copied < wanted; slot++) {
      const here = this.#shared(slot, prompt, wanted);
      if (here > copied) [from, copied] = [slot, here];
    }
    const restorable = this.#saved?.match(prompt, wanted) ?? 0;
    if (restorable > copied) {
      const slot = this.#take(best, 0);
      // Saving what the slot held may have pushed some of it out.
      const restored = this.#saved!.restore(slot, prompt, restorable);
      this.#hold(slot, prompt, restored);
      return { slot, kept: restored };
    }
    const slot = this.#take(best, from < 0 ? kept : 0);
    if (from < 0) return { slot, kept };
    this.copy(from, slot, copied);
    return { slot, kept: copied };
  }

  /** Takes a slot that is to be filled by `copy` later, or from nothing. */
  takeEmpty(): number {
    return this.#take(0, 0);
  }

  /** Copies what another slot has read. */
  copy(from: number, to: number, length: number): void {
    this.#cache.copy(from, to, length);
    this.#hold(to, this.#held[from].tokens, length);
  }

  /** A slot's position now holds a token, and nothing after it. */
  write(slot: number, position: number, token: number): void {
    const held = this.#held[slot];
    held.tokens[position] = token;
    held.length = position + 1;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }

  /** Forgets all beginnings. */
  forget(): void {
    for (const held of this.#held) held.length = 0;
    this.#saved?.clear();
  }

  #take(freeIndex: number, kept: number): number {
    const slot = this.#free.splice(freeIndex, 1)[0];
    const held = this.#held[slot];
    if (kept < held.length) this.#saved?.save(slot, held.tokens, held.length);
    held.length = kept;
    return slot;
  }

  #hold(slot: number, tokens: ArrayLike<number>, length: number): void {
    const held = this.#held[slot];
    for (let i = 0; i < length; i++) held.tokens[i] = tokens[i];
    held.length = length;
  }

  #shared(slot: number, prompt: ArrayLike<number>, wanted: number): number {
    const { tokens, length } = this.#held[slot];
    const end = Math.min(length, wanted);
    let same = 0;
    while (same < end && tokens[same] === prompt[same]) same++;
    return same;
  }
}

interface Held {
  readonly tokens: Int32Array;
  length: number;
}

/**
 * Beginnings kept outside the cache's slots, so that a slot can go to another sequence without the loss of what was read. They
 * lie in ordinary memory and are copied back bit for bit; a block of a slot is whole runs of the cache's memory (model/cache.ts).
 */
import type { KvCache } from "../../model/cache.ts";
import { BLOCK, BlockTree } from "./block-tree.ts";

export class SavedBlocks {
  readonly #cache: KvCache;
  readonly #tree: BlockTree<Float32Array>;
  readonly #floats: number;

  /** Null where the limit has no room for a block, or the device's memory is not the host's. */
  static within(bytes: number, cache: KvCache): SavedBlocks | null {
    const limit = Math.floor(bytes / (4 * blockFloats(cache)));
    return limit < 1 || cache.keys.some(({ host }) => host === null) ? null : new SavedBlocks(cache, limit);
  }

  private constructor(cache: KvCache, limit: number) {
    this.#cache = cache;
    this.#tree = new BlockTree(limit);
    this.#floats = blockFloats(cache);
  }

  get bytes(): number {
    return 4 * this.#floats * this.#tree.size;
  }

  /** How many of the first `length` tokens could be restored; they are kept longest now. */
  match(tokens: ArrayLike<number>, length: number): number {
    return BLOCK * this.#tree.find(tokens, length).length;
  }

  /** Saves the whole blocks among a slot's first `length` positions, which hold these tokens. */
  save(slot: number, tokens: ArrayLike<number>, length: number): void {
    this.#tree.put(tokens, length, (block, spare) => {
      const values = spare ?? new Float32Array(this.#floats);
      forEachRun(this.#cache, slot, block, (memory, start, size, at) => {
        values.set(memory.subarray(start, start + size), at);
      });
      return values;
    });
  }

  /** Fills the beginning of a slot with as many of the first `length` tokens as are there, and says how many. */
  restore(slot: number, tokens: ArrayLike<number>, length: number): number {
    const found = this.#tree.find(tokens, length);
    for (const [block, values] of found.entries()) {
      forEachRun(this.#cache, slot, block, (memory, start, size, at) => {
        memory.set(values.subarray(at, at + size), start);
      });
    }
    return BLOCK * found.length;
  }

  clear(): void {
    this.#tree.clear();
  }
}

function blockFloats({ keys, shape }: KvCache): number {
  return keys.length * shape.keyHeads * (shape.keyDim + shape.valueDim) * BLOCK;
}

/** The runs of memory a slot's block consists of, and where each stands in the saved block. */
function forEachRun(
  { keys, values, capacity, shape }: KvCache,
  slot: number,
  block: number,
  visit: (memory: Float32Array, start: number, size: number, at: number) => void,
): void {
  let at = 0;
  for (let layer = 0; layer < keys.length; layer++)
    for (const [buffer, width] of [
      [keys[layer], shape.keyDim],
      [values[layer], shape.valueDim],
    ] as const)
      for (let head = 0; head < shape.keyHeads; head++) {
        const size = width * BLOCK;
        visit(buffer.host!, (slot * shape.keyHeads + head) * width * capacity + block * size, size, at);
        at += size;
      }
}

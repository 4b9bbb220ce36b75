/**
 * Decoding steps over a cache. This is the hot path of generation: index buffers, the pass and every result are made once
 * and used again, so that a step of one token costs its kernels and little else.
 */
import { UserError } from "../error.ts";
import type { Device, F32, I32 } from "../kernels/kernels.ts";
import type { Rotation } from "../tensor/attention.ts";
import type { Pass } from "../tensor/space.ts";
import { StepSpace } from "../tensor/step-space.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Rows } from "./attention/attention.ts";
import { checkedId } from "./batch.ts";
import type { KvCache } from "./cache.ts";

/** The rows of a step, on the host; arrays may be longer than `count` and are free to be reused after the call. */
export interface StepRows {
  readonly count: number;
  readonly ids: Int32Array;
  /** The cache slot of each row; a slot's rows come in the order of their positions. */
  readonly slots: Int32Array;
  /** The position of each row in its slot: every position before it is in the cache or in this step. */
  readonly positions: Int32Array;
}

type Run = (pass: Pass, ids: I32, count: number, rows: Rows) => Tensor;
/** hidden (rows, hidden) -> logits (rows, vocabulary). */
type Head = (pass: Pass, hidden: Tensor) => Tensor;

interface Live {
  positions: I32;
  rotation: Rotation;
  readonly packed: null;
  readonly cached: { slots: I32; positions: I32; capacity: number; longest: number; cache: KvCache };
}

export class Stepper {
  readonly #device: Device;
  readonly #vocabulary: number;
  readonly #head: Head;
  readonly #run: Run;
  readonly #space: StepSpace;
  readonly #pass: Pass;
  readonly #pickSpace: StepSpace;
  readonly #logitSpace: StepSpace;
  readonly #logitPass: Pass;
  #rowCapacity = 0;
  #ids: I32;
  #slots: I32;
  #positions: I32;
  #live: Live | null = null;

  constructor(device: Device, vocabulary: number, head: Head, run: Run) {
    this.#device = device;
    this.#vocabulary = vocabulary;
    this.#head = head;
    this.#run = run;
    this.#space = new StepSpace(device);
    this.#pass = { device, tape: null, space: this.#space };
    this.#pickSpace = new StepSpace(device);
    this.#logitSpace = new StepSpace(device);
    this.#logitPass = { device, tape: null, space: this.#logitSpace };
    [this.#ids, this.#slots, this.#positions] = [device.i32(1), device.i32(1), device.i32(1)];
  }

  step(cache: KvCache, rows: StepRows, rotation: Rotation): Tensor {
    const { count } = rows;
    const longest = this.#check(cache, rows);
    if (count > this.#rowCapacity) this.#grow(count);
    this.#write(this.#ids, rows.ids, count);
    this.#write(this.#slots, rows.slots, count);
    this.#write(this.#positions, rows.positions, count);
    this.#live ??= {
      positions: this.#positions,
      rotation,
      packed: null,
      cached: { slots: this.#slots, positions: this.#positions, capacity: 0, longest: 0, cache },
    };
    const live = this.#live;
    live.rotation = rotation;
    live.cached.cache = cache;
    live.cached.capacity = cache.capacity;
    live.cached.longest = longest;
    this.#space.begin(count);
    return this.#run(this.#pass, this.#ids, count, live);
  }

  pick(hidden: Tensor, indices: Int32Array, count: number): Tensor {
    this.#pickSpace.begin(count);
    const at = this.#pickSpace.ints(count);
    this.#write(at, indices, count);
    const picked = this.#pickSpace.tensor(count, hidden.width);
    this.#device.embedding(hidden.buf, at, picked.buf, count, hidden.width);
    return picked;
  }

  logits(hidden: Tensor): F32 {
    this.#logitSpace.begin(hidden.rows);
    return this.#head(this.#logitPass, hidden).buf;
  }

  free(): void {
    for (const space of [this.#space, this.#pickSpace, this.#logitSpace]) space.free();
    for (const buffer of [this.#ids, this.#slots, this.#positions]) this.#device.free(buffer);
  }

  /** The longest sequence after this step. */
  #check(cache: KvCache, { count, ids, slots, positions }: StepRows): number {
    if (!(count > 0) || count > ids.length || count > slots.length || count > positions.length)
      throw new UserError(`a step of ${count} rows needs as many ids, slots and positions, at least one.`);
    let longest = 0;
    for (let i = 0; i < count; i++) {
      checkedId(ids[i], this.#vocabulary);
      if (slots[i] < 0 || slots[i] >= cache.slots)
        throw new UserError(`slot ${slots[i]} is not in the cache, which has ${cache.slots}.`);
      if (positions[i] < 0 || positions[i] >= cache.capacity)
        throw new UserError(`position ${positions[i]} is not in the cache, which holds ${cache.capacity}.`);
      if (positions[i] >= longest) longest = positions[i] + 1;
    }
    return longest;
  }

  #grow(count: number): void {
    for (const buffer of [this.#ids, this.#slots, this.#positions]) this.#device.free(buffer);
    this.#rowCapacity = Math.max(count, 2 * this.#rowCapacity);
    this.#ids = this.#device.i32(this.#rowCapacity);
    this.#slots = this.#device.i32(this.#rowCapacity);
    this.#positions = this.#device.i32(this.#rowCapacity);
    this.#live = null;
  }

  #write(buffer: I32, values: Int32Array, count: number): void {
    this.#device.write(buffer, values.length === count ? values : values.subarray(0, count));
  }
}

/** Attention, its gradient, the key-value cache and MLA's keys on the CPU; each thread gets scratch for one head. */
import type { AttentionKernels, AttentionShape, F32 } from "../kernels.ts";
import * as op from "./assembly/operations.ts";
import type { CpuMemory } from "./memory.ts";
import type { Pool } from "./pool.ts";

export function attentionKernels(pool: Pool, memory: CpuMemory): AttentionKernels {
  const { int, float, run } = pool;
  const put = (...words: readonly number[]) => int.set(words);
  /** Runs a kernel whose last two arguments, from word `at` on, are the threads' scratch of so many floats each. */
  const runWithScratch = (operation: number, at: number, floats: number, parallel: boolean) => {
    const bytes = Math.ceil(floats / 16) * 64;
    const mark = memory.mark();
    int[at] = memory.scratch(bytes * (parallel ? pool.threads : 1));
    int[at + 1] = bytes;
    run(operation, parallel);
    memory.release(mark);
  };

  return {
    mlaKeys(kv, kpe, k, v, rows, heads, nope, rope, valueDim, strideKpe) {
      put(kv.handle, kpe.handle, k.handle, v.handle, rows, heads, nope, rope, valueDim, strideKpe);
      run(op.MLA_KEYS, large(kv));
    },
    mlaKeysGrad(dk, dv, dkv, dkpe, rows, heads, nope, rope, valueDim, strideKpe) {
      put(dk.handle, dv.handle, dkv.handle, dkpe.handle, rows, heads, nope, rope, valueDim, strideKpe);
      run(op.MLA_KEYS_GRAD, large(dkv));
    },

    attention(q, k, v, o, lse, starts, sequences, longest, shape) {
      put(q.handle, k.handle, v.handle, o.handle, lse.handle, starts.handle, sequences, longest);
      putShape(8, shape);
      int[15] = shape.window ?? 0;
      const { keyDim, valueDim } = shape;
      const room = up8(longest);
      const floats = room * (keyDim + up8(valueDim)) + 6 * keyDim + 6 * room + 256;
      runWithScratch(op.ATTENTION, 13, floats, large(q));
    },
    attentionGrad(dO, q, k, v, o, lse, dq, dk, dv, starts, sequences, longest, shape) {
      put(dO.handle, q.handle, k.handle, v.handle, o.handle, lse.handle, dq.handle, dk.handle, dv.handle);
      int[9] = starts.handle;
      int[10] = sequences;
      int[11] = longest;
      putShape(12, shape);
      int[19] = shape.window ?? 0;
      const { keyDim, valueDim } = shape;
      const room = up8(longest);
      const [keyRoom, valueRoom] = [up8(keyDim), up8(valueDim)];
      const floats =
        room * (keyDim + valueDim + 2 * keyRoom + valueRoom + 48) +
        6 * (keyDim + valueDim) +
        24 * (keyRoom + valueRoom) +
        120;
      runWithScratch(op.ATTENTION_GRAD, 17, floats, large(q));
    },

    cacheAppend(k, v, cacheK, cacheV, slots, positions, rows, capacity, { keyHeads, keyDim, valueDim }) {
      put(k.handle, v.handle, cacheK.handle, cacheV.handle, slots.handle, positions.handle, rows, capacity);
      int[8] = keyHeads;
      int[9] = keyDim;
      int[10] = valueDim;
      run(op.CACHE_APPEND, large(k));
    },
    attentionCached(q, cacheK, cacheV, o, slots, positions, rows, capacity, longest, shape) {
      put(q.handle, cacheK.handle, cacheV.handle, o.handle, slots.handle, positions.handle, rows, capacity, longest);
      putShape(9, shape);
      int[16] = shape.window ?? 0;
      const floats = 6 * (shape.keyDim + shape.valueDim + up8(longest) + 64) + 256;
      const work = rows * longest * shape.queryHeads * (shape.keyDim + shape.valueDim);
      runWithScratch(op.ATTENTION_CACHED, 14, floats, work > 40_000);
    },
    attentionLatent(q, cache, z, slots, positions, rows, capacity, longest, heads, rank, rope, scale) {
      put(q.handle, cache.handle, z.handle, slots.handle, positions.handle, rows, capacity, heads, rank, rope);
      float[10] = scale;
      const work = rows * longest * heads * (2 * rank + rope);
      runWithScratch(op.ATTENTION_LATENT, 11, 6 * up8(longest) + 256, work > 40_000);
    },
    cacheCopy(cacheK, cacheV, from, to, length, capacity, { keyHeads, keyDim, valueDim }) {
      put(cacheK.handle, cacheV.handle, from, to, length, capacity, keyHeads, keyDim, valueDim);
      run(op.CACHE_COPY, keyHeads * (keyDim + valueDim) * length > 16_384);
    },
  };

  function putShape(at: number, shape: AttentionShape): void {
    int[at] = shape.queryHeads;
    int[at + 1] = shape.keyHeads;
    int[at + 2] = shape.keyDim;
    int[at + 3] = shape.valueDim;
    float[at + 4] = shape.scale;
  }
}

/** Whether waking the other threads pays. */
const large = (x: F32): boolean => x.length > 8192;
const up8 = (n: number): number => (n + 7) & ~7;

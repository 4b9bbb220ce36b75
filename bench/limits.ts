/** What this machine gives at most to our kernels: bytes read from memory and multiply-adds in registers, a second. */
import { PEAK, PEAK_DOT, READ_MEMORY } from "../src/kernels/cpu/assembly/operations.ts";
import { type Pool, startPool } from "../src/kernels/cpu/pool.ts";

export interface MachineLimits {
  /** Bytes a second from memory that no cache holds. */
  readonly bytes: number;
  /** Multiply-adds a second of 8-bit and 16-bit whole numbers and of floats. */
  readonly narrow: number;
  readonly wide: number;
  readonly floats: number;
}

/** Bytes to read: several times what a last-level cache holds. */
const megabytes = 192;

/** Measures for about half a second; the best of several short runs. */
export async function machineLimits(threads: number): Promise<MachineLimits> {
  const pool = await startPool(threads);
  const parallel = threads > 1;
  const heap = pool.heap;
  const from = (heap + 512 * threads + 63) & ~63;
  pool.memory.grow(megabytes * 16 + 2);
  new Uint8Array(pool.memory.buffer, from, megabytes << 20).fill(1);
  const quarter = (megabytes << 20) / 4;
  let part = 0;
  const bytes = best(16, quarter, () => {
    pool.int[0] = from + quarter * (part++ % 4);
    pool.int[1] = quarter;
    pool.int[2] = heap;
    pool.run(READ_MEMORY, parallel);
  });
  const lanes = pool.build === "wide" ? 2 : 1; // of 128 bits
  const turns = 20_000;
  const dot = (wide: 0 | 1) =>
    best(24, threads * turns * 16 * (wide ? 8 : 16), () => {
      pool.int[0] = turns;
      pool.int[1] = wide;
      pool.int[2] = heap;
      pool.run(PEAK_DOT, parallel);
    });
  const floats = best(24, (threads * turns * 12 * 8 * 4 * lanes) / 4, () => runPeak(pool, turns / 4, heap, parallel));
  const limits = { bytes, narrow: dot(0), wide: dot(1), floats };
  await pool.close();
  return limits;
}

function runPeak(pool: Pool, turns: number, at: number, parallel: boolean): void {
  pool.int[0] = turns;
  pool.int[1] = at;
  pool.run(PEAK, parallel);
}

/** The most `amount` a second of `times` runs. */
function best(times: number, amount: number, run: () => void): number {
  let most = 0;
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    run();
    most = Math.max(most, (1000 * amount) / (performance.now() - started));
  }
  return most;
}

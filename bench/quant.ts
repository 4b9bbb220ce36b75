/**
 * Products with weights of few bits, one matrix that the caches hold: multiply-adds a second for 1 to 96 rows, and bytes of weights
 * a second for one row, by format; then rounding the activations. `node bench/quant.ts [threads] [outputs] [inputs]`, best of many
 * short runs.
 */
import { blockBytes, type GgmlType } from "../src/kernels/blocks/types.ts";
import { QUANT_ROWS } from "../src/kernels/cpu/assembly/operations.ts";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import { startPool } from "../src/kernels/cpu/pool.ts";

const [threads = 1, outputs = 1536, inputs = 768] = process.argv.slice(2).map(Number);
const formats: readonly GgmlType[] = [
  ...(["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"] as const),
  ...(["IQ4_NL", "IQ4_XS", "BF16", "F16"] as const),
];

const device = await cpuDevice({ threads });
process.stdout.write(`${threads} threads, ${outputs} x ${inputs}, 10^9 multiply-adds/s by rows\n`);
for (const format of formats) {
  // Bytes that make every half a number of usual size, whatever the format.
  const blocks = new Uint8Array(blockBytes(format, outputs * inputs));
  for (let i = 0; i < blocks.length; i++) blocks[i] = 0x28 | (Math.imul(i, 2654435761) >>> 29);
  const w = device.quantized(format, 1, outputs, inputs, blocks);
  const columns = [format.padEnd(7), `${((8 * w.bytes) / outputs / inputs).toFixed(2)} bits`];
  for (const rows of [1, 2, 3, 4, 96]) {
    const [x, y] = [device.f32(rows * inputs), device.f32(rows * outputs)];
    for (let i = 0; i < x.length; i++) x.host![i] = Math.sin(i);
    const seconds = best(() => device.linearQuantized(x, w, y, rows, inputs));
    columns.push(`${rows}: ${((rows * outputs * inputs) / seconds / 1e9).toFixed(1)}`);
    if (rows === 1) columns.push(`(${(w.bytes / seconds / 1e9).toFixed(1)} GB/s)`);
    for (const buffer of [x, y]) device.free(buffer);
  }
  process.stdout.write(`${columns.join("  ")}\n`);
  device.freeQuantized(w);
}
await device.close();

const pool = await startPool(1);
const rows = 64;
pool.memory.grow(64);
new Float32Array(pool.memory.buffer, pool.heap, rows * inputs).forEach((_, i, x) => {
  x[i] = Math.sin(i);
});
for (const [group, wide] of [
  [32, 0],
  [16, 0],
  [32, 1],
] as const) {
  const seconds = best(() => {
    pool.int.set([pool.heap, inputs * 4, rows, inputs, group, wide, 0, 0, 1, pool.heap + (1 << 20)]);
    pool.float[6] = 1;
    pool.run(QUANT_ROWS, false);
  });
  const what = `rounding to ${wide ? 16 : 8} bits in groups of ${group}`;
  process.stdout.write(`${what}: ${((seconds / rows / inputs) * 1e9).toFixed(2)} ns a number\n`);
}
await pool.close();

/** Seconds of one run, the best within a quarter of a second. */
function best(run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  const began = performance.now();
  while (performance.now() - began < 250) {
    const started = performance.now();
    for (let i = 0; i < 4; i++) run();
    least = Math.min(least, (performance.now() - started) / 4000);
  }
  return least;
}

/**
 * How near matrix products come to the machine: multiply-adds per second against a loop of nothing but multiply-adds in
 * registers, on one thread and on all; the shapes of training, batched decoding and one stream. `node bench/gemm.ts [--json]`.
 * Every figure is the best of several short runs, since other programs share the processors.
 */
import { PEAK } from "../src/kernels/cpu/assembly/operations.ts";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import { bestBuild, type Pool, startPool } from "../src/kernels/cpu/pool.ts";
import type { Device } from "../src/kernels/kernels.ts";

/** One line of the benchmark. */
export interface GemmResult {
  readonly name: string;
  /** Which product: y = x w^T, dx = dy w, dw = dy^T x, or one of them per expert. */
  readonly kind: Kind;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly groups: number;
  /** GFLOP/s on one thread and on `threads`. */
  readonly one: number;
  readonly many: number;
  /** one / peak, many / one. */
  readonly ofPeak: number;
  readonly speedup: number;
  /** Bytes of weights that pass by per second on one thread, in GB/s: the limit where rows are few. */
  readonly weightsPerSecond: number;
}

export interface GemmReport {
  readonly build: string;
  readonly threads: number;
  /** GFLOP/s of the register loop, one thread. */
  readonly peak: number;
  readonly peakMany: number;
  readonly results: readonly GemmResult[];
}

type Kind = "linear" | "gradInput" | "gradWeight" | "grouped" | "groupedGradInput" | "groupedGradWeight";
type Case = readonly [name: string, kind: Kind, rows: number, inner: number, columns: number, groups?: number];

/** The shapes measured. */
export const cases: readonly Case[] = [
  ...[128, 256, 384, 512, 768, 1024].map((n): Case => [`square ${n}`, "linear", n, n, n]),
  ["square", "gradInput", 512, 512, 512],
  ["square", "gradWeight", 512, 512, 512],
  ["training, narrow", "linear", 4096, 64, 48],
  ["training", "linear", 4096, 192, 192],
  ["training", "gradInput", 4096, 192, 192],
  ["training", "gradWeight", 4096, 192, 192],
  ["training, feed-forward", "linear", 4096, 192, 512],
  ["training, feed-forward", "gradInput", 4096, 192, 512],
  ["training, feed-forward", "gradWeight", 4096, 192, 512],
  ["training, narrow", "linear", 4096, 128, 96],
  ["training, narrow", "gradWeight", 4096, 128, 96],
  ["experts", "grouped", 4096, 192, 128, 16],
  ["experts", "groupedGradInput", 4096, 192, 128, 16],
  ["experts", "groupedGradWeight", 4096, 192, 128, 16],
  ["experts, few rows", "grouped", 256, 192, 128, 16],
  ["decode, 64 rows", "linear", 64, 192, 192],
  ["decode, 64 rows", "linear", 64, 192, 512],
  ["decode, 64 rows", "linear", 64, 64, 48],
  ["decode, 1 row", "linear", 1, 192, 192],
  ["decode, 1 row", "linear", 1, 192, 512],
  ["decode, 1 row, in cache 3", "linear", 1, 1024, 1024],
];

/** Runs the benchmark; `json` prints JSON lines in place of the table, `print` says where to. */
export async function run(
  options: { readonly json?: boolean; readonly threads?: number; readonly print?: (line: string) => void } = {},
): Promise<GemmReport> {
  const print = options.print ?? console.log;
  const [one, many] = [await cpuDevice({ threads: 1 }), await cpuDevice({ threads: options.threads })];
  const [pool, pools] = [await startPool(1), await startPool(many.threads)];
  const [peak, peakMany] = peaks([pool, pools]);
  const head = { build: bestBuild(), threads: many.threads, peak, peakMany };
  if (options.json) print(JSON.stringify({ bench: "gemm", ...head }));
  else {
    print(
      `multiply-add peak (${head.build}): ${peak.toFixed(1)} GFLOP/s on one thread, ${peakMany.toFixed(1)} on ${many.threads}`,
    );
    print(
      "product            shape                        rows   inner columns groups  1 thread of peak  threads  gain  weights",
    );
  }
  const results: GemmResult[] = [];
  for (const [name, kind, rows, inner, columns, groups = 1] of cases) {
    const flops = 2 * rows * inner * columns;
    const [runOne, runMany] = [
      product(one, kind, rows, inner, columns, groups),
      product(many, kind, rows, inner, columns, groups),
    ];
    const [bestOne, bestMany] = bestSeconds([runOne, runMany], flops);
    const result: GemmResult = {
      ...{ name, kind, rows, inner, columns, groups },
      one: flops / bestOne / 1e9,
      many: flops / bestMany / 1e9,
      ofPeak: flops / bestOne / 1e9 / peak,
      speedup: bestOne / bestMany,
      weightsPerSecond: (4 * groups * inner * columns) / bestOne / 1e9,
    };
    results.push(result);
    print(options.json ? JSON.stringify(result) : line(result));
  }
  for (const device of [one, many]) await device.close();
  for (const p of [pool, pools]) await p.close();
  return { ...head, results };
}

function line(r: GemmResult): string {
  const columns = [
    r.kind.padEnd(18),
    r.name.padEnd(26),
    ...[r.rows, r.inner, r.columns, r.groups].map((n) => String(n).padStart(6)),
    r.one.toFixed(1).padStart(10),
    r.ofPeak.toFixed(2).padStart(7),
    r.many.toFixed(1).padStart(8),
    r.speedup.toFixed(2).padStart(5),
    r.rows <= 64 ? `${r.weightsPerSecond.toFixed(1)} GB/s` : "",
  ];
  return columns.join(" ").trimEnd();
}

/** GFLOP/s of twelve independent multiply-adds in registers (of 128 bits; 256 in the wide build), on each pool. */
function peaks(pools: readonly [Pool, Pool]): readonly [number, number] {
  const turns = 10_000;
  const loops = pools.map((pool) => {
    const at = pool.heap;
    pool.memory.grow(1);
    return () => {
      pool.int[0] = turns;
      pool.int[1] = at;
      pool.run(PEAK, true);
    };
  }) as [() => void, () => void];
  const flops = turns * 12 * 8 * (pools[0].build === "wide" ? 16 : 8);
  const [one, many] = bestSeconds(loops, flops);
  return [flops / one / 1e9, (flops * pools[1].threads) / many / 1e9];
}

/** A closure that runs one product on the device. */
function product(device: Device, kind: Kind, rows: number, inner: number, columns: number, groups: number): () => void {
  const random = (length: number) => {
    const buffer = device.parameter(length);
    device.write(
      buffer,
      Float32Array.from({ length }, () => Math.random() - 0.5),
    );
    return buffer;
  };
  const [x, dy, w] = [random(rows * inner), random(rows * columns), random(groups * columns * inner)];
  const dw = device.f32(groups * columns * inner);
  const offsets = device.i32(groups + 1);
  // Uneven groups, as routers make them: the first has about three times the rows of the last.
  device.write(
    offsets,
    Array.from({ length: groups + 1 }, (_, g) => Math.round((rows * (g / groups) * (3 - g / groups)) / 2)),
  );
  switch (kind) {
    case "linear":
      return () => device.linear(x, w, dy, rows, inner, columns, inner, false);
    case "gradInput":
      return () => device.linearGradInput(dy, w, x, rows, inner, columns, inner, false);
    case "gradWeight":
      return () => device.linearGradWeight(dy, x, dw, rows, inner, columns, inner);
    case "grouped":
      return () => device.groupedLinear(x, w, dy, offsets, groups, rows, inner, columns);
    case "groupedGradInput":
      return () => device.groupedLinearGradInput(dy, w, x, offsets, groups, rows, inner, columns, false);
    case "groupedGradWeight":
      return () => device.groupedLinearGradWeight(dy, x, dw, offsets, groups, rows, inner, columns);
  }
}

/**
 * Seconds of one run of each, the best of many batches of about half a millisecond: short batches find the gaps between other
 * programs' time slices. Each keeps the machine for ten milliseconds at a time, so that its threads are awake, and they take
 * turns, so that whatever else the machine does hits both.
 */
function bestSeconds(runs: readonly [() => void, () => void], flops: number): [number, number] {
  const times = Math.max(1, Math.round(4e7 / flops));
  const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const began = performance.now();
  for (let turn = 0; turn < 12 || performance.now() - began < budget; turn++)
    for (const i of [0, 1] as const) {
      const turnBegan = performance.now();
      for (let start = turnBegan, end = start; end - turnBegan < 10; start = end) {
        for (let n = 0; n < times; n++) runs[i]();
        end = performance.now();
        best[i] = Math.min(best[i], (end - start) / times / 1000);
      }
    }
  return best;
}

/** Milliseconds a case is measured for. */
const budget = 400;

if (import.meta.main) await run({ json: process.argv.includes("--json") });

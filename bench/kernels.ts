/**
 * Speed of the CPU kernels around the matrix products, at the sizes a nano model trains and samples with:
 * `node bench/kernels.ts [threads] [relaxed|plain]`. Attention counts 2 operations per multiply-add below the diagonal (backward:
 * five products); the rest counts the bytes that have to move. Best of several repetitions.
 */
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import type { AttentionShape, Device, RouterShape } from "../src/kernels/kernels.ts";

const threads = process.argv[2] === undefined ? undefined : Number(process.argv[2]);
const build = process.argv[3] === "plain" ? "plain" : process.argv[3] === "relaxed" ? "relaxed" : undefined;
const device = await cpuDevice({ threads, build });
process.stdout.write(`${device.threads} threads${build === undefined ? "" : `, ${build} build`}\n`);

const routing: RouterShape = {
  ...{ experts: 16, topK: 4, groups: 1, topGroups: 1, groupScoreTop: 1 },
  ...{ scoring: "sigmoid", normalise: true, scale: 1 },
};

attention(8, 256, { queryHeads: 6, keyHeads: 6, keyDim: 32, valueDim: 32, scale: 0.18 });
attention(8, 256, { queryHeads: 6, keyHeads: 6, keyDim: 48, valueDim: 32, scale: 0.14 });
attention(20, 100, { queryHeads: 6, keyHeads: 6, keyDim: 48, valueDim: 32, scale: 0.14 });
attention(1, 512, { queryHeads: 4, keyHeads: 4, keyDim: 192, valueDim: 128, scale: 0.07 });
decoding(64, 100, { queryHeads: 6, keyHeads: 6, keyDim: 48, valueDim: 32, scale: 0.14 });
decoding(64, 100, { queryHeads: 8, keyHeads: 2, keyDim: 32, valueDim: 32, scale: 0.18 });
decoding(1, 100, { queryHeads: 6, keyHeads: 6, keyDim: 48, valueDim: 32, scale: 0.14 });
decoding(1, 2047, { queryHeads: 16, keyHeads: 16, keyDim: 192, valueDim: 128, scale: 0.07 });
absorbed(1, 2047, 16, 512, 64);
prefill(128, { queryHeads: 6, keyHeads: 6, keyDim: 48, valueDim: 32, scale: 0.14 });
experts(8192, 192, { ...routing, experts: 16, topK: 4 });
experts(512, 256, { ...routing, experts: 256, topK: 8, groups: 8, topGroups: 4, groupScoreTop: 2 });
loss(2048, 320);
loss(8, 129280);
optimizer(7_000_000);
await device.close();

function attention(sequences: number, length: number, shape: AttentionShape): void {
  const { queryHeads, keyHeads, keyDim, valueDim } = shape;
  const rows = sequences * length;
  const [q, k] = [random(rows * queryHeads * keyDim), random(rows * keyHeads * keyDim)];
  const [v, dO] = [random(rows * keyHeads * valueDim), random(rows * queryHeads * valueDim)];
  const [o, lse, starts] = [device.f32(dO.length), device.f32(rows * queryHeads), device.i32(sequences + 1)];
  const [dq, dk, dv] = [device.f32(q.length), device.f32(k.length), device.f32(v.length)];
  device.write(
    starts,
    Array.from({ length: sequences + 1 }, (_, s) => s * length),
  );
  const pairs = (sequences * queryHeads * length * (length + 1)) / 2;
  const name = `${sequences} x ${length} tokens, ${queryHeads} heads, ${keyDim}/${valueDim}`;
  report(`attention ${name}`, 2 * pairs * (keyDim + valueDim), "FLOP", () =>
    device.attention(q, k, v, o, lse, starts, sequences, length, shape),
  );
  report(`attentionGrad ${name}`, 2 * pairs * (3 * keyDim + 2 * valueDim), "FLOP", () =>
    device.attentionGrad(dO, q, k, v, o, lse, dq, dk, dv, starts, sequences, length, shape),
  );
}

function decoding(batch: number, position: number, shape: AttentionShape): void {
  const { queryHeads, keyHeads, keyDim, valueDim } = shape;
  const capacity = position + 60;
  const [cacheK, cacheV] = [
    random(batch * keyHeads * keyDim * capacity),
    random(batch * keyHeads * valueDim * capacity),
  ];
  const [k, v] = [random(batch * keyHeads * keyDim), random(batch * keyHeads * valueDim)];
  const [q, o] = [random(batch * queryHeads * keyDim), device.f32(batch * queryHeads * valueDim)];
  const [slots, positions] = [device.i32(batch), device.i32(batch)];
  for (let r = 0; r < batch; r++) {
    device.write(slots, [r], r);
    device.write(positions, [position], r);
  }
  const name = `${batch} rows at ${position}, ${queryHeads}/${keyHeads} heads, ${keyDim}/${valueDim}`;
  report(`attentionCached ${name}`, 4 * batch * keyHeads * (position + 1) * (keyDim + valueDim), "B", () =>
    device.attentionCached(q, cacheK, cacheV, o, slots, positions, batch, capacity, position + 1, shape),
  );
  report(`cacheAppend ${name}`, 8 * batch * keyHeads * (keyDim + valueDim), "B", () =>
    device.cacheAppend(k, v, cacheK, cacheV, slots, positions, batch, capacity, shape),
  );
}

/** The same step over latents: less memory to read, more to compute. */
function absorbed(batch: number, position: number, heads: number, rank: number, rope: number): void {
  const [capacity, width] = [position + 60, rank + rope];
  const cache = random(batch * capacity * width);
  const [q, z] = [random(batch * heads * width), device.f32(batch * heads * rank)];
  const [slots, positions] = [device.i32(batch), device.i32(batch)];
  device.write(
    slots,
    Array.from({ length: batch }, (_, i) => i),
  );
  device.write(positions, new Array<number>(batch).fill(position));
  report(
    `attentionLatent ${batch} rows at ${position}, ${heads} heads, ${rank} + ${rope}`,
    4 * batch * (position + 1) * width,
    "B",
    () => device.attentionLatent(q, cache, z, slots, positions, batch, capacity, position + 1, heads, rank, rope, 0.07),
  );
}

function prefill(rows: number, shape: AttentionShape): void {
  const { queryHeads, keyHeads, keyDim, valueDim } = shape;
  const [cacheK, cacheV] = [random(keyHeads * keyDim * rows), random(keyHeads * valueDim * rows)];
  const [q, o] = [random(rows * queryHeads * keyDim), device.f32(rows * queryHeads * valueDim)];
  const [slots, positions] = [device.i32(rows), device.i32(rows)];
  device.write(
    positions,
    Array.from({ length: rows }, (_, r) => r),
  );
  report(
    `attentionCached prefill of ${rows}, ${queryHeads} heads, ${keyDim}/${valueDim}`,
    queryHeads * rows * (rows + 1) * (keyDim + valueDim),
    "FLOP",
    () => device.attentionCached(q, cacheK, cacheV, o, slots, positions, rows, rows, rows, shape),
  );
}

function experts(rows: number, width: number, shape: RouterShape): void {
  const pairs = rows * shape.topK;
  const [logits, bias, x, y] = [
    random(rows * shape.experts),
    random(shape.experts),
    random(rows * width),
    random(rows * width),
  ];
  const [indices, order, position] = [device.i32(pairs), device.i32(pairs), device.i32(pairs)];
  const [offsets, loads] = [device.i32(shape.experts + 1), device.i32(shape.experts)];
  const [weights, dweights, dlogits] = [device.f32(pairs), random(pairs), device.f32(rows * shape.experts)];
  const [gathered, de] = [device.f32(pairs * width), device.f32(pairs * width)];
  const name = `${rows} rows, ${shape.topK} of ${shape.experts} experts`;
  const routed = 4 * rows * (shape.experts + 2 * shape.topK);
  report(`router ${name}`, routed, "B", () => device.router(logits, bias, indices, weights, rows, shape));
  report(`routerGrad ${name}`, routed + 4 * rows * shape.experts, "B", () =>
    device.routerGrad(dweights, logits, indices, weights, dlogits, rows, shape),
  );
  report(`moePlan ${name}`, 12 * pairs, "B", () =>
    device.moePlan(indices, order, position, offsets, loads, rows, shape.topK, shape.experts),
  );
  const moved = 4 * width * (rows + pairs);
  report(`moeGather ${name}, width ${width}`, moved, "B", () =>
    device.moeGather(x, order, gathered, rows, shape.topK, width),
  );
  report(`moeCombine ${name}, width ${width}`, moved, "B", () =>
    device.moeCombine(gathered, position, weights, y, rows, shape.topK, width, false),
  );
  report(`moeCombineGrad ${name}, width ${width}`, moved + 4 * width * pairs, "B", () =>
    device.moeCombineGrad(y, gathered, position, weights, de, dweights, rows, shape.topK, width),
  );
  report(`moeGatherGrad ${name}, width ${width}`, moved, "B", () =>
    device.moeGatherGrad(de, position, x, rows, shape.topK, width, false),
  );
}

function loss(rows: number, vocabulary: number): void {
  const logits = random(rows * vocabulary);
  const [targets, dlogits] = [device.i32(rows), device.f32(rows * vocabulary)];
  const [logp, lse, entropy, dlogp] = [device.f32(rows), device.f32(rows), device.f32(rows), random(rows)];
  report(`tokenLogProbs ${rows} x ${vocabulary}`, 4 * rows * vocabulary, "B", () =>
    device.tokenLogProbs(logits, targets, logp, lse, entropy, rows, vocabulary, 1),
  );
  report(`tokenLogProbsGrad ${rows} x ${vocabulary}`, 8 * rows * vocabulary, "B", () =>
    device.tokenLogProbsGrad(logits, targets, lse, dlogp, dlogits, rows, vocabulary, 1),
  );
}

function optimizer(parameters: number): void {
  const [p, g, m, v] = [random(parameters), random(parameters), device.f32(parameters), device.f32(parameters)];
  report(`adamw ${parameters} parameters`, 28 * parameters, "B", () =>
    device.adamw(p, g, m, v, 1e-3, 0.9, 0.95, 1e-8, 0.1, 1),
  );
  report(`muonMomentum ${parameters} parameters`, 16 * parameters, "B", () => device.muonMomentum(g, m, v, 0.95, true));
}

/** Prints the best time of a kernel and how much of `work` that is in a second; runs it for about a quarter of a second. */
function report(name: string, work: number, unit: "FLOP" | "B", run: () => void): void {
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + 250;
  for (let n = 0; n < 5 || (performance.now() < end && n < 1000); n++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  const rate = work / best / 1e6;
  process.stdout.write(
    `${name.padEnd(72)} ${best.toFixed(3).padStart(8)} ms ${rate.toFixed(1).padStart(7)} G${unit}/s\n`,
  );
}

function random(length: number): ReturnType<Device["f32"]> {
  const buffer = device.f32(length);
  const values = buffer.host!;
  for (let i = 0; i < length; i++) values[i] = Math.random() * 2 - 1;
  return buffer;
}

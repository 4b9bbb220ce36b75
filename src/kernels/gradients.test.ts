/**
 * Every gradient kernel of the CPU device against finite differences of the reference's forward kernels, and against the
 * reference's gradient. The reference computes in double precision but stores floats, so steps are large (1/64) and two of
 * them are extrapolated: what is left of the curvature is of fourth order, and rounding stays near 1e-5.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cpuDevice } from "./cpu/device.ts";
import type { AttentionShape, Device, F32, I32, RouterShape } from "./kernels.ts";
import { referenceDevice } from "./reference/device.ts";

const truth = referenceDevice();
const devices: Device[] = [];
before(async () => {
  devices.push(await cpuDevice({ build: "relaxed", threads: 2 }), await cpuDevice({ build: "plain", threads: 1 }));
});
after(() => Promise.all(devices.map((device) => device.close())));

/** A differentiable call: `inputs` are lengths; `forward` gives outputs, `backward` the inputs' gradients, in order. */
interface Case {
  readonly inputs: readonly number[];
  readonly forward: (device: Device, inputs: readonly F32[], make: Make) => readonly F32[];
  readonly backward: (device: Device, inputs: readonly F32[], dOutputs: readonly F32[], make: Make) => readonly F32[];
  /** Where given, the inputs' values instead of normal ones. */
  readonly values?: (random: () => number) => readonly (readonly number[])[];
}

/** Makes buffers on one device. */
interface Make {
  f32(length: number): F32;
  floats(values: readonly number[]): F32;
  ints(values: readonly number[]): I32;
}

test("linear: gradients of the input, a slice of wider rows, and of the weight", () => {
  const [rows, inner, columns, stride] = [5, 7, 11, 9];
  return check({
    inputs: [rows * stride, columns * inner],
    forward: (on, [x, w], make) => {
      const y = make.f32(rows * columns);
      on.linear(x!, w!, y, rows, inner, columns, stride, false);
      return [y];
    },
    backward: (on, [x, w], [dy], make) => {
      const [dx, dw] = [make.f32(rows * stride), make.f32(columns * inner)];
      on.linearGradInput(dy!, w!, dx, rows, inner, columns, stride, false);
      on.linearGradWeight(dy!, x!, dw, rows, inner, columns, stride);
      return [dx, dw];
    },
  });
});

test("groupedLinear: gradients of the input and of every group's weight, empty groups too", () => {
  const [groups, rows, inner, columns] = [4, 9, 6, 5];
  const offsets = [0, 3, 3, 4, 9];
  return check({
    inputs: [rows * inner, groups * columns * inner],
    forward: (on, [x, w], make) => {
      const y = make.f32(rows * columns);
      on.groupedLinear(x!, w!, y, make.ints(offsets), groups, rows, inner, columns);
      return [y];
    },
    backward: (on, [x, w], [dy], make) => {
      const [dx, dw] = [make.f32(rows * inner), make.f32(groups * columns * inner)];
      on.groupedLinearGradInput(dy!, w!, dx, make.ints(offsets), groups, rows, inner, columns, false);
      on.groupedLinearGradWeight(dy!, x!, dw, make.ints(offsets), groups, rows, inner, columns);
      return [dx, dw];
    },
  });
});

test("rmsNorm: gradients of the input, a slice of wider rows, and of the weight", () => {
  const [rows, width, strideX, strideY] = [6, 21, 25, 22];
  return check({
    inputs: [rows * strideX, width],
    forward: (on, [x, w], make) => {
      const y = make.f32(rows * strideY);
      on.rmsNorm(x!, w!, y, rows, width, 1e-6, strideX, strideY);
      return [y];
    },
    backward: (on, [x, w], [dy], make) => {
      const [dx, dw] = [make.f32(rows * strideX), make.f32(width)];
      on.rmsNormGrad(dy!, x!, w!, dx, dw, rows, width, 1e-6, strideX, strideY, false);
      return [dx, dw];
    },
  });
});

test("addBias: the gradient of the bias is the sum over rows", () => {
  const [rows, width] = [7, 19];
  return check({
    inputs: [width],
    forward: (on, [b], make) => {
      const y = make.f32(rows * width);
      on.addBias(y, b!, rows, width);
      return [y];
    },
    backward: (on, _inputs, [dy], make) => {
      const db = make.f32(width);
      on.biasGrad(dy!, db, rows, width);
      return [db];
    },
  });
});

test("swiglu: gradients of gate and up", () => {
  const length = 77;
  return check({
    inputs: [length, length],
    forward: (on, [gate, up], make) => {
      const y = make.f32(length);
      on.swiglu(gate!, up!, y);
      return [y];
    },
    backward: (on, [gate, up], [dy], make) => {
      const [dgate, dup] = [make.f32(length), make.f32(length)];
      on.swigluGrad(dy!, gate!, up!, dgate, dup);
      return [dgate, dup];
    },
  });
});

for (const interleaved of [true, false])
  test(`rope: the inverse rotation is the gradient (${interleaved ? "interleaved pairs" : "halves"})`, () => {
    const [rows, heads, width, dim] = [4, 3, 10, 6];
    const angles = Array.from({ length: 20 * (dim / 2) }, (_, i) => i * 0.37);
    const table = angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);
    const rotated = (on: Device, x: F32, make: Make, inverse: boolean): F32 => {
      const y = make.f32(x.length);
      on.copy(x, y);
      const positions = make.ints([0, 3, 19, 7]);
      on.rope(y, make.floats(table), positions, rows, heads, heads * width, width, dim, interleaved, inverse);
      return y;
    };
    return check({
      inputs: [rows * heads * width],
      forward: (on, [x], make) => [rotated(on, x!, make, false)],
      backward: (on, _inputs, [dy], make) => [rotated(on, dy!, make, true)],
    });
  });

test("embedding: the gradient of a row sums over its uses", () => {
  const [vocabulary, width, ids] = [5, 9, [3, 1, 3, 3, 0]];
  return check({
    inputs: [vocabulary * width],
    forward: (on, [table], make) => {
      const y = make.f32(ids.length * width);
      on.embedding(table!, make.ints(ids), y, ids.length, width);
      return [y];
    },
    backward: (on, _inputs, [dy], make) => {
      const dtable = make.f32(vocabulary * width);
      on.embeddingGrad(dy!, make.ints(ids), dtable, ids.length, width);
      return [dtable];
    },
  });
});

for (const [name, shape] of [
  ["a head each", { queryHeads: 2, keyHeads: 2, keyDim: 6, valueDim: 5, scale: 0.4 }],
  ["grouped queries", { queryHeads: 4, keyHeads: 2, keyDim: 4, valueDim: 8, scale: 0.5 }],
  ["a window of three positions", { queryHeads: 4, keyHeads: 2, keyDim: 4, valueDim: 8, scale: 0.5, window: 3 }],
] as const satisfies readonly (readonly [string, AttentionShape])[])
  test(`attention: gradients of queries, keys and values in packed sequences (${name})`, () => {
    const [rows, starts, longest] = [13, [0, 8, 8, 9, 13], 8];
    const { queryHeads, keyHeads, keyDim, valueDim } = shape;
    const run = (on: Device, [q, k, v]: readonly F32[], make: Make) => {
      const [o, lse] = [make.f32(rows * queryHeads * valueDim), make.f32(rows * queryHeads)];
      on.attention(q!, k!, v!, o, lse, make.ints(starts), starts.length - 1, longest, shape);
      return { o, lse };
    };
    return check({
      inputs: [rows * queryHeads * keyDim, rows * keyHeads * keyDim, rows * keyHeads * valueDim],
      forward: (on, inputs, make) => [run(on, inputs, make).o],
      backward: (on, inputs, [dO], make) => {
        const { o, lse } = run(on, inputs, make);
        const [q, k, v] = inputs as [F32, F32, F32];
        const [dq, dk, dv] = [make.f32(q.length), make.f32(k.length), make.f32(v.length)];
        on.attentionGrad(dO!, q, k, v, o, lse, dq, dk, dv, make.ints(starts), starts.length - 1, longest, shape);
        return [dq, dk, dv];
      },
    });
  });

test("mlaKeys: gradients of the expanded latent and of the shared rotary part", () => {
  const [rows, heads, nope, rope, valueDim, stride] = [4, 3, 5, 2, 6, 3];
  return check({
    inputs: [rows * heads * (nope + valueDim), rows * stride],
    forward: (on, [kv, kpe], make) => {
      const [k, v] = [make.f32(rows * heads * (nope + rope)), make.f32(rows * heads * valueDim)];
      on.mlaKeys(kv!, kpe!, k, v, rows, heads, nope, rope, valueDim, stride);
      return [k, v];
    },
    backward: (on, [kv, kpe], [dk, dv], make) => {
      const [dkv, dkpe] = [make.f32(kv!.length), make.f32(kpe!.length)];
      on.mlaKeysGrad(dk!, dv!, dkv, dkpe, rows, heads, nope, rope, valueDim, stride);
      return [dkv, dkpe];
    },
  });
});

for (const scoring of ["sigmoid", "softmax"] as const)
  for (const normalise of [true, false])
    test(`router: gradient of the logits (${scoring}${normalise ? ", normalised" : ""})`, () => {
      const [rows, experts] = [5, 12];
      const shape: RouterShape = {
        ...{ experts, topK: 3, groups: 4, topGroups: 2, groupScoreTop: 1 },
        ...{ scoring, normalise, scale: 2.5 },
      };
      const run = (on: Device, logits: F32, make: Make) => {
        const [indices, weights] = [make.ints(new Array<number>(rows * 3).fill(-1)), make.f32(rows * 3)];
        on.router(logits, null, indices, weights, rows, shape);
        return { indices, weights };
      };
      return check({
        inputs: [rows * experts],
        // Logits a quarter apart: no step of the differences changes a choice.
        values: (random) => [
          Array.from({ length: rows }, () => {
            const ranks = Array.from({ length: experts }, (_, e) => e);
            return ranks
              .map((e) => ({ e, key: random() }))
              .sort((a, b) => a.key - b.key)
              .map(({ e }) => (e - 6) / 4);
          }).flat(),
        ],
        forward: (on, [logits], make) => [run(on, logits!, make).weights],
        backward: (on, [logits], [dweights], make) => {
          const { indices, weights } = run(on, logits!, make);
          const dlogits = make.f32(rows * experts);
          on.routerGrad(dweights!, logits!, indices, weights, dlogits, rows, shape);
          return [dlogits];
        },
      });
    });

test("moeGather and moeCombine: gradients of the rows and of the weights", () => {
  const [rows, topK, experts, width] = [6, 2, 3, 37];
  const chosen = [0, 2, 1, 0, 2, 1, 0, 1, 1, 2, 0, 2];
  const plan = (on: Device, make: Make) => {
    const [order, position] = [make.ints(chosen), make.ints(chosen)];
    const [offsets, loads] = [make.ints([0, 0, 0, 0]), make.ints([0, 0, 0])];
    on.moePlan(make.ints(chosen), order, position, offsets, loads, rows, topK, experts);
    return { order, position };
  };
  const gathered = (on: Device, x: F32, order: I32, make: Make): F32 => {
    const e = make.f32(rows * topK * width);
    on.moeGather(x, order, e, rows, topK, width);
    // What an expert does here: multiply by its number plus one.
    chosen
      .toSorted((a, b) => a - b)
      .forEach((expert, p) => {
        on.scale(on.slice(e, p * width, width), expert + 1);
      });
    return e;
  };
  return check({
    inputs: [rows * width, rows * topK],
    forward: (on, [x, weights], make) => {
      const { order, position } = plan(on, make);
      const y = make.f32(rows * width);
      on.moeCombine(gathered(on, x!, order, make), position, weights!, y, rows, topK, width, false);
      return [y];
    },
    backward: (on, [x, weights], [dy], make) => {
      const { order, position } = plan(on, make);
      const e = gathered(on, x!, order, make);
      const [de, dweights, dx] = [make.f32(e.length), make.f32(rows * topK), make.f32(rows * width)];
      on.moeCombineGrad(dy!, e, position, weights!, de, dweights, rows, topK, width);
      chosen
        .toSorted((a, b) => a - b)
        .forEach((expert, p) => {
          on.scale(on.slice(de, p * width, width), expert + 1);
        });
      on.moeGatherGrad(de, position, dx, rows, topK, width, false);
      return [dx, dweights];
    },
  });
});

for (const temperature of [1, 0.7])
  test(`tokenLogProbs: gradient of the logits at temperature ${temperature}, none for a row without a target`, () => {
    const [rows, vocabulary, targets] = [4, 13, [3, -1, 12, 0]];
    const run = (on: Device, logits: F32, make: Make) => {
      const [logp, lse, entropy] = [make.f32(rows), make.f32(rows), make.f32(rows)];
      on.tokenLogProbs(logits, make.ints(targets), logp, lse, entropy, rows, vocabulary, temperature);
      return { logp, lse };
    };
    return check({
      inputs: [rows * vocabulary],
      forward: (on, [logits], make) => [run(on, logits!, make).logp],
      backward: (on, [logits], [dlogp], make) => {
        const { lse } = run(on, logits!, make);
        const dlogits = make.f32(rows * vocabulary);
        on.tokenLogProbsGrad(logits!, make.ints(targets), lse, dlogp!, dlogits, rows, vocabulary, temperature);
        return [dlogits];
      },
    });
  });

/** Checks all partial derivatives of sum(c * outputs), c random, on every device. */
async function check({ inputs, values, forward, backward }: Case): Promise<void> {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) / 2 ** 23;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const at = (values?.(random) ?? inputs.map((length) => Array.from({ length }, normal))).map((x) =>
    Float32Array.from(x),
  );
  const outputs = (x: readonly Float32Array[]): Float32Array[] => {
    const make = maker(truth);
    return forward(
      truth,
      x.map((v) => make.floats([...v])),
      make,
    ).map((y) => y.host!);
  };
  const c = outputs(at).map((y) => Float32Array.from(y, normal));
  const loss = (x: readonly Float32Array[]): number =>
    outputs(x).reduce((sum, y, o) => y.reduce((total, value, i) => total + value * c[o]![i]!, sum), 0);
  const gradients = async (device: Device): Promise<Float32Array[]> => {
    const make = maker(device);
    const x = at.map((v) => make.floats([...v]));
    const dOutputs = c.map((v) => make.floats([...v]));
    const found = backward(device, x, dOutputs, make);
    const read = await Promise.all(found.map((buffer) => device.read(buffer)));
    make.made.forEach((buffer) => {
      device.free(buffer);
    });
    return read;
  };

  const differences = at.map((x, input) =>
    x.map((value, i) => {
      const slope = (step: number): number => {
        const [high, low] = [Math.fround(value + step), Math.fround(value - step)];
        const move = (to: number) => at.map((v, n) => (n === input ? v.with(i, to) : v));
        return (loss(move(high)) - loss(move(low))) / (high - low);
      };
      return (4 * slope(1 / 64) - slope(1 / 32)) / 3;
    }),
  );
  const reference = await gradients(truth);
  near(reference, differences, 1e-3, "the reference's gradient and the finite difference");
  for (const device of devices) {
    const found = await gradients(device);
    near(found, differences, 1e-3, `the gradient (${device.threads} threads) and the finite difference`);
    near(found, reference, 1e-5, `the gradient (${device.threads} threads) and the reference's`);
  }
}

function near(
  found: readonly Float32Array[],
  expected: readonly Float32Array[],
  tolerance: number,
  what: string,
): void {
  assert.equal(found.length, expected.length);
  expected.forEach((values, input) => {
    const typical = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    assert.ok(typical > 1e-3, `input ${input} moves nothing`);
    values.forEach((value, i) => {
      const error = Math.abs(found[input]![i]! - value);
      assert.ok(
        error <= tolerance * (Math.abs(value) + typical),
        `${what} of input ${input}[${i}]: ${found[input]![i]}, ${value}`,
      );
    });
  });
}

function maker(device: Device): Make & { readonly made: (F32 | I32)[] } {
  const made: (F32 | I32)[] = [];
  const keep = <B extends F32 | I32>(buffer: B, values?: readonly number[]): B => {
    if (values !== undefined) device.write(buffer, values);
    made.push(buffer);
    return buffer;
  };
  return {
    made,
    f32: (length) => keep(device.f32(length)),
    floats: (values) => keep(device.f32(values.length), values),
    ints: (values) => keep(device.i32(values.length), values),
  };
}

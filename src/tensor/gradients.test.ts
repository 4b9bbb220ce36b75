/** Every op's gradient against central finite differences along random directions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device, F32, RouterShape } from "../kernels/kernels.ts";
import { Random } from "../random.ts";
import { attention, latentKeyValue, rope } from "./attention.ts";
import { embedding, pickRows } from "./embedding.ts";
import { experts, route } from "./experts.ts";
import { addResidual, feedForward, linear } from "./linear.ts";
import { crossEntropy, tokenLogProbs } from "./log-probs.ts";
import { headNorm, normPair, rmsNorm } from "./norm.ts";
import { type Pass, ScratchSpace } from "./space.ts";
import { Tape } from "./tape.ts";
import { Parameter, Tensor } from "./tensor.ts";
import { withDevice } from "./test-devices.ts";

const devices = ["reference", "cpu"] as const;

for (const name of devices) {
  test(`${name}: linear, feedForward and the residual sum have the gradients that finite differences give`, () =>
    withDevice(name, async (device) => {
      const inputs = { x: [5, 6], w: [6, 6], gate: [7, 6], up: [7, 6], down: [6, 7] } as const;
      await check(device, inputs, ({ x, w, gate, up, down }, pass) => {
        const h = addResidual(pass, x.tensor, linear(pass, x.tensor, w.parameter));
        return feedForward(pass, h, gated(gate, up, down));
      });
      const biases = { b: [6], bg: [7], bu: [7], bd: [6] } as const;
      await check(device, { ...inputs, ...biases }, ({ x, w, gate, up, down, b, bg, bu, bd }, pass) => {
        const h = addResidual(pass, x.tensor, linear(pass, x.tensor, w.parameter, undefined, b.parameter));
        const three = { gate: bg.parameter, up: bu.parameter, down: bd.parameter };
        return feedForward(pass, h, { ...gated(gate, up, down), biases: three });
      });
    }));

  test(`${name}: RMSNorm of every head has the gradients that finite differences give`, () =>
    withDevice(name, (device) =>
      check(device, { x: [5, 12], w: [4] }, ({ x, w }, pass) => headNorm(pass, x.tensor, w.parameter, 1e-5)),
    ));

  test(`${name}: RMSNorm and the pair of norms have the gradients that finite differences give`, () =>
    withDevice(name, async (device) => {
      await check(device, { a: [4, 6], b: [4, 6], u: [6], v: [6], w: [12] }, ({ a, b, u, v, w }, pass) =>
        rmsNorm(pass, normPair(pass, a.tensor, u.parameter, b.tensor, v.parameter, 1e-5), w.parameter, 1e-5),
      );
    }));

  test(`${name}: embedding and picked rows have the gradients that finite differences give`, () =>
    withDevice(name, async (device) => {
      const ids = integers(device, [3, 0, 3, 1, 2]);
      const picked = integers(device, [4, 1, 1]);
      await check(device, { table: [4, 6] }, ({ table }, pass) => {
        const x = embedding(pass, table.parameter, ids, 5);
        return pickRows(pass, x, picked, 3);
      });
    }));

  for (const [interleaved, window] of [
    [true, 0],
    [false, 0],
    [false, 2],
  ] as const)
    test(`${name}: grouped attention with rotary embedding (interleaved ${interleaved}, window ${window}) has the gradients that finite differences give`, () =>
      withDevice(name, async (device) => {
        const shape = { queryHeads: 4, keyHeads: 2, keyDim: 4, valueDim: 6, scale: 0.4, window };
        const packed = { starts: integers(device, [0, 5, 6, 9]), sequences: 3, longest: 5 };
        const positions = integers(device, [0, 1, 2, 3, 4, 0, 0, 1, 2]);
        const rotation = { table: rotations(device, 5, 4), dim: 4, interleaved };
        await check(device, { q: [9, 16], k: [9, 8], v: [9, 12] }, ({ q, k, v }, pass) => {
          rope(pass, q.tensor, rotation, positions, 4, 4, 0);
          rope(pass, k.tensor, rotation, positions, 2, 4, 0);
          return attention(pass, q.tensor, k.tensor, v.tensor, packed, shape);
        });
      }));

  test(`${name}: MLA's keys and values have the gradients that finite differences give`, () =>
    withDevice(name, async (device) => {
      const latentShape = { heads: 2, nope: 3, rope: 4, valueDim: 5, eps: 1e-5 };
      const shape = { queryHeads: 2, keyHeads: 2, keyDim: 7, valueDim: 5, scale: 0.4 };
      const packed = { starts: integers(device, [0, 4, 6]), sequences: 2, longest: 4 };
      const positions = integers(device, [0, 1, 2, 3, 0, 1]);
      const rotation = { table: rotations(device, 4, 4), dim: 4, interleaved: true };
      const inputs = { q: [6, 14], x: [6, 6], down: [10, 6], norm: [6], up: [16, 6] } as const;
      await check(device, inputs, ({ q, x, down, norm, up }, pass) => {
        rope(pass, q.tensor, rotation, positions, 2, 7, 3);
        const latent = linear(pass, x.tensor, down.parameter);
        const [k, v] = [pass.space.tensor(6, 14), pass.space.tensor(6, 10)];
        latentKeyValue(pass, latent, norm.parameter, up.parameter, rotation, positions, latentShape, k, v);
        return attention(pass, q.tensor, k, v, packed, shape);
      });
    }));

  for (const scoring of ["sigmoid", "softmax"] as const)
    for (const shared of [true, false])
      test(`${name}: routed experts (${scoring}, ${shared ? "with" : "without"} shared) have the gradients that finite differences give`, () =>
        withDevice(name, async (device) => {
          const router: RouterShape = {
            experts: 4,
            topK: 2,
            groups: 2,
            topGroups: 1,
            groupScoreTop: 2,
            scoring,
            normalise: scoring === "sigmoid",
            scale: 1.5,
          };
          const loads = device.i32(4);
          const matrices = { gate: [4, 5, 6], up: [4, 5, 6], down: [4, 6, 5], router: [4, 6] } as const;
          const ffn = { sg: [3, 6], su: [3, 6], sd: [6, 3] } as const;
          await check(device, { x: [7, 6], ...matrices, ...(shared ? ffn : {}) }, (p, pass) => {
            const y = pass.space.tensor(7, 6);
            if (p.sg && p.su && p.sd) feedForward(pass, p.x.tensor, gated(p.sg, p.su, p.sd), y);
            const logits = linear(pass, p.x.tensor, p.router.parameter);
            const routing = route(pass, logits, null, loads, router);
            const weights = { gate: p.gate.parameter, up: p.up.parameter, down: p.down.parameter };
            experts(pass, p.x.tensor, logits, routing, weights, y, shared);
            return y;
          });
        }));

  test(`${name}: token log-probabilities in chunks have the gradients that finite differences give`, () =>
    withDevice(name, async (device) => {
      const targets = integers(device, [0, 6, -1, 3, 3, 2, 1]);
      const random = Random.from(5);
      const dlogp = Float32Array.from({ length: 7 }, () => random.next() - 0.5);
      const make = async (values: Values, tape: Tape | null): Promise<number> => {
        const pass: Pass = { device, tape, space: new ScratchSpace(device) };
        const result = tokenLogProbs(pass, values.hidden.tensor, values.head.parameter, targets, 0.7, 3);
        device.write(result.dlogp, dlogp);
        const logp = await device.read(result.logp);
        return logp.reduce((sum, value, i) => sum + value * dlogp[i], 0);
      };
      await compare(device, { hidden: [7, 5], head: [8, 5] }, make);
    }));
}

test("log-probabilities are those of a softmax over all of the vocabulary, whatever the chunk", () =>
  withDevice("reference", async (device) => {
    const random = Random.from(3);
    const values = valuesOf(device, { hidden: [6, 5], head: [9, 5] }, random);
    const targets = integers(device, [1, 8, 0, -1, 4, 4]);
    const pass: Pass = { device, tape: null, space: new ScratchSpace(device) };
    const read = async (chunk: number): Promise<Float32Array[]> => {
      const result = tokenLogProbs(pass, values.hidden.tensor, values.head.parameter, targets, 2, chunk);
      return [await device.read(result.logp), await device.read(result.entropy)];
    };
    const whole = await read(100);
    for (const chunk of [1, 2, 4, 6]) assert.deepEqual(await read(chunk), whole);
    assert.equal(whole[0][3], 0);
    assert.ok(whole[1].every((entropy) => entropy > 0 && entropy <= Math.log(9) + 1e-6));
  }));

test("cross-entropy is the mean of -log p over scored rows, and its gradient is spread over them", () =>
  withDevice("reference", async (device) => {
    const values = valuesOf(device, { hidden: [3, 4], head: [5, 4] }, Random.from(3));
    const pass: Pass = { device, tape: null, space: new ScratchSpace(device) };
    const targets = integers(device, [2, -1, 4]);
    const result = tokenLogProbs(pass, values.hidden.tensor, values.head.parameter, targets, 1);
    const logp = await device.read(result.logp);
    assert.ok(Math.abs((await crossEntropy(device, result, 2, 0.5)) + (logp[0] + logp[2]) / 2) < 1e-6);
    assert.deepEqual(await device.read(result.dlogp), Float32Array.of(-0.25, -0.25, -0.25));
  }));

const gated = (gate: Value, up: Value, down: Value) => ({
  gate: gate.parameter,
  up: up.parameter,
  down: down.parameter,
  biases: null,
});

interface Value {
  readonly tensor: Tensor;
  readonly parameter: Parameter;
}
type Values = Readonly<Record<string, Value>>;
type Shapes = Readonly<Record<string, readonly number[]>>;

/** The gradient of a random linear function of the op's output. */
async function check<S extends Shapes>(
  device: Device,
  shapes: S,
  op: (values: { readonly [K in keyof S]: Value }, pass: Pass) => Tensor,
): Promise<void> {
  await compare(device, shapes, async (values, tape) => {
    const pass: Pass = { device, tape, space: new ScratchSpace(device) };
    const y = op(values as { readonly [K in keyof S]: Value }, pass);
    const random = Random.from(11);
    const weights = Float32Array.from({ length: y.buf.length }, () => random.next() - 0.5);
    const result = await device.read(y.buf);
    if (tape !== null) {
      tape.accumulates(y);
      device.write(y.grad!, weights);
    }
    return result.reduce((sum, value, i) => sum + value * weights[i], 0);
  });
}

/** Compares, for every input, the directional derivative with (f(x + h d) - f(x - h d)) / 2h. */
async function compare(
  device: Device,
  shapes: Shapes,
  run: (values: Values, tape: Tape | null) => Promise<number>,
): Promise<void> {
  const fresh = (): Values => valuesOf(device, shapes, Random.from(7));
  const values = fresh();
  const tape = new Tape(device);
  await run(values, tape);
  tape.backward();
  for (const [name, { tensor, parameter }] of Object.entries(values)) {
    assert.ok(parameter.hasGrad || tensor.grad !== null, `${name} got a gradient`);
    const gradient = await device.read(tensor.grad ?? parameter.grad);
    for (let trial = 0; trial < 2; trial++) {
      const random = Random.from(13, name, trial);
      const direction = Float32Array.from({ length: gradient.length }, () => (random.next() < 0.5 ? -1 : 1));
      const moved = async (by: number): Promise<number> => {
        const there = fresh();
        for (const buffer of [there[name].tensor.buf, there[name].parameter.buf])
          await shift(device, buffer, direction, by);
        return run(there, null);
      };
      const h = 2e-3;
      const expected = ((await moved(h)) - (await moved(-h))) / (2 * h);
      const actual = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
      assert.ok(
        Math.abs(actual - expected) < 2e-3 * Math.max(1, Math.abs(expected)),
        `${name}: gradient ${actual}, finite difference ${expected}`,
      );
    }
  }
}

async function shift(device: Device, buffer: F32, direction: Float32Array, by: number): Promise<void> {
  const values = await device.read(buffer);
  device.write(
    buffer,
    values.map((value, i) => value + by * direction[i]),
  );
}

/** Each value both as an activation and as a parameter; an op takes what it needs. */
function valuesOf(device: Device, shapes: Shapes, random: Random): Values {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const parameter = new Parameter(device, name, shape);
      const values = Float32Array.from({ length: parameter.buf.length }, () => 2 * random.next() - 1);
      device.write(parameter.buf, values);
      const buffer = device.f32(values.length);
      device.write(buffer, values);
      return [name, { parameter, tensor: new Tensor(buffer, shape[0], values.length / shape[0]) }];
    }),
  );
}

function integers(device: Device, values: readonly number[]) {
  const buffer = device.i32(values.length);
  device.write(buffer, values);
  return buffer;
}

function rotations(device: Device, positions: number, dim: number): F32 {
  const table = device.f32(positions * dim);
  device.write(
    table,
    Float32Array.from({ length: positions * dim }, (_, i) => {
      const angle = Math.floor(i / dim) / ((Math.floor(i / 2) % (dim / 2)) + 1);
      return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
    }),
  );
  return table;
}

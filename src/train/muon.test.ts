import assert from "node:assert/strict";
import { test } from "node:test";
import { referenceDevice } from "../kernels/reference/device.ts";
import { Parameter } from "../tensor/tensor.ts";
import { adjustment, Muon, muonDefaults } from "./muon.ts";

const device = referenceDevice();

// torch 2.15, torch.optim.Muon(lr=0.02, weight_decay=0.1), ten steps on p[i] = cos(0.9 i) with gradient
// (1 + 0.1 t) sin(1.3 i + 0.7 t); "f32": its Newton-Schulz with the cast to bfloat16 left out, "bf16": as it ships.
const torch = {
  wide: {
    shape: [3, 5],
    original: {
      f32: [
        0.9777627, 0.5914931, -0.2298027, -0.872157, -0.8643925, -0.2147682, 0.616204, 0.9850289, 0.6048701, -0.2391163,
        -0.9065715, -0.8653111, -0.1736305, 0.6375188, 0.9642529,
      ],
      bf16: [
        0.9809627, 0.5899649, -0.2300523, -0.8700672, -0.8677591, -0.2213189, 0.6190343, 0.9854728, 0.6013776,
        -0.2324448, -0.9035501, -0.8670444, -0.173591, 0.6396181, 0.9608596,
      ],
    },
    match_rms_adamw: {
      f32: [
        0.9790987, 0.6013305, -0.2258758, -0.8798938, -0.8724586, -0.2102627, 0.6194703, 0.9822716, 0.6001289,
        -0.2388955, -0.8991084, -0.8687691, -0.1829436, 0.6359941, 0.9727505,
      ],
      bf16: [
        0.9805297, 0.6006471, -0.2259874, -0.8789589, -0.8739643, -0.2131923, 0.6207361, 0.9824699, 0.5985671,
        -0.235912, -0.8977574, -0.8695443, -0.182926, 0.6369328, 0.9712329,
      ],
    },
  },
  tall: {
    shape: [5, 3],
    original: {
      f32: [
        0.9629455, 0.5904231, -0.215559, -0.8640922, -0.8743206, -0.2261822, 0.6073179, 0.9921359, 0.6175586, -0.239298,
        -0.9152947, -0.8828775, -0.1748424, 0.6549327, 0.9747785,
      ],
      bf16: [
        0.9605427, 0.5921285, -0.2186556, -0.8713987, -0.8706978, -0.2332825, 0.6087084, 0.9919972, 0.6185067,
        -0.2294845, -0.9211856, -0.8729986, -0.164781, 0.6499088, 0.9847551,
      ],
    },
    match_rms_adamw: {
      f32: [
        0.9742092, 0.6027538, -0.2202255, -0.8785109, -0.8773685, -0.213395, 0.6169876, 0.9842306, 0.6036599,
        -0.2389182, -0.9007697, -0.8754849, -0.1850618, 0.6417484, 0.9779462,
      ],
      bf16: [
        0.9733768, 0.6033446, -0.2212982, -0.8810419, -0.8761136, -0.2158546, 0.6174694, 0.9841827, 0.6039883,
        -0.2355187, -0.9028102, -0.8720626, -0.1815764, 0.6400083, 0.9814021,
      ],
    },
  },
} as const;

for (const [form, { shape, ...expected }] of Object.entries(torch))
  for (const adjust_lr of ["original", "match_rms_adamw"] as const) {
    test(`ten Muon steps on a ${form} matrix give torch.optim.Muon's numbers (${adjust_lr})`, () => {
      const p = parameter("w", shape);
      run([p], { ...muonDefaults, lr: 0.02, adjust_lr });
      assert.ok(distance(p, expected[adjust_lr].f32) < 3e-5, `${distance(p, expected[adjust_lr].f32)}`);
      assert.ok(distance(p, expected[adjust_lr].bf16) < 0.011, `${distance(p, expected[adjust_lr].bf16)}`);
    });
  }

test("a stack of expert matrices moves exactly as its matrices would alone, whatever shares the batch", () => {
  const size = 15;
  const stack = parameter("experts", [2, 3, 5]);
  const alone = [0, 1].map((e) => parameter(`expert ${e}`, [3, 5], e * size));
  const other = parameter("other", [3, 5], 40);
  run([other, stack], { ...muonDefaults, lr: 0.02 });
  for (const p of alone) run([p], { ...muonDefaults, lr: 0.02 });
  for (const [e, p] of alone.entries())
    assert.deepEqual(stack.buf.host!.slice(e * size, (e + 1) * size), p.buf.host!.slice());
});

test("a gradient of zeros moves nothing but the decay", () => {
  const p = parameter("w", [3, 5]);
  const before = p.buf.host!.slice();
  const muon = new Muon(device, [p], { ...muonDefaults, lr: 0.5, weight_decay: 0 });
  muon.step(1);
  assert.deepEqual(p.buf.host!.slice(), before);
});

test("the learning rate grows with the shape as torch's two options say", () => {
  assert.equal(adjustment("original", 3, 12), 1);
  assert.equal(adjustment("original", 12, 3), 2);
  assert.ok(Math.abs(adjustment("match_rms_adamw", 16, 25) - 1) < 1e-12);
});

function parameter(name: string, shape: readonly number[], from = 0): Parameter {
  const p = new Parameter(device, name, shape);
  starts.set(p, from);
  device.write(
    p.buf,
    Array.from({ length: p.buf.length }, (_, i) => Math.cos(0.9 * (i + from))),
  );
  return p;
}

const starts = new WeakMap<Parameter, number>();

function run(parameters: Parameter[], options: typeof muonDefaults): void {
  const muon = new Muon(device, parameters, options);
  for (let t = 0; t < 10; t++) {
    for (const p of parameters)
      device.write(
        p.grad,
        Array.from({ length: p.buf.length }, (_, i) => Math.sin(1.3 * (i + starts.get(p)!) + 0.7 * t) * (1 + 0.1 * t)),
      );
    muon.step(1);
  }
}

const distance = (p: Parameter, expected: readonly number[]): number =>
  Math.max(...expected.map((value, i) => Math.abs(value - p.buf.host![i]!)));

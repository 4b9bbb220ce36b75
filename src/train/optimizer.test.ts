import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../error.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { Parameter } from "../tensor/tensor.ts";
import { adamwDefaults, Optimizer, optimizerDefaults, parameterKind } from "./optimizer.ts";

const device = referenceDevice();

test("ten AdamW steps give torch.optim.AdamW's numbers", async () => {
  // torch 2.15, p[i] = cos(0.9 i), gradient (1 + 0.1 t) sin(1.3 i + 0.7 t)
  const cases = [
    {
      lr: 0.01,
      beta1: 0.9,
      beta2: 0.95,
      eps: 1e-8,
      weight_decay: 0.1,
      expected: [0.9585221, 0.5893778, -0.2164897, -0.8595529, -0.8796396, -0.2500042],
    },
    {
      lr: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      eps: 1e-8,
      weight_decay: 0.01,
      expected: [0.9966971, 0.6189458, -0.2263062, -0.9004149, -0.8958607, -0.2149545],
    },
  ];
  for (const { expected, ...adamw } of cases) {
    const p = parameter("model.embed_tokens.weight", [2, 3]);
    const optimizer = new Optimizer(device, [p], { muon: null, adamw });
    for (let t = 0; t < 10; t++) {
      gradient(p, t);
      optimizer.step(1);
    }
    for (const [i, value] of expected.entries())
      assert.ok(Math.abs(p.buf.host![i]! - value) < 3e-7, `${p.buf.host![i]} is not ${value}`);
  }
});

test("matrices of layers and experts are Muon's; tables, the router and vectors are AdamW's", () => {
  assert.equal(parameterKind("model.layers.0.self_attn.kv_b_proj.weight", [64, 16]), "matrix");
  assert.equal(parameterKind("model.layers.1.mlp.experts.gate_proj.weight", [8, 88, 128]), "matrix");
  assert.equal(parameterKind("model.layers.1.mlp.gate_proj.weight", [88, 128]), "matrix");
  assert.equal(parameterKind("model.layers.4.eh_proj.weight", [128, 256]), "matrix");
  assert.equal(parameterKind("model.layers.1.mlp.gate.weight", [8, 128]), "table");
  assert.equal(parameterKind("model.embed_tokens.weight", [100, 128]), "table");
  assert.equal(parameterKind("lm_head.weight", [100, 128]), "table");
  assert.equal(parameterKind("model.norm.weight", [128]), "vector");
});

test("weight decay leaves norms and biases alone, and a parameter that is not trainable never moves", () => {
  const norm = parameter("model.norm.weight", [4]);
  const head = parameter("lm_head.weight", [2, 2]);
  const bias = new Parameter(device, "model.layers.1.mlp.gate.e_score_correction_bias", [4], false);
  const before = norm.buf.host!.slice();
  const optimizer = new Optimizer(device, [norm, head, bias], {
    muon: null,
    adamw: { ...adamwDefaults, lr: 0.1, weight_decay: 0.5 },
  });
  optimizer.step(1);
  assert.deepEqual(norm.buf.host!.slice(), before);
  assert.ok(Math.abs(head.buf.host![0]! - 0.95) < 1e-6);
  assert.deepEqual(optimizer.parameters, [norm, head]);
});

test("clipping scales the joint norm to the bound and reports the norm before", async () => {
  const [a, b] = [parameter("a.weight", [2, 2]), parameter("b", [1])];
  device.write(a.grad, [1, 2, 2, 0]);
  device.write(b.grad, [4]);
  const optimizer = new Optimizer(device, [a, b], optimizerDefaults);
  assert.equal(await optimizer.clip(10, 1), 5);
  assert.deepEqual([...a.grad.host!], [1, 2, 2, 0]);
  assert.equal(await optimizer.clip(1, 1), 5);
  assert.ok(Math.abs(Math.hypot(...a.grad.host!, ...b.grad.host!) - 1) < 1e-5);
});

test("a gradient that is not finite stops the step, names the step and the tensor, and leaves the weights", async () => {
  for (const [bad, word] of [
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "infinite"],
  ] as const) {
    const [a, b] = [parameter("a.weight", [2, 2]), parameter("b.weight", [2, 2])];
    device.write(b.grad, [0, bad, 0, 0]);
    const before = b.buf.host!.slice();
    const optimizer = new Optimizer(device, [a, b], optimizerDefaults);
    await assert.rejects(optimizer.clip(1, 17), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /step 17.*gradient of b\.weight/);
      assert.ok(error.message.includes(word));
      return true;
    });
    assert.deepEqual(b.buf.host!.slice(), before);
  }
});

test("a restored optimizer goes on bit for bit, and refuses the state of another model", async () => {
  const make = () => {
    const parameters = [
      parameter("model.embed_tokens.weight", [3, 2]),
      parameter("m.weight", [2, 4]),
      parameter("norm.weight", [2]),
    ];
    return { parameters, optimizer: new Optimizer(device, parameters, optimizerDefaults) };
  };
  const run = ({ parameters, optimizer }: ReturnType<typeof make>, from: number, to: number) => {
    for (let t = from; t < to; t++) {
      for (const p of parameters) gradient(p, t);
      optimizer.step(1 / (1 + t));
    }
  };
  const whole = make();
  run(whole, 0, 8);
  const first = make();
  run(first, 0, 4);
  const state = await first.optimizer.state();
  const second = make();
  for (const [i, p] of second.parameters.entries()) device.write(p.buf, first.parameters[i]!.buf.host!);
  second.optimizer.restore(state);
  assert.equal(second.optimizer.steps, 4);
  run(second, 4, 8);
  for (const [i, p] of second.parameters.entries())
    assert.deepEqual(p.buf.host!.slice(), whole.parameters[i]!.buf.host!.slice());

  const other = new Optimizer(device, [parameter("other.weight", [2, 4])], optimizerDefaults);
  assert.throws(() => other.restore(state), /other\.weight\.momentum/);
});

function parameter(name: string, shape: readonly number[]): Parameter {
  const p = new Parameter(device, name, shape);
  device.write(
    p.buf,
    Array.from({ length: p.buf.length }, (_, i) => Math.cos(0.9 * i)),
  );
  return p;
}

function gradient(p: Parameter, t: number): void {
  device.write(
    p.grad,
    Array.from({ length: p.buf.length }, (_, i) => Math.sin(1.3 * i + 0.7 * t) * (1 + 0.1 * t)),
  );
}

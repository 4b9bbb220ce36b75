/** Optimizers on the CPU, against the reference and against numbers that torch 2.15 gave. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { compareKernel, type KernelCall, sameBits } from "../compare.ts";
import type { Device } from "../kernels.ts";
import { referenceDevice } from "../reference/device.ts";
import { cpuDevice } from "./device.ts";

const truth = referenceDevice();
const devices: Device[] = [];
before(async () => {
  for (const threads of [1, 2, 3]) devices.push(await cpuDevice({ build: "relaxed", threads }));
  devices.push(await cpuDevice({ threads: 2 })); // where the best build is the wide one, its bits must be relaxed's
  for (const threads of [1, 2, 3]) devices.push(await cpuDevice({ build: "plain", threads }));
});
after(() => Promise.all(devices.map((device) => device.close())));

/** The gradient of step s = 0, 1, ... that torch was given, too. */
const gradient = (s: number): number[] =>
  Array.from({ length: 5 }, (_, i) => (((s * 7 + i * 3) % 11) - 5) * 0.1 * 10 ** -i);

const close = (actual: Float32Array, expected: readonly number[], tolerance: number): void =>
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) <= tolerance * Math.abs(value), `[${i}]: ${actual[i]}, torch ${value}`);
  });

const adamw =
  (length: number, steps: number): KernelCall =>
  (device, make) => {
    const [p, m, v] = [make.parameter(length), make.f32(length, 0), make.f32(length, 0)];
    for (let step = 1; step <= steps; step++) device.adamw(p, make.f32(length), m, v, 0.02, 0.9, 0.95, 1e-8, 0.1, step);
    return [p, m, v];
  };

const muon =
  (length: number, nesterov: boolean): KernelCall =>
  (device, make) => {
    const [buffer, out] = [make.f32(length), make.output(length)];
    for (let step = 0; step < 3; step++) device.muonMomentum(make.f32(length), buffer, out, 0.95, nesterov);
    return [buffer, out];
  };

test("ten steps of adamw are torch.optim.AdamW's", async () => {
  for (const device of devices) {
    const [p, g, m, v] = [device.parameter(5), device.f32(5), device.f32(5), device.f32(5)];
    device.write(p, [0.5, -1.25, 2, 0, 3e-3]);
    for (let step = 1; step <= 10; step++) {
      device.write(g, gradient(step - 1));
      device.adamw(p, g, m, v, 0.01, 0.9, 0.95, 1e-8, 0.1, step);
    }
    close(await device.read(p), [0.508473694, -1.24325788, 1.97817016, -0.0155156329, 0.0265473239], 1e-6);
    close(await device.read(m), [0.0156263337, -0.00376257114, -0.000436345348, 2.69782722e-5, 2.22999756e-6], 1e-5);
    close(await device.read(v), [0.0428014509, 0.000432958361, 3.4352679e-6, 4.03995735e-8, 4.4185211e-10], 1e-6);
  }
});

test("ten steps of Muon's momentum are torch.optim.Muon's", async () => {
  for (const device of devices) {
    const [g, buffer, out] = [device.f32(5), device.f32(5), device.f32(5)];
    for (let step = 0; step < 10; step++) {
      device.write(g, gradient(step));
      device.muonMomentum(g, buffer, out, 0.95, true);
    }
    close(
      await device.read(buffer),
      [0.00707070529, -0.0015136057, -0.000234407125, 1.37318102e-5, 6.76695663e-7],
      1e-5,
    );
    close(await device.read(out), [0.021717174, -0.00393792614, -0.000322686799, 1.80452207e-5, 2.64286132e-6], 1e-5);
  }
});

test("the optimizers give what the reference gives, to the last element, and the same bits on any number of threads", async () => {
  for (const length of [1, 3, 16, 63, 5001, 20000]) {
    for (const device of devices) {
      await compareKernel(truth, device, length, adamw(length, 3), 1e-6);
      await compareKernel(truth, device, length, muon(length, length % 2 === 0), 1e-6);
    }
    for (const build of [devices.slice(0, 4), devices.slice(4)]) {
      await sameBits(build, length, adamw(length, 3));
      await sameBits(build, length, muon(length, true));
    }
  }
});

test("adamw says that the parameter changed, so that products read the new values", async () => {
  for (const device of devices) {
    const [w, x, y] = [device.parameter(64), device.f32(8), device.f32(8)];
    const [g, m, v] = [device.f32(64), device.f32(64), device.f32(64)];
    device.write(w, new Array<number>(64).fill(1));
    device.fill(x, 1);
    device.fill(g, 1);
    device.linear(x, w, y, 1, 8, 8, 8, false);
    device.adamw(w, g, m, v, 0.5, 0.9, 0.95, 1e-8, 0, 1);
    device.linear(x, w, y, 1, 8, 8, 8, false);
    close(await device.read(y), new Array<number>(8).fill(4), 1e-5);
  }
});

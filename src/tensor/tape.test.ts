import assert from "node:assert/strict";
import { test } from "node:test";
import { referenceDevice } from "../kernels/reference/device.ts";
import { linear } from "./linear.ts";
import { type Pass, ScratchSpace } from "./space.ts";
import { Tape } from "./tape.ts";
import { Parameter, Tensor } from "./tensor.ts";

test("the first gradient written to a tensor replaces what the buffer held, later ones add", () => {
  const device = referenceDevice();
  const tape = new Tape(device);
  const x = new Tensor(device.scratchF32(3), 1, 3);
  assert.equal(tape.accumulates(x), false);
  assert.equal(tape.accumulates(x), true);
});

test("steps run in reverse, and only where a gradient arrived", () => {
  const device = referenceDevice();
  const tape = new Tape(device);
  const [used, unused] = [new Tensor(device.scratchF32(1), 1, 1), new Tensor(device.scratchF32(1), 1, 1)];
  const ran: string[] = [];
  tape.record([used], () => ran.push("first"));
  tape.record([unused], () => ran.push("never"));
  tape.recordRoot(() => {
    ran.push("loss");
    tape.accumulates(used);
  });
  tape.backward();
  assert.deepEqual(ran, ["loss", "first"]);
});

test("a deep chain's backward takes memory for a layer or two, not for all", () => {
  const device = referenceDevice();
  let taken = 0;
  const scratch = device.scratchF32.bind(device);
  device.scratchF32 = (length) => {
    taken++;
    return scratch(length);
  };
  const tape = new Tape(device);
  const pass: Pass = { device, tape, space: new ScratchSpace(device) };
  const w = new Parameter(device, "w", [4, 4]);
  let x = pass.space.tensor(2, 4);
  device.fill(x.buf, 1);
  for (let layer = 0; layer < 20; layer++) x = linear(pass, x, w);
  tape.accumulates(x);
  device.fill(x.grad!, 1);
  const forward = taken;
  tape.backward();
  assert.ok(taken - forward <= 2, `backward took ${taken - forward} buffers`);
});

test("a parameter that is not trainable gets no gradient, but passes it on", () => {
  const device = referenceDevice();
  const tape = new Tape(device);
  const pass: Pass = { device, tape, space: new ScratchSpace(device) };
  const w = new Parameter(device, "w", [2, 2], false);
  device.write(w.buf, [1, 2, 3, 4]);
  const x = pass.space.tensor(1, 2);
  device.fill(x.buf, 1);
  const y = linear(pass, x, w);
  tape.accumulates(y);
  device.write(y.grad!, [1, 1]);
  tape.backward();
  assert.equal(w.hasGrad, false);
  assert.deepEqual([...x.grad!.host!], [4, 6]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "../kernels/kernels.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { StepSpace } from "./step-space.ts";

test("a step of as many rows as before is handed the same objects", () => {
  const space = new StepSpace(referenceDevice());
  const step = (count: number): unknown[] => {
    space.begin(count);
    const x = space.tensor(count, 8);
    space.enter();
    const inner = [space.tensor(count, 300), space.ints(count * 3)];
    space.leave();
    return [x, ...inner, space.tensor(count, 5)];
  };
  for (const count of [40, 1, 40, 1, 7]) step(count); // grows to the largest step
  const [one, forty] = [step(1), step(40)];
  assert.ok(step(1).every((made, i) => made === one[i]));
  assert.ok(step(40).every((made, i) => made === forty[i]));
});

test("buffers that live at the same time never overlap, even while the region grows", () => {
  const space = new StepSpace(referenceDevice());
  for (let round = 0; round < 3; round++) {
    space.begin(64);
    const live = [700, 900, 5, 4000, 1].map((width) => space.tensor(1, width));
    space.enter();
    const inner = space.tensor(1, 9000);
    for (const [i, { buf }] of [...live, inner].entries()) buf.host!.fill(i);
    space.leave();
    for (const [i, { buf }] of live.entries()) assert.ok(buf.host!.every((value) => value === i));
  }
});

test("steps of many sizes hold memory for the largest, not for all", () => {
  const device: Device = referenceDevice();
  const space = new StepSpace(device);
  for (let count = 1; count <= 64; count++) {
    space.begin(count);
    space.tensor(count, 1000);
  }
  space.begin(1);
  assert.ok(device.usage().bytes <= 2 * 64 * 1000 * 4 + 4096);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { placeLabels } from "./labels.ts";

test("no name lies on the axis left of the picture", () => {
  const dot = { x: 60, y: 100, name: "a long name, a long name" };
  assert.deepEqual(placeLabels([dot], 120, 0, 300, 48), [null]);
  assert.equal(placeLabels([dot], 300, 0, 300, 48)[0]?.anchor, "start");
});

test("names stand below their dots on the side that has room", () => {
  const dots = [
    { x: 50, y: 50, name: "first" },
    { x: 390, y: 50, name: "second" },
  ];
  assert.deepEqual(placeLabels(dots, 400, 0, 300), [
    { x: 59, y: 65, anchor: "start" },
    { x: 381, y: 65, anchor: "end" },
  ]);
});

test("in a crowd no name covers another; the last ones have none", () => {
  const dots = Array.from({ length: 12 }, (_, i) => ({ x: 200 + i, y: 100 + i, name: `evaluation ${i}` }));
  const labels = placeLabels(dots, 400, 0, 300);
  const shown = labels.flatMap((label, i) =>
    label === null
      ? []
      : [{ ...label, left: label.anchor === "start" ? label.x : label.x - 6.6 * dots[i]!.name.length }],
  );
  assert.ok(shown.length > 0 && shown.length < dots.length);
  for (const [i, one] of shown.entries())
    for (const other of shown.slice(i + 1))
      assert.ok(Math.abs(one.y - other.y) >= 14 || Math.abs(one.left - other.left) >= 6.6 * 12);
});

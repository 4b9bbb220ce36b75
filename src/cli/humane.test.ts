import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatCount, formatDuration, formatTable } from "./humane.ts";

test("durations read as people say them", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0.0042, "4.2 ms"],
    [0.5, "500 ms"],
    [1, "1.0 s"],
    [59.94, "59.9 s"],
    [59.96, "1m 00s"],
    [75, "1m 15s"],
    [3599.6, "1h 00m"],
    [4000, "1h 06m"],
    [Number.NaN, "?"],
    [Number.POSITIVE_INFINITY, "?"],
  ];
  for (const [seconds, text] of cases) {
    assert.equal(formatDuration(seconds), text);
  }
});

test("counts have three significant digits and a prefix", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0"],
    [42, "42"],
    [999, "999"],
    [999.9, "1k"],
    [1234567, "1.23M"],
    [-2500, "-2.5k"],
    [0.003144, "0.00314"],
    [7e12, "7T"],
  ];
  for (const [value, text] of cases) {
    assert.equal(formatCount(value), text);
  }
});

test("bytes are counted in powers of 1024", () => {
  assert.deepEqual([0, 1023, 1536, 16 * 2 ** 20].map(formatBytes), ["0 B", "1023 B", "1.5 KiB", "16.0 MiB"]);
});

test("a table's columns line up, numbers to the right", () => {
  const table = formatTable([
    ["name", "n"],
    ["a", "1000"],
    ["long", "-1"],
  ]);
  assert.equal(table, "name     n\na     1000\nlong    -1");
});

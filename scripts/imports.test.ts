import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { importBreaches, importsOf } from "./imports.mjs";

const scratch = mkdtempSync(join(tmpdir(), "reckon-imports-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

let count = 0;
const breaches = (files: Readonly<Record<string, string>>): readonly string[] => {
  const root = join(scratch, String(count++));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return importBreaches(root);
};

test("imports that point downward or sideways pass", () => {
  const found = breaches({
    "src/error.ts": "export const e = 1;",
    "src/kernels/kernels.ts": 'import { e } from "../error.ts"; export const k = e;',
    "src/tensor/tensor.ts": 'import { k } from "../kernels/kernels.ts"; export const t = k;',
    "src/text/words.ts": "export const w = 1;",
    "src/model/decoder.ts":
      'import { t } from "../tensor/tensor.ts";\nimport { w } from "../text/words.ts";\nexport { t, w };',
    "bench/gemm.ts": 'import { k } from "../src/kernels/kernels.ts"; k;',
    "src/cli/bench.ts": 'await import("../../bench/gemm.ts");',
    "src/kernels/cpu/assembly/index.ts": 'export * from "./math";',
    "src/kernels/cpu/assembly/math.ts": "export function f(): void {}",
  });
  assert.deepEqual(found, []);
});

test("an upward import is named, however it is written", () => {
  const ways = [
    'import { d } from "../model/decoder.ts";',
    'import type { D } from "../model/decoder.ts";',
    'import {\n  d,\n} from "../model/decoder.ts";',
    'export * from "../model/decoder.ts";',
    'import "../model/decoder.ts";',
    'const m = await import("../model/decoder.ts");',
  ];
  for (const text of ways) {
    assert.deepEqual(
      breaches({ "src/tensor/ops.ts": text, "src/model/decoder.ts": "" }),
      ["src/tensor/ops.ts -> src/model/decoder.ts: upward, from tensor to model"],
      text,
    );
  }
});

test("a file that all may import may import none of the rooms", () => {
  const files = { "src/error.ts": 'import "./kernels/kernels.ts";', "src/kernels/kernels.ts": "" };
  assert.deepEqual(breaches(files), ["src/error.ts -> src/kernels/kernels.ts: upward, from src to kernels"]);
});

test("a circle of imports is named once, as a walk", () => {
  const found = breaches({
    "src/model/a.ts": 'import "./b.ts";',
    "src/model/b.ts": 'import "../text/c.ts";',
    "src/text/c.ts": 'import "../model/a.ts";',
  });
  assert.deepEqual(found, ["src/model/a.ts -> src/model/b.ts -> src/text/c.ts -> src/model/a.ts: a circle of imports"]);
});

test("a test may look upward, but nobody imports a test", () => {
  const found = breaches({
    "src/tensor/ops.test.ts": 'import "../model/decoder.ts";',
    "src/model/decoder.ts": 'import "./helper.test.ts";',
    "src/model/helper.test.ts": "",
  });
  assert.deepEqual(found, ["src/model/decoder.ts -> src/model/helper.test.ts: a test is not for importing"]);
});

test("a room the rule does not know is named instead of passed over", () => {
  const found = breaches({ "src/misc/a.ts": 'import "../error.ts";', "src/error.ts": "" });
  assert.match(found.join(), /src\/misc\/a\.ts is in a room scripts\/imports\.mjs does not know \(misc\)/);
});

test("imports in comments and in strings, and those of packages, are none of ours", () => {
  const text = `
// import "./no.ts";
/* import { a } from "./no.ts"; */
import { readFileSync } from "node:fs";
import { z } from "zod";
const s = 'import "./no.ts"';
import { yes } from "./yes.ts"; // import "./no.ts"
`;
  assert.deepEqual(importsOf(text), ["./yes.ts"]);
});

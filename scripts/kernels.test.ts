import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildKernels, kernelSources, kernelsAreFresh, memoryPages, variants } from "./kernels.mjs";
import { root } from "./node.mjs";

const scratch = mkdtempSync(join(tmpdir(), "reckon-kernels-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const makeCheckout = (name: string, source: string | null): string => {
  const folder = join(scratch, name);
  mkdirSync(join(folder, kernelSources), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  writeFileSync(join(folder, "package.json"), "{}");
  if (source !== null) {
    writeFileSync(join(folder, kernelSources, "index.ts"), source);
  }
  return folder;
};

const source = (factor: number): string => `
import { relaxed } from "./features";
export function scaleBy${factor}(x: f32): f32 { return x * ${factor}; }
export function isRelaxed(): i32 { return relaxed(); }
export function isWide(): i32 { return WIDE; }
export function madd(at: usize): void {
  const v = v128.load(at);
  v128.store(at, ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(v, v, v) : f32x4.add(f32x4.mul(v, v), v));
}
`;
const features = "export function relaxed(): i32 { return ASC_FEATURE_RELAXED_SIMD ? 1 : 0; }\n";

const makeWorking = (name: string): string => {
  const folder = makeCheckout(name, source(2));
  writeFileSync(join(folder, kernelSources, "features.ts"), features);
  return folder;
};

const build = (folder: string): Promise<void> => buildKernels(folder, process.execPath);
const built = (folder: string): readonly string[] => readdirSync(join(folder, "build")).sort();
const everything = ["kernels-relaxed.wasm", "kernels-wide.wasm", "kernels.json", "kernels.wasm"];

const run = async (folder: string, file: string): Promise<Record<string, (x: number) => number>> => {
  const memory = new WebAssembly.Memory({ ...memoryPages, shared: true });
  const bytes = readFileSync(join(folder, "build", file));
  const instance = new WebAssembly.Instance(await WebAssembly.compile(bytes), { env: { memory, abort: () => {} } });
  return instance.exports as Record<string, (x: number) => number>;
};

test("all variants are built from the same sources, each with its own features, on an imported shared memory", async () => {
  const folder = makeWorking("both");
  assert.equal(kernelsAreFresh(folder), false);
  await build(folder);
  assert.equal(kernelsAreFresh(folder), true);
  assert.deepEqual(built(folder), everything);
  assert.deepEqual(
    await Promise.all(variants.map(async ({ file }) => (await run(folder, file)).isRelaxed(0))),
    [0, 1, 1],
  );
  assert.deepEqual(await Promise.all(variants.map(async ({ file }) => (await run(folder, file)).isWide(0))), [0, 0, 1]);
  assert.equal((await run(folder, "kernels.wasm")).scaleBy2(21), 42);
});

test("an edited source, a damaged file or a lost one makes the kernels stale, and a build mends them", async () => {
  const folder = makeWorking("stale");
  await build(folder);
  writeFileSync(join(folder, kernelSources, "features.ts"), `${features}// edited\n`);
  assert.equal(kernelsAreFresh(folder), false);
  await build(folder);
  truncateSync(join(folder, "build", "kernels.wasm"), 20);
  assert.equal(kernelsAreFresh(folder), false);
  await build(folder);
  rmSync(join(folder, "build", "kernels-relaxed.wasm"));
  assert.equal(kernelsAreFresh(folder), false);
});

test("builds at the same time end with one whole set of files and nothing else", async () => {
  const folder = makeWorking("together");
  await Promise.all([build(folder), build(folder), build(folder)]);
  assert.equal(kernelsAreFresh(folder), true);
  assert.deepEqual(built(folder), everything);
});

test("a lock and temporary files left by a killed build are in nobody's way", async () => {
  const folder = makeWorking("killed");
  mkdirSync(join(folder, "build"));
  writeFileSync(join(folder, "build", "kernels.lock"), "999999999");
  writeFileSync(join(folder, "build", ".123-0a0b0c0d-kernels.wasm"), "half");
  await build(folder);
  assert.deepEqual(built(folder), everything);
});

test("sources that do not compile leave the last good files and tell where the mistake is", async () => {
  const folder = makeWorking("mistake");
  await build(folder);
  const before = readFileSync(join(folder, "build", "kernels.wasm"));
  writeFileSync(join(folder, kernelSources, "index.ts"), "export function f(): f32 { return nonsense; }\n");
  await assert.rejects(build(folder), /do not compile[\s\S]*nonsense[\s\S]*index\.ts/);
  assert.deepEqual(readFileSync(join(folder, "build", "kernels.wasm")), before);
  assert.deepEqual(built(folder), everything);
  assert.equal(kernelsAreFresh(folder), false);
});

test("a package without the sources, built already, is never stale", () => {
  assert.equal(kernelsAreFresh(makeCheckout("package", null)), true);
});

// What `npm pack` needs done to a checkout: TypeScript compiled, since Node strips no types under node_modules, and a package.json that
// names the compiled files and brings no Node binaries along. `npm pack` (and `npm publish`) call this before and after by themselves; a
// pack that was killed between is put right by the next one, or by `node scripts/package.mjs restore`.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { nodeFlags, root } from "./node.mjs";
import { setUp } from "./setup.mjs";

const manifest = join(root, "package.json");
const original = join(root, "build", "package.json.original");
const stage = join(root, "build", "package");

/** Compiles into build/package, laid out as the checkout, with what the code reads at run time beside it. */
async function prepare() {
  restore();
  const { node } = await setUp();
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  compile(node);
  for (const file of filesBelow(stage)) if (file.endsWith(".js")) pointAtCompiled(file);
  for (const file of filesBelow(join(root, "src"))) {
    if (/\.(client\.js|mjs)$/.test(file)) copy(relative(root, file));
  }
  copy("src/browser/page");
  copy("web/colours.css");
  for (const file of readdirSync(join(root, "build"))) if (file.endsWith(".wasm")) copy(join("build", file));
  copy("models/reckon-nano");
  copy("build/web");
  bundle(node);
  const source = JSON.parse(readFileSync(manifest, "utf8"));
  const { name, version, type } = source;
  writeJson(join(stage, "package.json"), { name, version, type });
  cpSync(manifest, original);
  writeJson(manifest, packed(source));
}

/** Puts package.json back. */
function restore() {
  if (existsSync(original)) renameSync(original, manifest);
}

/** @param {Record<string, any>} source package.json of the checkout */
function packed({ name, version, description, license, type, bin, dependencies }) {
  /** @param {string} file */
  const entry = (file) => ({ types: `./build/package/${file}.d.ts`, default: `./build/package/${file}.js` });
  return {
    name,
    version,
    description,
    license,
    type,
    bin,
    exports: {
      ".": entry("src/generate/library"),
      "./verify": entry("src/tasks/math/library"),
      "./package.json": "./package.json",
    },
    files: ["bin", "build/package"],
    engines: { node: ">=22" },
    dependencies,
  };
}

/** @param {string} node */
function compile(node) {
  const tsc = join(dirname(createRequire(manifest).resolve("typescript/package.json")), "bin", "tsc");
  const end = spawnSync(node, [tsc, "-p", join(root, "tsconfig.package.json")], { stdio: ["ignore", 2, 2] });
  if (end.status !== 0) throw new Error("the TypeScript compiler failed; its output above says why");
}

/** The engine for browsers, made here since an installed package has no esbuild. @param {string} node */
function bundle(node) {
  const code = `import { bundleEngine } from "./src/browser/bundle.ts"; await bundleEngine(${JSON.stringify(join(stage, "build", "engine"))});`;
  const end = spawnSync(node, [...nodeFlags, "--input-type=module", "-e", code], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (end.status !== 0) throw new Error("the engine for browsers cannot be bundled; the output above says why");
}

/** Files named by URL rather than imported (workers): the compiler leaves their names alone. @param {string} file */
function pointAtCompiled(file) {
  const text = readFileSync(file, "utf8");
  const changed = text.replace(/(new URL\("[^"]+)\.ts(", import\.meta\.url\))/g, "$1.js$2");
  if (changed !== text) writeFileSync(file, changed);
}

/** @param {string} path below the root */
function copy(path) {
  cpSync(join(root, path), join(stage, path), { recursive: true });
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** @param {string} file @param {unknown} json */
function writeJson(file, json) {
  writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`);
}

if (process.argv[2] === "restore") restore();
else await prepare();

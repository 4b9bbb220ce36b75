// `npm run check`: types (the web app's with the browser's names), lint and format, imports that point downward, an engine that
// can be bundled for a browser, nothing generated in git. Runs all even when one fails, so that one run tells everything.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { importBreaches } from "./imports.mjs";
import { findNode, nodeFlags, root } from "./node.mjs";

const checks = {
  types: () => tool("typescript", "bin/tsc", ["-p", "tsconfig.json"]),
  "web's types": () => tool("typescript", "bin/tsc", ["-p", "web/tsconfig.json"]),
  lint: () => tool("@biomejs/biome", "bin/biome", ["check", "--error-on-warnings"]),
  imports: () => list(importBreaches(root)),
  browser: () =>
    faultless(
      `import { bundleFaults } from "./src/browser/bundle.ts"; console.log((await bundleFaults()).join("\\n"))`,
    ),
  generated: () => list(generatedInGit().map((path) => `${path}: generated, but in git`)),
};

let failed = false;
for (const [name, check] of Object.entries(checks)) {
  const start = performance.now();
  const passed = check();
  process.stdout.write(`${passed ? "ok  " : "FAIL"} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)\n`);
  failed ||= !passed;
}
process.exitCode = failed ? 1 : 0;

/**
 * Runs a package's command with the right Node, its output on our screen only where it fails.
 * @param {string} name
 * @param {string} script
 * @param {readonly string[]} args
 */
function tool(name, script, args) {
  const node = findNode();
  const manifest = join(root, "node_modules", name, "package.json");
  if (node.path === null || !existsSync(manifest)) {
    process.stdout.write(`${name} is not installed: run \`npm ci\` in ${root} first.\n`);
    return false;
  }
  const folder = dirname(createRequire(join(root, "package.json")).resolve(`${name}/package.json`));
  const end = spawnSync(node.path, [join(folder, script), ...args], { cwd: root, encoding: "utf8" });
  if (end.status !== 0) {
    process.stdout.write(`${end.stdout ?? ""}${end.stderr ?? ""}`);
  }
  return end.status === 0;
}

/**
 * Runs a module that prints what is wrong, a line each.
 * @param {string} code
 */
function faultless(code) {
  const node = findNode();
  if (node.path === null) {
    return list([node.reason]);
  }
  const end = spawnSync(node.path, [...nodeFlags, "--input-type=module", "-e", code], { cwd: root, encoding: "utf8" });
  return end.status === 0 ? list(end.stdout.split("\n").filter((line) => line !== "")) : list([end.stderr]);
}

/** @param {readonly string[]} lines */
function list(lines) {
  for (const line of lines) {
    process.stdout.write(`${line}\n`);
  }
  return lines.length === 0;
}

/** Tracked files that .gitignore calls generated, or that only a compiler writes. Empty outside a git checkout. */
function generatedInGit() {
  const files = (/** @type {string[]} */ args) => {
    const end = spawnSync("git", ["ls-files", "-z", ...args], { cwd: root, encoding: "utf8" });
    return end.status === 0 ? end.stdout.split("\0").filter((path) => path !== "") : [];
  };
  return [...new Set([...files(["-ci", "--exclude-standard"]), ...files(["*.wasm", "*.node", "*.tsbuildinfo"])])];
}

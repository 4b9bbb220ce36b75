// `npm test [-- FILTER...]`: set-up, then Node's test runner over every test file, two files at a time. A filter is a part
// of a file's path; an argument starting with - goes to the runner (`npm test -- src/text --test-name-pattern=BOS`).
import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { endLike, runChild } from "./child.mjs";
import { nodeFlags, root } from "./node.mjs";
import { setUp } from "./setup.mjs";

const args = process.argv.slice(2);
const filters = args.filter((arg) => !arg.startsWith("-")).map((arg) => arg.replace(/^\.\//, ""));
const files = ["scripts", "src", "bench", "web"]
  .flatMap((folder) => testFiles(join(root, folder)))
  .map((path) => relative(root, path).split(sep).join("/"))
  .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)));

if (files.length === 0) {
  process.stderr.write(
    filters.length === 0 ? "there are no tests.\n" : `no test file's path contains ${filters.join(" or ")}.\n`,
  );
  process.exit(2);
}

const { node } = await setUp();
const reporters = [
  ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
  ...["--test-reporter=./scripts/skipped.mjs", "--test-reporter-destination=stdout"],
];
const runner = [
  "--import=./scripts/properties.mjs",
  "--test",
  "--test-concurrency=2",
  "--test-timeout=600000",
  ...reporters,
];
const options = args.filter((arg) => arg.startsWith("-"));
endLike(await runChild(node, [...nodeFlags, ...runner, ...options, ...files], { cwd: root }));

/** @param {string} folder @returns {string[]} */
function testFiles(folder) {
  /** @type {import("node:fs").Dirent[]} */
  let entries = [];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        return entry.name === "node_modules" || entry.name === "dist" ? [] : testFiles(path);
      }
      return entry.name.endsWith(".test.ts") ? [path] : [];
    });
}

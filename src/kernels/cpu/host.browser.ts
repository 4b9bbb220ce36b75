/**
 * host.ts for the browser: the wasm files and the kernel threads' script lie beside the script that runs this. The memory is shared in
 * any case, since the wasm asks for it; threads can only be given it where the page is cross-origin isolated.
 */
import { UserError } from "../../error.ts";
import type { StartedWorker, WorkerStart } from "./host.ts";

/** Threads worth starting: 1 where memory cannot be shared with them. */
export const processors = (): number =>
  (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true ? navigator.hardwareConcurrency : 1;

/** Only Node can be told to join vectors. */
export const widenVectors = (): boolean => false;

export const chosenBuild = (): string | undefined => undefined;

/** Fetches a wasm file. @throws UserError where the server does not give it */
export async function readBuilt(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(file, self.location.href);
  const answer = await fetch(url).catch((cause: unknown) => {
    throw new UserError(`${url} cannot be fetched (${String(cause)}); check the connection.`, { cause });
  });
  if (!answer.ok) {
    throw new UserError(`${url} cannot be fetched (HTTP ${answer.status}); copy the exported folder whole.`);
  }
  return new Uint8Array(await answer.arrayBuffer());
}

/**
 * Starts a worker and resolves once it waits for work.
 * @param onLost called where it stops by an error after that
 */
export function startWorker(start: WorkerStart, onLost: () => void): Promise<StartedWorker> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("thread.js", self.location.href), { type: "module", name: "reckon kernels" });
    worker.onmessage = () => {
      worker.onerror = onLost;
      // Nobody but this thread can end it, and where it stops by an error it says so itself.
      resolve({ hasEnded: () => false, end: async () => worker.terminate() });
    };
    worker.onerror = ({ message }) => reject(new UserError(`A kernel thread could not be started: ${message}.`));
    worker.postMessage(start);
  });
}

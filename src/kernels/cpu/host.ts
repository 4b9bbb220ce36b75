/** All that the pool needs of the platform, for Node; a browser build puts fetch and Worker in this file's place. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import { MessageChannel, type MessagePort, receiveMessageOnPort, SHARE_ENV, Worker } from "node:worker_threads";
import { UserError } from "../../error.ts";
import { EPOCH, FAILED } from "./assembly/addresses.ts";

export const processors = (): number => availableParallelism();

/** What a worker is started with. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** The same with the addresses that worker.mjs cannot import. */
export interface ThreadStart extends WorkerStart {
  readonly epochAt: number;
  readonly failedAt: number;
}

export interface StartedWorker {
  /** Whether it has ended, seen at once: also by a thread whose event loop stands still. */
  hasEnded(): boolean;
  end(): Promise<void>;
}

/**
 * Tells V8 to join neighbouring 128-bit vectors to one of 256 bits in all wasm compiled from now on, and says whether it will:
 * x64 with AVX2 and a V8 whose experimental revectorizer our tests have passed on. It changes no bits, only speed.
 */
export function widenVectors(): boolean {
  const [major, minor] = process.versions.v8.split(".").map(Number) as [number, number];
  if (process.arch !== "x64" || major !== 13 || minor < 6 || !hasAvx2()) return false;
  setFlagsFromString("--experimental-wasm-revectorize");
  return true;
}

/** RECKON_KERNELS: a build to use in place of the best one. */
export const chosenBuild = (): string | undefined => process.env.RECKON_KERNELS;

function hasAvx2(): boolean {
  if (process.platform !== "linux") return true; // every x64 processor of the last ten years
  try {
    return /^flags\b.*\bavx2\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    return false;
  }
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

/**
 * Starts a worker and resolves once it waits for work. It never keeps the process alive.
 * @param onLost called where it ends without being told to
 */
export function startWorker(start: WorkerStart, onLost: () => void): Promise<StartedWorker> {
  return new Promise((resolve, reject) => {
    let ending = false;
    const { port1, port2 } = new MessageChannel();
    const thread: ThreadStart = { ...start, epochAt: EPOCH, failedAt: FAILED };
    const worker = new Worker(new URL("./worker.mjs", import.meta.url), {
      workerData: { ...thread, life: port2 },
      transferList: [port2],
      env: SHARE_ENV,
      execArgv: [], // the process's own include some, such as --input-type, that are refused in a worker
    });
    const hasEnded = portWatch(port1);
    worker.once("message", () => {
      worker.unref();
      resolve({
        hasEnded,
        end: async () => {
          ending = true;
          await worker.terminate();
        },
      });
    });
    // Once it has started, its end is told by "exit"; an error without a listener would end the process.
    worker.on("error", reject);
    worker.once("exit", () => {
      if (!ending) onLost();
    });
  });
}

/**
 * Tells whether the thread that holds the other end of a port has ended, which closes it. Events would tell too, but not while this
 * thread waits inside a kernel: receiving takes note of the closing at once, and a closed port can no longer be handed on.
 */
function portWatch(port: MessagePort): () => boolean {
  let own = port;
  return () => {
    receiveMessageOnPort(own);
    try {
      own = structuredClone(own, { transfer: [own] });
      return false;
    } catch {
      return true;
    }
  };
}

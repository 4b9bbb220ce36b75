/**
 * Runs kernels: one wasm module on one shared memory, instantiated in this thread (thread 0, which works too) and in every
 * worker. A call writes its arguments into `int` and `float` (two views of the same words) and names the kernel; nothing is
 * allocated. When `run` returns, the kernel has run.
 */
import { usageError } from "../../error.ts";
import { ARGUMENTS, FAILED, INITIAL_PAGES, MAXIMUM_PAGES, PRIVATE, PRIVATE_BYTES } from "./assembly/addresses.ts";
import { chosenBuild, readBuilt, type StartedWorker, startWorker, widenVectors } from "./host.ts";

/** What the wasm exports. */
export interface KernelExports {
  dispatch(operation: number, parts: number): void;
  workerLoop(epoch: number): void;
  endWorkers(): void;
}

/** Which wasm file runs: `relaxed` has fused multiply-adds, `wide` also panels for 256-bit vectors, with the same bits. */
export type Build = "wide" | "relaxed" | "plain";

export interface Pool {
  readonly memory: WebAssembly.Memory;
  /** First byte of memory that the pool does not use itself. */
  readonly heap: number;
  readonly threads: number;
  readonly build: Build;
  /** Argument words: integers and addresses. */
  readonly int: Int32Array;
  /** The same words as floats. */
  readonly float: Float32Array;
  /** Runs a kernel on all threads, or on the calling one where `parallel` is false (too little work to share). */
  run(operation: number, parallel: boolean): void;
  /** Resolves with the reason once nothing can run any more: a kernel trapped, or a thread ended from outside. */
  readonly lost: Promise<Error>;
  close(): Promise<void>;
}

/** The fastest build this machine runs, or the one RECKON_KERNELS names. */
export function bestBuild(): Build {
  const chosen = chosenBuild();
  if (chosen === "wide" || chosen === "relaxed" || chosen === "plain") return chosen;
  if (chosen !== undefined && chosen !== "")
    throw usageError(`RECKON_KERNELS takes wide, relaxed or plain, not "${chosen}".`, "RECKON_KERNELS");
  if (!WebAssembly.validate(relaxedProbe)) return "plain";
  return widenVectors() ? "wide" : "relaxed";
}

/** Compiles the kernels and starts threads - 1 workers. Throws UserError where the built files are missing. */
export async function startPool(threads: number, build: Build = bestBuild()): Promise<Pool> {
  if (build === "wide") widenVectors();
  const module = await WebAssembly.compile(
    await readBuilt(build === "plain" ? "kernels.wasm" : `kernels-${build}.wasm`),
  );
  const heap = PRIVATE + threads * PRIVATE_BYTES;
  const initial = Math.max(INITIAL_PAGES, heap >> 16);
  const memory = new WebAssembly.Memory({ initial, maximum: MAXIMUM_PAGES, shared: true });
  let workers: readonly StartedWorker[] = [];
  const lost = Promise.withResolvers<Error>();
  let broken: Error | null = null;
  const breakDown = (error: Error): Error => {
    // The other workers end too; what they were part of cannot be trusted to be whole.
    Atomics.store(new Int32Array(memory.buffer), FAILED >> 2, 1);
    broken ??= error;
    lost.resolve(broken);
    return broken;
  };
  const threadEnded = (): Error => breakDown(new Error("A CPU kernel thread ended unexpectedly."));
  // A thread that ends between two kernels is told by an event. Within one this thread waits and gets no events, so it looks.
  const stillWaiting = (): void => {
    if (workers.some((worker) => worker.hasEnded())) threadEnded();
  };
  const env = { memory, stillWaiting };
  const kernels = new WebAssembly.Instance(module, { env }).exports as unknown as KernelExports;
  const dispatch = kernels.dispatch;
  workers = await Promise.all(Array.from({ length: threads - 1 }, () => startWorker({ module, memory }, threadEnded)));
  return {
    memory,
    heap,
    threads,
    build,
    int: new Int32Array(memory.buffer, ARGUMENTS, 64),
    float: new Float32Array(memory.buffer, ARGUMENTS, 64),
    run(operation, parallel) {
      if (broken !== null) throw broken;
      try {
        dispatch(operation, parallel ? threads : 1);
      } catch (cause) {
        // Other threads may still be inside: nothing can run after this.
        const why = cause instanceof Error ? cause.message : cause;
        throw breakDown(new Error(`CPU kernel ${operation} stopped: ${why}`, { cause }));
      }
    },
    lost: lost.promise,
    async close() {
      kernels.endWorkers();
      await Promise.all(workers.map((worker) => worker.end()));
    },
  };
}

// A module of one function that uses f32x4.relaxed_madd.
const relaxedProbe = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0],
  ...[10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11],
]);

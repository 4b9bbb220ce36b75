/** The wasm's door: run one kernel alone, run it on all threads, or be a worker. Kernels: (args, thread, threads) => void. */
import { ARGUMENTS, DONE, EPOCH, OPERATION, THREADS, TILES } from "./addresses";
import { address, announce, int, waitWhile } from "./control";
import { expKernel } from "./math";
import * as op from "./operations";

/** Runs one thread's part of a kernel. */
function run(operation: i32, args: usize, thread: i32, threads: i32): void {
  switch (operation) {
    case op.EXP:
      return expKernel(address(args, 0), address(args, 1), int(args, 2));
    default:
      unreachable();
  }
}

/** Runs a kernel whose arguments lie at ARGUMENTS on `threads` threads (1, or all there are); returns when all are done. */
export function dispatch(operation: i32, threads: i32): void {
  for (let counter: usize = 0; counter < 8; counter++) store<i32>(TILES + (counter << 6), 0);
  if (threads > 1) {
    store<i32>(OPERATION, operation);
    store<i32>(THREADS, threads);
    atomic.store<i32>(DONE, 0);
    announce(EPOCH);
  }
  run(operation, ARGUMENTS, 0, threads);
  if (threads > 1)
    for (let done = atomic.load<i32>(DONE); done < threads - 1; done = atomic.load<i32>(DONE)) waitWhile(DONE, done);
}

/** A worker's life: waits for an epoch after `epoch`, does its part, says so; ends at operation -1. */
export function workerLoop(thread: i32, epoch: i32): void {
  for (;;) {
    waitWhile(EPOCH, epoch);
    epoch++;
    const operation = load<i32>(OPERATION);
    if (operation < 0) return;
    run(operation, ARGUMENTS, thread, load<i32>(THREADS));
    announce(DONE);
  }
}

/** Ends the workers. */
export function endWorkers(): void {
  store<i32>(OPERATION, -1);
  announce(EPOCH);
}

/**
 * Where the threads' common words lie, read by both sides. The first 64 KiB belong to the compiler's constants, the second
 * to these, then come 64 KiB of private memory a thread, then the heap that ../memory.ts hands out.
 */
const CONTROL = 0x10000;
/** Grows by one at every dispatch. */
export const EPOCH = CONTROL;
/** Workers that have finished this epoch. */
export const DONE = CONTROL + 64;
/** Threads inside memory.atomic.wait. */
export const SLEEPERS = CONTROL + 128;
export const OPERATION = CONTROL + 192;
export const THREADS = CONTROL + 196;
export const BARRIER_COUNT = CONTROL + 256;
export const BARRIER_EPOCH = CONTROL + 320;
/** Set by a worker that trapped, so that nobody waits for it for ever. */
export const FAILED = CONTROL + 384;
/** Eight counters, a cache line each. */
export const TILES = CONTROL + 448;
/** The running kernel's arguments: up to 64 words. */
export const ARGUMENTS = CONTROL + 2048;
export const PRIVATE = 0x20000;
export const PRIVATE_BYTES = 0x10000;
/** What the wasm declares of its memory (compilerFlags in scripts/kernels.mjs); a page is 64 KiB. */
export const INITIAL_PAGES = 16;
export const MAXIMUM_PAGES = 65536;

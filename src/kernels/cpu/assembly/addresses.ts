/**
 * Where the threads' common words lie, read by both sides. The first 64 KiB belong to the compiler's constants, the second
 * to these, then come 64 KiB of private memory a thread, then the heap that ../memory.ts hands out.
 */
const CONTROL = 0x10000;
/** Grows by one at every dispatch to more than one thread. */
export const EPOCH = CONTROL;
/** Who may join the running dispatch: its epoch's low 24 bits, then "closed" (128), then how many workers have joined. */
export const GATE = CONTROL + 64;
/** Joined workers that have finished. */
export const DONE = CONTROL + 128;
/** The next part of the work that nobody has claimed. */
export const PART = CONTROL + 192;
/** Threads inside memory.atomic.wait. */
export const SLEEPERS = CONTROL + 256;
/** The running kernel, -1 to end the workers, and into how many parts its work is cut. */
export const OPERATION = CONTROL + 320;
export const PARTS = CONTROL + 324;
/** Set where a worker trapped or ended, so that nobody waits for it for ever. */
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

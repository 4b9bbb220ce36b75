/**
 * How a kernel reads its arguments and splits its work, and how threads wait. `thread` and `threads` in a kernel number the
 * parts its work is cut into: each part is run once, by whichever thread claims it, so parts must not wait for each other.
 */
import { FAILED, PRIVATE, PRIVATE_BYTES, SLEEPERS, TILES } from "./addresses";

/** Argument n as an integer. */
// @ts-ignore: decorator
@inline export function int(args: usize, n: usize): i32 {
  return load<i32>(args + (n << 2));
}

/** Argument n as an address. */
// @ts-ignore: decorator
@inline export function address(args: usize, n: usize): usize {
  return load<usize>(args + (n << 2));
}

/** Argument n as a float. */
// @ts-ignore: decorator
@inline export function float(args: usize, n: usize): f32 {
  return load<f32>(args + (n << 2));
}

/** Memory of this part alone (64 KiB, 64-byte aligned), free for a kernel's own use while it runs. */
// @ts-ignore: decorator
@inline export function privateMemory(thread: i32): usize {
  return PRIVATE + <usize>thread * PRIVATE_BYTES;
}

/** Where thread's share of `total` items starts; its end is the next thread's start. */
// @ts-ignore: decorator
@inline export function share(total: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>total * <i64>thread) / <i64>threads);
}

/** The next tile nobody has taken, from one of eight counters that start at 0 in every dispatch: a slow thread takes fewer. */
// @ts-ignore: decorator
@inline export function takeTile(counter: i32): i32 {
  return atomic.add<i32>(TILES + (<usize>counter << 6), 1);
}

/** The host's: called by a thread that has waited for a second, to look whether those it may be waiting for are alive. */
// @ts-ignore: decorator
@external("env", "stillWaiting") declare function stillWaiting(): void;

/**
 * Spins before a thread sleeps, some hundred microseconds. On virtual machines a sleeper takes about as long to wake: where threads spin
 * for less, one's waking sends the other to sleep, hundreds of times a training step (docs/log.md, 27 November 2026).
 */
const SPINS: i32 = 300000;

/** Waits while the word at `at` is `value`: spins, then sleeps; traps once FAILED is set. */
export function waitWhile(at: usize, value: i32): void {
  for (let spin = 0; spin < SPINS; spin++) if (atomic.load<i32>(at) != value) return;
  do {
    if (atomic.load<i32>(FAILED)) unreachable();
    atomic.add<i32>(SLEEPERS, 1);
    const timedOut = atomic.wait<i32>(at, value, 1000000000) == 2;
    atomic.sub<i32>(SLEEPERS, 1);
    if (timedOut) stillWaiting();
  } while (atomic.load<i32>(at) == value);
}

/** Adds one to the word at `at` and wakes whoever sleeps on it. */
export function announce(at: usize): void {
  atomic.add<i32>(at, 1);
  if (atomic.load<i32>(SLEEPERS)) atomic.notify(at, -1);
}

/** Several requests under way at once: the first failure stops the others, which are cut, not waited for. */

/** Runs `run` on each item, at most `concurrency` at once, in their order. @throws what the first to fail threw */
export async function several<T>(
  items: readonly T[],
  concurrency: number,
  signal: AbortSignal,
  run: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  let next = 0;
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, async () => {
    try {
      while (next < items.length && !both.aborted) await run(items[next++]!, both);
    } catch (error) {
      if (!both.aborted) failed.abort(error);
    }
  });
  await Promise.all(workers);
  if (failed.signal.aborted) throw failed.signal.reason;
}

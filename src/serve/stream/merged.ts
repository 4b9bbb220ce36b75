/** Several requests' events as one sequence, each as soon as it is there. */

export interface Merged<E> {
  /** Which of them it came from. */
  readonly from: number;
  readonly event: E;
}

export async function* merged<E>(sources: readonly AsyncIterable<E>[]): AsyncGenerator<Merged<E>> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const next = (from: number) => iterators[from].next().then((result) => ({ from, result }));
  const waiting = new Map(iterators.map((_, from) => [from, next(from)]));
  while (waiting.size > 0) {
    const { from, result } = await Promise.race(waiting.values());
    if (result.done) waiting.delete(from);
    else {
      waiting.set(from, next(from));
      yield { from, event: result.value };
    }
  }
}

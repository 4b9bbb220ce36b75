/**
 * A tree of beginnings: each node stands for one block of tokens after those of its parents and carries a value. Beginnings that
 * start alike share their nodes; the least recently used leaves give way once there are more nodes than allowed.
 */

/** Tokens of a node: the key cache's own blocks have as many positions, so that a block is whole runs of memory. */
export const BLOCK = 32;

interface Node<T> {
  readonly key: string;
  readonly parent: Node<T> | null;
  readonly children: Map<string, Node<T>>;
  value: T;
  newer: Node<T> | null;
  older: Node<T> | null;
}

export class BlockTree<T> {
  readonly #limit: number;
  readonly #roots = new Map<string, Node<T>>();
  #newest: Node<T> | null = null;
  #oldest: Node<T> | null = null;
  #size = 0;
  /** Values of nodes that gave way, to be filled again. */
  readonly #spare: T[] = [];

  /** @param limit how many nodes there may be */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  /** The values of as many whole blocks of the first `length` tokens as are there; they are the most recently used now. */
  find(tokens: ArrayLike<number>, length: number): T[] {
    const path = this.#walk(tokens, length);
    this.#touch(path);
    return path.map(({ value }) => value);
  }

  /**
   * Puts whole blocks of the first `length` tokens in, as far as the limit allows.
   * @param make gives the value of the block at this index; gets the value of a node that gave way, or null
   */
  put(tokens: ArrayLike<number>, length: number, make: (block: number, spare: T | null) => T): void {
    const path = this.#walk(tokens, length);
    const blocks = Math.min(Math.floor(length / BLOCK), this.#limit);
    // Touched first, so that what is being added to does not give way.
    this.#touch(path);
    while (path.length < blocks) {
      if (this.#size === this.#limit && !this.#evict(path.at(-1) ?? null)) break;
      const parent = path.at(-1) ?? null;
      const node: Node<T> = {
        key: keyOf(tokens, path.length * BLOCK),
        parent,
        children: new Map(),
        value: make(path.length, this.#spare.pop() ?? null),
        newer: null,
        older: null,
      };
      (parent?.children ?? this.#roots).set(node.key, node);
      this.#size++;
      path.push(node);
      // Behind its parent: whoever is oldest has no children then.
      this.#insertOlderThan(node, parent);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#roots.clear();
    this.#newest = this.#oldest = null;
    this.#size = 0;
  }

  #walk(tokens: ArrayLike<number>, length: number): Node<T>[] {
    const path: Node<T>[] = [];
    let level: ReadonlyMap<string, Node<T>> = this.#roots;
    for (let at = 0; at + BLOCK <= length; at += BLOCK) {
      const node = level.get(keyOf(tokens, at));
      if (node === undefined) break;
      path.push(node);
      level = node.children;
    }
    return path;
  }

  /** Makes a path the newest, its beginning newest of all: parents are always newer than their children. */
  #touch(path: readonly Node<T>[]): void {
    for (let i = path.length - 1; i >= 0; i--) {
      this.#unlink(path[i]);
      this.#insertOlderThan(path[i], null);
    }
  }

  /** Drops the oldest node; false where that is `keep`. */
  #evict(keep: Node<T> | null): boolean {
    const node = this.#oldest;
    if (node === null || node === keep) return false;
    this.#unlink(node);
    (node.parent?.children ?? this.#roots).delete(node.key);
    this.#size--;
    this.#spare.push(node.value);
    return true;
  }

  #unlink(node: Node<T>): void {
    if (node.newer !== null) node.newer.older = node.older;
    else if (this.#newest === node) this.#newest = node.older;
    if (node.older !== null) node.older.newer = node.newer;
    else if (this.#oldest === node) this.#oldest = node.newer;
    node.newer = node.older = null;
  }

  /** Links a node right behind another; behind none it is the newest. */
  #insertOlderThan(node: Node<T>, ahead: Node<T> | null): void {
    const behind = ahead === null ? this.#newest : ahead.older;
    node.newer = ahead;
    node.older = behind;
    if (ahead === null) this.#newest = node;
    else ahead.older = node;
    if (behind === null) this.#oldest = node;
    else behind.newer = node;
  }
}

function keyOf(tokens: ArrayLike<number>, at: number): string {
  let key = "";
  for (let i = at; i < at + BLOCK; i++) key += `${tokens[i].toString(36)},`;
  return key;
}

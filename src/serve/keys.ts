/** API keys: kept as hashes only, compared in constant time. */
import { createHash, timingSafeEqual } from "node:crypto";

export class Keys {
  readonly #hashes: readonly Buffer[];

  constructor(keys: readonly string[]) {
    this.#hashes = keys.map(hash);
  }

  /** Whether a key is needed at all. */
  get required(): boolean {
    return this.#hashes.length > 0;
  }

  /** A name for the key that tells nothing of it, or null where it is none of ours. Takes as long for any text. */
  check(presented: string): string | null {
    const given = hash(presented);
    let found = -1;
    for (let i = 0; i < this.#hashes.length; i++) if (timingSafeEqual(this.#hashes[i], given)) found = i;
    return found < 0 ? null : `key-${given.toString("hex", 0, 4)}`;
  }
}

const hash = (key: string): Buffer => createHash("sha256").update(key, "utf8").digest();

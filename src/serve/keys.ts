/** API keys: kept as hashes only, compared in constant time. */
import { createHash, timingSafeEqual } from "node:crypto";

export class Keys {
  readonly #hashes: readonly Buffer[];

  /** @param keys as clients send them, or their hashes as `storedKey` writes them */
  constructor(keys: readonly string[]) {
    this.#hashes = keys.map((key) => Buffer.from(storedKey(key).slice(PREFIX.length), "hex"));
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
    return found < 0 ? null : nameOf(given);
  }
}

const PREFIX = "sha256:";
const STORED = /^sha256:[0-9a-f]{64}$/i;

/** Whether a configured text is a key, or the hash of one as `printf %s KEY | sha256sum` gives it. */
export const isKeyOrHash = (text: string): boolean => !text.startsWith(PREFIX) || STORED.test(text);

/** A key's hash, `sha256:` and 64 hexadecimal digits; a hash stays what it is. */
export const storedKey = (key: string): string =>
  STORED.test(key) ? key.toLowerCase() : `${PREFIX}${hash(key).toString("hex")}`;

/** The name `check` gives a key with this hash. */
export const keyName = (stored: string): string => nameOf(Buffer.from(stored.slice(PREFIX.length), "hex"));

const nameOf = (digest: Buffer): string => `key-${digest.toString("hex", 0, 4)}`;
const hash = (key: string): Buffer => createHash("sha256").update(key, "utf8").digest();

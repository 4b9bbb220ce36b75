// Blocks that nobody holds as a whole: a large matrix is read in pieces, each straight to where it is worked on.

/** A weight's blocks, row after row, read as they are wanted. */
export interface BlockReader {
  /** Bytes there are. */
  readonly length: number;
  /** Fills `into` with the bytes from `from` on. @throws UserError where they cannot be read */
  read(into: Uint8Array, from: number): void;
}

/** Blocks wherever they are. */
export type Blocks = Uint8Array | BlockReader;

/** Fills `into` with the bytes from `from` on. */
export function readBlocks(blocks: Blocks, into: Uint8Array, from: number): void {
  if (blocks instanceof Uint8Array) into.set(blocks.subarray(from, from + into.length));
  else blocks.read(into, from);
}

/** All of them at once, for what takes them no other way. */
export function allBlocks(blocks: Blocks): Uint8Array {
  if (blocks instanceof Uint8Array) return blocks;
  const all = new Uint8Array(blocks.length);
  blocks.read(all, 0);
  return all;
}

/**
 * What has come of answers under way, saved as it comes: each saving holds only what is new, since the whole would be too much to write
 * every second. A page opened anew puts them together and reads the stream on from the last.
 */
import { inStore } from "./database.ts";
import type { DraftPiece } from "./draft.ts";

export interface SavedPiece {
  readonly stream: string;
  /** The number of the stream's event it goes up to. */
  readonly at: number;
  /** One for each of the stream's answers. */
  readonly drafts: readonly DraftPiece[];
}

/** A browser that keeps nothing forgets them; then there is nothing to go on from, and nothing is lost now. */
export function savePiece(stream: string, at: number, drafts: readonly DraftPiece[]): void {
  inStore("pieces", "readwrite", (store) => store.add({ stream, at, drafts })).catch(() => undefined);
}

/** In the order they were saved. */
export const loadPieces = (stream: string): Promise<SavedPiece[]> =>
  inStore("pieces", "readonly", (store) => store.index("stream").getAll(stream));

export async function dropPieces(stream: string): Promise<void> {
  try {
    const keys = await inStore("pieces", "readonly", (store) => store.index("stream").getAllKeys(stream));
    for (const key of keys) await inStore("pieces", "readwrite", (store) => store.delete(key));
  } catch {
    // Nothing was kept, so nothing is left.
  }
}

/** Pieces of a text that grows at its end: what surely changes no more is not cut again, so that a step costs what came, not what is there. */
import { useRef } from "react";

interface Grown {
  readonly text: string;
  readonly pieces: readonly string[];
}

/**
 * @param split gives pieces that joined are the text again
 * @param open how many pieces at the end more text may still change
 */
export function growPieces(
  before: Grown | null,
  text: string,
  split: (text: string) => string[],
  open: number,
): readonly string[] {
  if (before === null || before.pieces.length <= open || !text.startsWith(before.text)) return split(text);
  const kept = before.pieces.slice(0, before.pieces.length - open);
  const from = kept.reduce((sum, piece) => sum + piece.length, 0);
  return [...kept, ...split(text.slice(from))];
}

export function useGrowing(text: string, split: (text: string) => string[], open: number): readonly string[] {
  const grown = useRef<Grown | null>(null);
  if (grown.current?.text !== text) grown.current = { text, pieces: growPieces(grown.current, text, split, open) };
  return grown.current.pieces;
}

/** A text that may be the final answer of a response, and where it was found. */

export interface Candidate {
  readonly text: string;
  /** A per cent sign stands behind the place, outside of it: the number may be meant with it or without. */
  readonly percent?: boolean;
  /** Plain text rather than LaTeX: a comma between digits may be a decimal mark there. */
  readonly plain: boolean;
  /** Where it stood, in words. */
  readonly where: string;
  /** It counts only where it reads as mathematics. */
  readonly onlyMath?: true;
}

/** The last `length` characters, from the start of a line where one is near. */
export function fromLineStart(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = text.slice(-length);
  const line = tail.indexOf("\n");
  return line === -1 || line > length / 2 ? tail : tail.slice(line + 1);
}

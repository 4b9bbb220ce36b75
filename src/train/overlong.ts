// What happens to answers that hit the length limit: DAPO's soft punishment near it, and leaving cut-off ones out of the loss.

/** Soft overlong punishment (DAPO eq. 13): 0 up to max - cache, then falling linearly, -1 beyond max. Lengths in tokens. */
export function softOverlong(length: number, max: number, cache: number): number {
  if (length <= max - cache) return 0;
  return length <= max ? (max - cache - length) / cache : -1;
}

/** TRL's mask_truncated_completions: a truncated sequence counts in its group's mean and deviation, but no token of it in the loss. */
export const completionMask = (length: number, truncated: boolean, maskTruncated: boolean): Uint8Array =>
  new Uint8Array(length).fill(truncated && maskTruncated ? 0 : 1);

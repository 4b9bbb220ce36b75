// SentencePiece's compiled table of character replacements (`precompiled_charsmap`): a double-array trie over UTF-8 whose values are
// places in a list of zero-ended replacements. Read as Hugging Face's spm_precompiled reads it, grapheme by grapheme.

/** Longer graphemes are looked up character by character (spm_precompiled's limit, in bytes). */
const LONGEST_GRAPHEME = 6;

/** A normalizer from the table in base64; null where it is not one. */
export function precompiledNormalizer(base64: string): ((text: string) => string) | null {
  const blob = Uint8Array.from(atob64(base64));
  const view = new DataView(blob.buffer);
  if (blob.length < 4) return null;
  const trieBytes = view.getUint32(0, true);
  if (trieBytes % 4 !== 0 || 4 + trieBytes > blob.length) return null;
  const trie = new Uint32Array(blob.slice(4, 4 + trieBytes).buffer);
  const replacements = blob.subarray(4 + trieBytes);
  const utf8 = new TextEncoder();
  const text = new TextDecoder();
  const known = new Map<string, string | null>();

  /** The replacement of the shortest beginning of `chunk` that has one, which then stands for all of it. */
  const lookUp = (chunk: string): string | null => {
    const before = known.get(chunk);
    if (before !== undefined) return before;
    const value = firstPrefix(trie, utf8.encode(chunk));
    let found: string | null = null;
    if (value !== null && value < replacements.length) {
      const end = replacements.indexOf(0, value);
      found = text.decode(replacements.subarray(value, end < 0 ? replacements.length : end));
    }
    if (known.size > 20_000) known.clear();
    known.set(chunk, found);
    return found;
  };

  const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
  return (input) => {
    let output = "";
    for (const { segment } of graphemes.segment(input)) {
      const whole = utf8.encode(segment).length < LONGEST_GRAPHEME ? lookUp(segment) : null;
      if (whole !== null) output += whole;
      else for (const character of segment) output += lookUp(character) ?? character;
    }
    return output;
  };
}

/** Walks the trie (darts-clone's unit layout); null where no beginning of `bytes` is in it. */
function firstPrefix(trie: Uint32Array, bytes: Uint8Array): number | null {
  const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
  let at = offset(trie[0] ?? 0);
  for (const byte of bytes) {
    if (byte === 0) return null;
    at ^= byte;
    const unit = trie[at];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return null;
    at ^= offset(unit);
    if ((unit & 0x100) !== 0) {
      const value = trie[at];
      return value === undefined ? null : value & 0x7fffffff;
    }
  }
  return null;
}

function atob64(base64: string): number[] {
  try {
    return Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return [];
  }
}

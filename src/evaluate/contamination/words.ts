/** Words of a text as overlap is counted in them: letters and digits, lower case; a character each where a script has no spaces. */

/** Lower-case words of normalised text (NFKC); everything else separates. */
export function* wordsOf(text: string): Generator<string> {
  for (const [word] of text.normalize("NFKC").toLowerCase().matchAll(WORD)) yield word;
}

/** Han, kana, Thai and the like are not written in words: each character counts as one. */
const UNSPACED = "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}";
const WORD = new RegExp(`[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}])+`, "gu");

/** Texts of a stream cut at places where no word is cut, JSON's escapes read where the stream is JSON. */
export async function* pieces(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let held = "";
  let json: boolean | null = null;
  for await (const chunk of chunks) {
    held += chunk;
    if (json === null && held.trimStart() !== "") json = /^\s*[[{"]/.test(held);
    // A word or an escape may go on in the next chunk; what is longer than any of them may be cut.
    let end = held.length;
    while (end > 0 && held.length - end < LONGEST && !/[\s,;:!?()]/.test(held[end - 1]!)) end--;
    if (held.length - end >= LONGEST) end = held.length;
    if (end === 0) continue;
    yield json ? unescaped(held.slice(0, end)) : held.slice(0, end);
    held = held.slice(end);
  }
  if (held !== "") yield json ? unescaped(held) : held;
}

const LONGEST = 4096;

const unescaped = (text: string): string =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, sign: string | undefined) =>
    code !== undefined ? String.fromCharCode(Number.parseInt(code, 16)) : "nrtbf".includes(sign!) ? " " : sign!,
  );

/** A sample token by token: its own text, its log-probability and the entropy it was drawn from, where the run kept a tokenizer. */
import { loadModelText } from "../../text/model-text.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";

export interface SampleToken {
  readonly text: string;
  readonly logp: number | null;
  readonly entropy: number | null;
}

/** Tokenizers of runs looked at lately. */
const loaded = new Map<string, Tokenizer | null>();

/** Null where the run has no checkpoint with a tokenizer, or the sample no tokens: its text is all there is. */
export function tokensOf(run: string, line: Readonly<Record<string, unknown>>): SampleToken[] | null {
  const { completion_ids: ids, logps, entropies } = line;
  if (!Array.isArray(ids)) return null;
  const tokenizer = tokenizerOf(run);
  if (tokenizer === null) return null;
  const at = (list: unknown, index: number): number | null =>
    Array.isArray(list) && typeof list[index] === "number" ? list[index] : null;
  try {
    const decoder = new TextDecoder();
    return ids.map((id, index) => ({
      // Bytes of a character that several tokens share show with the last of them.
      text: tokenizer.isSpecial(id)
        ? (tokenizer.tokenOf(id) ?? "")
        : decoder.decode(tokenizer.tokenBytes(id), { stream: true }),
      logp: at(logps, index),
      entropy: at(entropies, index),
    }));
  } catch {
    return null; // ids of another vocabulary
  }
}

function tokenizerOf(run: string): Tokenizer | null {
  const known = loaded.get(run);
  if (known !== undefined) return known;
  let tokenizer: Tokenizer | null = null;
  try {
    tokenizer = loadModelText(run).tokenizer;
  } catch {
    return null; // no checkpoint yet: asked again the next time
  }
  loaded.set(run, tokenizer);
  for (const old of [...loaded.keys()].slice(0, -8)) loaded.delete(old);
  return tokenizer;
}

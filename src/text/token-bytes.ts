// The bytes each token stands for, worked out from the decoder a tokenizer.json declares. Streaming needs them: a character may be
// spread over several tokens, and only bytes can be put together without ever guessing.

import { UserError } from "../error.ts";

export interface TokenBytes {
  readonly bytesOf: (token: string, id: number) => Uint8Array;
  readonly stripsFirstSpace: boolean;
}

/** Reads the decoder of a tokenizer.json: byte-level (GPT-2's letters for bytes), or SentencePiece's (▁ for spaces, <0x0A> for bytes). */
export function tokenBytesOf(json: { readonly [field: string]: unknown }, addedIds: ReadonlySet<number>): TokenBytes {
  const kinds = flatten(json.decoder);
  const types = kinds.map((one) => one.type);
  if (types.includes("ByteLevel")) {
    return {
      bytesOf: (token, id) => (addedIds.has(id) ? utf8.encode(token) : byteLevelBytes(token)),
      stripsFirstSpace: false,
    };
  }
  const strip = kinds.some(
    (one) =>
      (one.type === "Strip" && Number(one.start) > 0) || (one.type === "Metaspace" && one.prepend_scheme !== "never"),
  );
  const spaces = types.includes("Metaspace") || kinds.some((one) => one.type === "Replace" && one.content === " ");
  const bytes = types.includes("ByteFallback");
  if (json.decoder === null || json.decoder === undefined || spaces || types.every((type) => type === "Fuse")) {
    return {
      // added tokens go through this decoder too: Gemma's runs of spaces are such
      bytesOf: (token) => sentencePieceBytes(token, spaces, bytes),
      stripsFirstSpace: strip,
    };
  }
  throw new UserError(
    `tokenizer.json has the decoder ${types.join(", ")}; supported are ByteLevel, Metaspace and SentencePiece's sequence.`,
    {
      param: "decoder",
      type: "invalid_tokenizer",
    },
  );
}

/** SentencePiece's writing of one piece: ▁ is a space, <0xNN> a byte. */
export function sentencePieceBytes(token: string, spaces = true, byteFallback = true): Uint8Array {
  const byte = byteFallback ? /^<0x([0-9A-Fa-f]{2})>$/.exec(token) : null;
  if (byte !== null) return Uint8Array.of(Number.parseInt(byte[1], 16));
  return utf8.encode(spaces ? token.replaceAll("▁", " ") : token);
}

const utf8 = new TextEncoder();

interface DecoderJson {
  readonly type?: string;
  readonly [field: string]: unknown;
}

function flatten(decoder: unknown): DecoderJson[] {
  if (typeof decoder !== "object" || decoder === null) return [];
  const one = decoder as DecoderJson & { decoders?: unknown[] };
  return one.type === "Sequence" ? (one.decoders ?? []).flatMap(flatten) : [one];
}

/** GPT-2's table: printable bytes stand for themselves, the other 68 for U+0100 and up, in order. */
export const LETTER_OF_BYTE: readonly string[] = (() => {
  const printable = (b: number): boolean => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
})();

const BYTE_OF_LETTER: ReadonlyMap<string, number> = new Map(LETTER_OF_BYTE.map((letter, byte) => [letter, byte]));

/** The bytes of a token in GPT-2's letters; a token with any other character is plain text. */
export function byteLevelBytes(token: string): Uint8Array {
  const bytes: number[] = [];
  for (const letter of token) {
    const byte = BYTE_OF_LETTER.get(letter);
    if (byte === undefined) return utf8.encode(token);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

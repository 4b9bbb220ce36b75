/**
 * Many short texts in two typed arrays, and finding one among them: a vocabulary of 49,000 tokens takes a megabyte this way, where as
 * many strings, a map of them and a list of merges take fifteen.
 */

/** What a list of texts and packed ones have in common. */
export interface TextList extends Iterable<string> {
  readonly length: number;
  at(index: number): string | undefined;
}

/** Texts by their place, kept as UTF-8 and decoded when asked for. Bytes that are no UTF-8 are kept and read as U+FFFD. */
export class PackedTexts implements TextList {
  readonly length: number;
  /** All texts one after the other. */
  readonly bytes: Uint8Array;
  /** Where text i begins, and at the end where the last one ends. */
  readonly starts: Uint32Array;

  constructor(bytes: Uint8Array, starts: Uint32Array) {
    this.bytes = bytes;
    this.starts = starts;
    this.length = starts.length - 1;
  }

  static of(texts: TextList): PackedTexts {
    if (texts instanceof PackedTexts) return texts;
    const packer = new TextPacker(texts.length);
    for (const text of texts) packer.add(encoder.encode(text));
    return packer.done();
  }

  /** The text at a place; undefined where there is none. */
  at(index: number): string | undefined {
    if (index < 0 || index >= this.length) return undefined;
    return decoder.decode(this.bytes.subarray(this.starts[index], this.starts[index + 1]));
  }

  *[Symbol.iterator](): Iterator<string> {
    for (let i = 0; i < this.length; i++) yield this.at(i)!;
  }
}

/** Packs texts one after the other. */
export class TextPacker {
  #bytes: Uint8Array;
  #length = 0;
  #count = 0;
  readonly #starts: Uint32Array;

  constructor(count: number) {
    this.#bytes = new Uint8Array(8 * count);
    this.#starts = new Uint32Array(count + 1);
  }

  /** The text that bytes `from` to `to` are. */
  add(text: Uint8Array, from = 0, to = text.length): void {
    const end = this.#length + to - from;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, end));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    for (let i = from; i < to; i++) this.#bytes[this.#length++] = text[i];
    this.#starts[++this.#count] = end;
  }

  /** The texts added, which must be as many as announced. */
  done(): PackedTexts {
    return new PackedTexts(this.#bytes.slice(0, this.#length), this.#starts);
  }
}

/** From a token to its id: a map, or an index of packed texts. */
export interface TokenIds {
  get(token: string): number | undefined;
}

/** The place of a text among packed ones, by open addressing over their UTF-8; of equal ones the last counts, as in a Map. */
export class TextIndex implements TokenIds {
  readonly #texts: PackedTexts;
  /** Places, -1 in empty slots. */
  readonly #slots: Int32Array;
  #scratch = new Uint8Array(64);

  constructor(texts: PackedTexts) {
    this.#texts = texts;
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2 * texts.length, 16)))).fill(-1);
    const { bytes, starts } = texts;
    for (let i = 0; i < texts.length; i++) this.#slots[this.#slotOf(bytes, starts[i], starts[i + 1])] = i;
  }

  get(text: string): number | undefined {
    const most = 3 * text.length;
    if (most > this.#scratch.length) this.#scratch = new Uint8Array(2 * most);
    const { written } = encoder.encodeInto(text, this.#scratch);
    const place = this.find(this.#scratch, 0, written);
    return place < 0 ? undefined : place;
  }

  /** The place of the text that bytes `from` to `to` are, -1 where it is none of these. */
  find(bytes: Uint8Array, from = 0, to = bytes.length): number {
    return this.#slots[this.#slotOf(bytes, from, to)];
  }

  /** The slot that holds the text, or the empty one where it would go. */
  #slotOf(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(bytes, from, to) & mask; ; slot = (slot + 1) & mask) {
      const place = this.#slots[slot];
      if (place < 0 || this.#isAt(place, bytes, from, to)) return slot;
    }
  }

  #isAt(place: number, bytes: Uint8Array, from: number, to: number): boolean {
    const { bytes: own, starts } = this.#texts;
    const start = starts[place];
    if (starts[place + 1] - start !== to - from) return false;
    for (let i = from; i < to; i++) if (own[start + i - from] !== bytes[i]) return false;
    return true;
  }
}

/** FNV-1a, its bits mixed once more since the lowest ones choose the slot. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let h = 0x811c9dc5;
  for (let i = from; i < to; i++) h = Math.imul(h ^ bytes[i], 0x01000193);
  return h ^ (h >>> 15);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

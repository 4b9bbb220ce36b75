// Reads the front of a GGUF file number by number through a small window, checking every length against what is left of the file
// before anything is allocated, so that a lying count ends in a sentence and not in gigabytes.

import fs from "node:fs";
import { UserError } from "../../error.ts";
import type { TextPacker } from "../../text/packed-texts.ts";

/** The sentence every defect of a GGUF file ends in. */
export const badGguf = (file: string, what: string, field: string | null = null): UserError =>
  new UserError(`${file} is not a valid GGUF file: ${what}; download or convert it again.`, {
    param: field ?? file,
    type: "invalid_checkpoint",
  });

/** Longest text a file may hold. */
const MAX_TEXT_BYTES = 10_000_000;

/** More bytes at once are not read through the window. */
const MAX_TAKEN = 1 << 16;

/** A byte-order mark is part of a token like any other. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

export class Cursor {
  readonly file: string;
  readonly size: number;
  /** What is being read, for errors: "the metadata key general.name". */
  field = "the header";
  readonly #fd: number;
  readonly #window: Uint8Array;
  readonly #view: DataView;
  /** Where in the file the window starts, how many of its bytes are filled, and which is next. */
  #start = 0;
  #filled = 0;
  #at = 0;

  constructor(file: string, fd: number, size: number) {
    this.file = file;
    this.size = size;
    this.#fd = fd;
    this.#window = new Uint8Array(Math.min(size, 1 << 18));
    this.#view = new DataView(this.#window.buffer);
  }

  /** Bytes from the start of the file to the next one read. */
  get position(): number {
    return this.#start + this.#at;
  }

  get left(): number {
    return this.size - this.position;
  }

  fail(what: string): UserError {
    return badGguf(this.file, `${this.field} ${what}`, this.field.replace(/^the (metadata key|tensor) /, ""));
  }

  /** @throws UserError where `count` things of at least `bytes` each cannot all be in what is left of the file. */
  expect(count: number, bytes: number, what: string): void {
    if (count * bytes > this.left) {
      throw this.fail(
        `claims ${count} ${what}, but only ${this.left} bytes are left, so the file is cut short or damaged`,
      );
    }
  }

  u8(): number {
    return this.#window[this.#take(1)];
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  /** A 64-bit count. @throws UserError where it is past `most`, which no real file reaches. */
  count(most: number, what: string): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at, true) + 2 ** 32 * this.#view.getUint32(at + 4, true);
    if (value > most) throw this.fail(`claims ${value} ${what}, and more than ${most} are not read`);
    return value;
  }

  /** A length and so many bytes of UTF-8. */
  text(): string {
    const length = this.#textLength();
    if (length > MAX_TAKEN) {
      const bytes = new Uint8Array(length);
      this.bytes(bytes);
      return utf8.decode(bytes);
    }
    const at = this.#take(length);
    return utf8.decode(this.#window.subarray(at, at + length));
  }

  /** The same, packed as it is: of a hundred thousand texts neither a string nor a view is made. */
  packText(packer: TextPacker): void {
    const length = this.#textLength();
    if (length > MAX_TAKEN) {
      const bytes = new Uint8Array(length);
      this.bytes(bytes);
      packer.add(bytes);
      return;
    }
    const at = this.#take(length);
    packer.add(this.#window, at, at + length);
  }

  #textLength(): number {
    const length = this.count(MAX_TEXT_BYTES, "bytes of text");
    this.expect(length, 1, "bytes of text");
    return length;
  }

  /** Fills `into` with the next bytes. */
  bytes(into: Uint8Array): void {
    this.expect(into.length, 1, "bytes");
    const buffered = Math.min(into.length, this.#filled - this.#at);
    into.set(this.#window.subarray(this.#at, this.#at + buffered));
    this.#at += buffered;
    if (buffered === into.length) return;
    readAt(this.#fd, into.subarray(buffered), this.position, this.file);
    this.#start = this.position + into.length - buffered;
    this.#filled = 0;
    this.#at = 0;
  }

  /** Makes the next `length` (at most MAX_TAKEN) bytes lie in the window and returns where. */
  #take(length: number): number {
    if (this.#filled - this.#at < length) {
      if (length > this.left) throw this.fail("ends in the middle, so the file is cut short");
      this.#window.copyWithin(0, this.#at, this.#filled);
      this.#start += this.#at;
      this.#filled -= this.#at;
      this.#at = 0;
      const more = Math.min(this.#window.length - this.#filled, this.size - this.#start - this.#filled);
      readAt(this.#fd, this.#window.subarray(this.#filled, this.#filled + more), this.#start + this.#filled, this.file);
      this.#filled += more;
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

/** Reads exactly `into.length` bytes at a position of a file. @throws UserError where the file ends before */
export function readAt(fd: number, into: Uint8Array, position: number, file: string): void {
  for (let done = 0; done < into.length; ) {
    const n = fs.readSync(fd, into, done, Math.min(into.length - done, 1 << 30), position + done);
    // sizes were checked on opening, so the file was cut while open
    if (n === 0) throw badGguf(file, `it ends at byte ${position + done}, so it was cut short`);
    done += n;
  }
}

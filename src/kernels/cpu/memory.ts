/**
 * The CPU device's memory: one shared wasm memory that grows on demand, a free list for what lives long, a stack for what
 * lives one step. Everything starts on a cache line. Views made before a growth stay valid, since the memory is shared.
 */
import { UserError } from "../../error.ts";
import type { F32, I32, Memory } from "../kernels.ts";
import { PackedForms } from "./packed.ts";

export class CpuMemory implements Memory {
  readonly #memory: WebAssembly.Memory;
  readonly #sizes = new Map<number, number>();
  readonly #free: Span[] = []; // sorted by address, no two adjacent
  readonly #chunks: Span[] = []; // of the scratch stack
  readonly #heap: number;
  #top: number; // nothing at or above was ever handed out, so it is still zero
  #end: number;
  #chunk = 0;
  #used = 0; // bytes of chunk #chunk
  #bytes = 0;
  #peak = 0;

  constructor(memory: WebAssembly.Memory, heap: number) {
    this.#memory = memory;
    this.#heap = heap;
    this.#top = heap;
    this.#end = memory.buffer.byteLength;
  }

  f32(length: number): F32 {
    return new CpuF32(this.#memory, this.#zeroed(length), length, null);
  }
  i32(length: number): I32 {
    return new CpuI32(this.#memory, this.#zeroed(length), length);
  }
  parameter(length: number): F32 {
    return new CpuF32(this.#memory, this.#zeroed(length), length, new PackedForms());
  }
  changed(parameter: F32): void {
    const { handle, length, forms } = parameter as CpuF32;
    if (forms !== null) forms.outdate(handle, handle + length * 4);
  }
  free(buffer: F32 | I32): void {
    if (buffer instanceof CpuF32) buffer.forms?.drain((handle) => this.giveBack(handle));
    this.giveBack(buffer.handle);
  }

  scratchF32(length: number): F32 {
    return new CpuF32(this.#memory, this.scratch(length * 4), length, null);
  }
  scratchI32(length: number): I32 {
    return new CpuI32(this.#memory, this.scratch(length * 4), length);
  }
  mark(): number {
    return this.#chunk * chunkStep + this.#used;
  }
  release(mark: number): void {
    this.#chunk = mark < chunkStep ? 0 : Math.floor(mark / chunkStep);
    this.#used = mark - this.#chunk * chunkStep;
  }

  slice<B extends F32 | I32>(buffer: B, start: number, length: number): B {
    if (start < 0 || length < 0 || start + length > buffer.length)
      throw new RangeError(`slice [${start}, ${start + length}) of ${buffer.length} elements`);
    const at = buffer.handle + start * 4;
    return (buffer.type === "f32"
      ? new CpuF32(this.#memory, at, length, (buffer as unknown as CpuF32).forms)
      : new CpuI32(this.#memory, at, length)) as F32 as B;
  }
  write(buffer: F32 | I32, values: ArrayLike<number>, at = 0): void {
    buffer.host!.set(values, at);
    if (buffer.type === "f32") this.changed(buffer);
  }
  read(buffer: F32): Promise<Float32Array>;
  read(buffer: I32): Promise<Int32Array>;
  read(buffer: F32 | I32): Promise<Float32Array | Int32Array> {
    return Promise.resolve(buffer.host!.slice());
  }
  usage(): { readonly bytes: number; readonly peak: number } {
    return { bytes: this.#bytes, peak: this.#peak };
  }

  /** Bytes on the scratch stack, for kernels' own use between a mark and a release. */
  scratch(bytes: number): number {
    const size = aligned(bytes);
    for (;;) {
      const chunk = this.#chunks[this.#chunk];
      if (chunk === undefined) this.#chunks.push(this.#newChunk(size));
      else if (this.#used + size <= chunk.bytes || this.#extend(chunk, this.#used + size)) {
        this.#used += size;
        return chunk.at + this.#used - size;
      } else {
        this.#chunk++;
        this.#used = 0;
      }
    }
  }

  /** Long-lived bytes of undefined content. */
  take(bytes: number): number {
    const size = aligned(bytes);
    // The tightest span that fits, so that big spans stay whole for big buffers.
    let best = -1;
    for (let i = 0; i < this.#free.length; i++)
      if (this.#free[i]!.bytes >= size && (best < 0 || this.#free[i]!.bytes < this.#free[best]!.bytes)) best = i;
    let at: number;
    if (best < 0) {
      at = this.#top;
      this.#reach(at + size);
    } else {
      const span = this.#free[best]!;
      at = span.at;
      span.at += size;
      span.bytes -= size;
      if (span.bytes === 0) this.#free.splice(best, 1);
    }
    this.#sizes.set(at, size);
    this.#count(size);
    return at;
  }

  /** Gives back what `take` gave. */
  giveBack(at: number): void {
    const bytes = this.#sizes.get(at);
    if (bytes === undefined)
      throw new RangeError(`no buffer starts at ${at}: a slice cannot be freed, nor a buffer twice`);
    this.#sizes.delete(at);
    this.#count(-bytes);
    const next = this.#free.findIndex((span) => span.at > at);
    const index = next < 0 ? this.#free.length : next;
    this.#free.splice(index, 0, { at, bytes });
    for (const i of [index + 1, index]) {
      const [left, right] = [this.#free[i - 1], this.#free[i]];
      if (left !== undefined && right !== undefined && left.at + left.bytes === right.at) {
        left.bytes += right.bytes;
        this.#free.splice(i, 1);
      }
    }
  }

  #zeroed(length: number): number {
    const fresh = this.#top;
    const at = this.take(length * 4);
    if (at < fresh) new Uint8Array(this.#memory.buffer, at, aligned(length * 4)).fill(0);
    return at;
  }

  #newChunk(size: number): Span {
    const at = this.take(Math.max(size, chunkGrowth));
    return { at, bytes: this.#sizes.get(at)! };
  }

  /** Grows a chunk in place where nothing lies behind it, so that a step's scratch is one run of memory. */
  #extend(chunk: Span, bytes: number): boolean {
    if (chunk.at + chunk.bytes !== this.#top) return false;
    const more = aligned(Math.max(bytes - chunk.bytes, chunkGrowth));
    this.#reach(this.#top + more);
    chunk.bytes += more;
    this.#sizes.set(chunk.at, chunk.bytes);
    this.#count(more);
    return true;
  }

  #reach(end: number): void {
    if (end > this.#end) {
      const pages = Math.ceil((end - this.#end) / pageBytes);
      const spare = Math.min(growthPages, maximumBytes / pageBytes - this.#end / pageBytes);
      try {
        if (end > maximumBytes) throw new RangeError("past 4 GiB");
        this.#memory.grow(Math.max(pages, spare));
      } catch (cause) {
        const held = ((this.#end - this.#heap) / 2 ** 30).toFixed(1);
        throw new UserError(
          `The CPU device is out of memory: it holds ${held} GiB, needs ${((end - this.#end) / 2 ** 20).toFixed(0)} MiB more ` +
            "and may hold at most 4 GiB. Use a smaller model, batch or context.",
          { type: "out_of_memory", cause },
        );
      }
      this.#end = this.#memory.buffer.byteLength;
    }
    this.#top = end;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#peak = Math.max(this.#peak, this.#bytes);
  }
}

/** A buffer of floats; `forms` are the packed copies of the parameter it belongs to, null where it is none. */
export class CpuF32 implements F32 {
  readonly type = "f32";
  readonly length: number;
  readonly handle: number;
  readonly forms: PackedForms | null;
  private readonly memory: WebAssembly.Memory; // not #memory: a private name makes an object three times as dear
  private view: Float32Array | null = null;

  constructor(memory: WebAssembly.Memory, handle: number, length: number, forms: PackedForms | null) {
    this.memory = memory;
    this.handle = handle;
    this.length = length;
    this.forms = forms;
  }
  get host(): Float32Array {
    // Made when first asked for: most buffers are only ever seen by kernels.
    this.view ??= new Float32Array(this.memory.buffer, this.handle, this.length);
    return this.view;
  }
}

class CpuI32 implements I32 {
  readonly type = "i32";
  readonly length: number;
  readonly handle: number;
  private readonly memory: WebAssembly.Memory;
  private view: Int32Array | null = null;

  constructor(memory: WebAssembly.Memory, handle: number, length: number) {
    this.memory = memory;
    this.handle = handle;
    this.length = length;
  }
  get host(): Int32Array {
    this.view ??= new Int32Array(this.memory.buffer, this.handle, this.length);
    return this.view;
  }
}

interface Span {
  at: number;
  bytes: number;
}

const pageBytes = 65536;
const maximumBytes = 65536 * pageBytes;
const growthPages = 256; // 16 MiB at a time: growing is a system call for every thread's sake
const chunkGrowth = 4 << 20;
const chunkStep = 2 ** 33; // a mark is chunk * chunkStep + bytes used in it
const aligned = (bytes: number): number =>
  bytes <= 0 ? 64 : bytes < 2 ** 30 ? (bytes + 63) & ~63 : Math.ceil(bytes / 64) * 64;

/** Host memory of the reference device: every buffer is an array of its own. */
import type { F32, I32, Memory } from "../kernels.ts";

export class ReferenceMemory implements Memory {
  #bytes = 0;
  #peak = 0;

  f32(length: number): F32 {
    return this.#count(float(new Float32Array(length)));
  }
  i32(length: number): I32 {
    return this.#count(integer(new Int32Array(length)));
  }
  parameter(length: number): F32 {
    return this.f32(length);
  }
  changed(): void {}
  free(buffer: F32 | I32): void {
    this.#bytes -= buffer.length * 4;
  }
  scratchF32(length: number): F32 {
    return float(new Float32Array(length).fill(Number.NaN)); // NaN: whoever reads before writing is found out
  }
  scratchI32(length: number): I32 {
    return integer(new Int32Array(length).fill(-1));
  }
  mark(): number {
    return 0;
  }
  release(): void {}
  slice<B extends F32 | I32>(buffer: B, start: number, length: number): B {
    if (start < 0 || start + length > buffer.length)
      throw new RangeError(`slice [${start}, ${start + length}) of ${buffer.length} elements`);
    return (
      buffer.type === "f32"
        ? float(buffer.host!.subarray(start, start + length))
        : integer(buffer.host!.subarray(start, start + length))
    ) as B;
  }
  write(buffer: F32 | I32, values: ArrayLike<number>, at = 0): void {
    buffer.host!.set(values, at);
  }
  read(buffer: F32): Promise<Float32Array>;
  read(buffer: I32): Promise<Int32Array>;
  read(buffer: F32 | I32): Promise<Float32Array | Int32Array> {
    return Promise.resolve(buffer.host!.slice());
  }
  usage(): { readonly bytes: number; readonly peak: number } {
    return { bytes: this.#bytes, peak: this.#peak };
  }

  #count<B extends F32 | I32>(buffer: B): B {
    this.#bytes += buffer.length * 4;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return buffer;
  }
}

const float = (host: Float32Array): F32 & { host: Float32Array } => ({
  type: "f32",
  length: host.length,
  handle: 0,
  host,
});
const integer = (host: Int32Array): I32 & { host: Int32Array } => ({
  type: "i32",
  length: host.length,
  handle: 0,
  host,
});

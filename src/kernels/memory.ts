/** A device's memory as the code above sees it: buffers of 32-bit numbers, long-lived ones and those of a step. */

/** A run of 32-bit floats in a device's memory. */
export interface F32 {
  readonly type: "f32";
  readonly length: number;
  /** Where it lies: a byte offset, or whatever the device uses. */
  readonly handle: number;
  /** The live memory itself where host and device share it (CPU), else null; code above `tensor/` uses read and write. */
  readonly host: Float32Array | null;
}

/** A run of 32-bit integers in a device's memory. */
export interface I32 {
  readonly type: "i32";
  readonly length: number;
  readonly handle: number;
  readonly host: Int32Array | null;
}

export interface Memory {
  /** A zeroed buffer that lives until `free`. */
  f32(length: number): F32;
  i32(length: number): I32;
  /** A zeroed buffer for a weight matrix: the device may keep a repacked copy until `changed` is called on it. */
  parameter(length: number): F32;
  /** Says that a parameter's (or a slice of a parameter's) values were changed by anything but `write`. */
  changed(parameter: F32): void;
  free(buffer: F32 | I32): void;
  /** Memory for one step: not zeroed, given back all at once by `release`. */
  scratchF32(length: number): F32;
  scratchI32(length: number): I32;
  mark(): number;
  release(mark: number): void;
  /** Elements [start, start + length) of a buffer, without a copy. A slice of a parameter counts as that parameter. */
  slice<B extends F32 | I32>(buffer: B, start: number, length: number): B;
  write(buffer: F32 | I32, values: ArrayLike<number>, at?: number): void;
  /** A copy of the buffer once everything enqueued before has run. */
  read(buffer: F32): Promise<Float32Array>;
  read(buffer: I32): Promise<Int32Array>;
  /** Bytes now held, and the most ever held. */
  usage(): { readonly bytes: number; readonly peak: number };
}

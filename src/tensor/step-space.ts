/**
 * The space of decoding. A step asks for the same buffers in the same order as the last step of as many rows, so it is handed
 * the very objects made then: a token makes no objects, and a step's memory is one region, however many layers there are.
 */
import type { Device, F32, I32 } from "../kernels/kernels.ts";
import type { Space } from "./space.ts";
import { Tensor } from "./tensor.ts";

/** Past this many rows a few hundred objects a step no longer matter, and lists for every length would pile up. */
const REMEMBERED_ROWS = 256;

interface Made {
  readonly tensors: Tensor[];
  readonly tensorsAt: number[];
  readonly ints: I32[];
  readonly intsAt: number[];
}

export class StepSpace implements Space {
  readonly #device: Device;
  readonly #floats: Region<F32>;
  readonly #integers: Region<I32>;
  readonly #marks: number[] = [];
  readonly #madeByCount = new Map<number, Made>();
  #made: Made = nothingMade();
  #tensorCall = 0;
  #intCall = 0;

  constructor(device: Device) {
    this.#device = device;
    this.#floats = new Region(device, (length) => device.f32(length));
    this.#integers = new Region(device, (length) => device.i32(length));
  }

  /** Starts a step of `count` rows; everything handed out before is void. */
  begin(count: number): void {
    this.#tensorCall = 0;
    this.#intCall = 0;
    this.#marks.length = 0;
    const [floatsMoved, intsMoved] = [this.#floats.begin(), this.#integers.begin()];
    if (floatsMoved || intsMoved) this.#madeByCount.clear();
    let made = this.#madeByCount.get(count);
    if (made === undefined) {
      made = nothingMade();
      if (count <= REMEMBERED_ROWS) this.#madeByCount.set(count, made);
    }
    this.#made = made;
  }

  tensor(rows: number, width: number): Tensor {
    const at = this.#floats.take(rows * width);
    const call = this.#tensorCall++;
    const { tensors, tensorsAt } = this.#made;
    if (call < tensors.length) {
      const made = tensors[call];
      if (tensorsAt[call] === at && made.rows === rows && made.width === width) return made;
    }
    tensorsAt[call] = at;
    tensors[call] = new Tensor(this.#device.slice(this.#floats.buffer, at, rows * width), rows, width);
    return tensors[call];
  }

  ints(length: number): I32 {
    const at = this.#integers.take(length);
    const call = this.#intCall++;
    const { ints, intsAt } = this.#made;
    if (call < ints.length && intsAt[call] === at && ints[call].length === length) return ints[call];
    intsAt[call] = at;
    ints[call] = this.#device.slice(this.#integers.buffer, at, length);
    return ints[call];
  }

  enter(): void {
    this.#marks.push(this.#floats.used, this.#integers.used);
  }
  leave(): void {
    this.#integers.used = this.#marks.pop()!;
    this.#floats.used = this.#marks.pop()!;
  }
  free(): void {
    this.#floats.free();
    this.#integers.free();
    this.#madeByCount.clear();
  }
}

const nothingMade = (): Made => ({ tensors: [], tensorsAt: [], ints: [], intsAt: [] });

/** A buffer handed out from its start; when it is too small a larger one takes its place, and the old one lives until the next step. */
class Region<B extends F32 | I32> {
  buffer: B;
  used = 0;
  readonly #device: Device;
  readonly #make: (length: number) => B;
  readonly #outgrown: B[] = [];

  constructor(device: Device, make: (length: number) => B) {
    this.#device = device;
    this.#make = make;
    this.buffer = make(1024);
  }

  /** True: the buffer was replaced during the last step, so slices of the old one are void. */
  begin(): boolean {
    this.used = 0;
    const moved = this.#outgrown.length > 0;
    for (const old of this.#outgrown.splice(0)) this.#device.free(old);
    return moved;
  }

  take(length: number): number {
    // 16 elements: every buffer starts on a cache line
    const at = this.used;
    const end = at + Math.ceil(length / 16) * 16;
    if (end > this.buffer.length) {
      this.#outgrown.push(this.buffer);
      this.buffer = this.#make(Math.max(2 * this.buffer.length, end));
    }
    this.used = end;
    return at;
  }

  free(): void {
    for (const old of this.#outgrown.splice(0)) this.#device.free(old);
    this.#device.free(this.buffer);
  }
}

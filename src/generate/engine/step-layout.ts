/** The rows of a step as they are laid out, one after the other. */
import type { StepRows } from "../../model/stepper.ts";

export class StepLayout implements StepRows {
  count = 0;
  readonly ids: Int32Array;
  readonly slots: Int32Array;
  readonly positions: Int32Array;

  /** @param most rows there can be */
  constructor(most: number) {
    this.ids = new Int32Array(most);
    this.slots = new Int32Array(most);
    this.positions = new Int32Array(most);
  }

  clear(): void {
    this.count = 0;
  }

  add(id: number, slot: number, position: number): void {
    const at = this.count++;
    this.ids[at] = id;
    this.slots[at] = slot;
    this.positions[at] = position;
  }
}

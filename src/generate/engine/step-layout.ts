/** The rows of a step as they are laid out, one after the other, and whose each is. */
import type { StepRows } from "../../model/stepper.ts";

export class StepLayout<Owner extends { readonly slot: number }> implements StepRows {
  count = 0;
  readonly ids: Int32Array;
  readonly slots: Int32Array;
  readonly positions: Int32Array;
  readonly owners: Owner[] = [];

  /** @param most rows there can be */
  constructor(most: number) {
    this.ids = new Int32Array(most);
    this.slots = new Int32Array(most);
    this.positions = new Int32Array(most);
  }

  clear(): void {
    this.count = this.owners.length = 0;
  }

  add(id: number, owner: Owner, position: number): void {
    const at = this.count++;
    this.ids[at] = id;
    this.slots[at] = owner.slot;
    this.positions[at] = position;
    this.owners.push(owner);
  }
}

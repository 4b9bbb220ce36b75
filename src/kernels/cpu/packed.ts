/** The packed copies of one parameter: matrix products want a weight in panels, and weights change once a step at most. */

/** One packed copy of a part of a parameter. */
export interface PackedForm {
  /** The part's first and last byte. */
  readonly start: number;
  readonly end: number;
  readonly handle: number;
  /** Sizes the panels were cut for; a call with others replaces the copy. */
  readonly inner: number;
  readonly columns: number;
  readonly groups: number;
  fresh: boolean;
}

export class PackedForms {
  // Keyed by address * 2 + (0: columns are the weight's rows, 1: its columns).
  readonly #forms = new Map<number, PackedForm>();

  get(address: number, transposed: 0 | 1): PackedForm | undefined {
    return this.#forms.get(address * 2 + transposed);
  }
  set(address: number, transposed: 0 | 1, form: PackedForm): void {
    this.#forms.set(address * 2 + transposed, form);
  }
  /** Says that bytes [start, end) changed. */
  outdate(start: number, end: number): void {
    for (const form of this.#forms.values()) if (form.start < end && form.end > start) form.fresh = false;
  }
  /** Hands every copy's memory to `give` and forgets it. */
  drain(give: (handle: number) => void): void {
    for (const form of this.#forms.values()) give(form.handle);
    this.#forms.clear();
  }
}

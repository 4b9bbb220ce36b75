// What every filter is: a function of a value, of its arguments, and of the template it stands in.

import type { Budget } from "./budget.ts";
import type { CallArguments, Value } from "./values.ts";

/** What a filter may use of the template it stands in. */
export interface FilterContext {
  readonly budget: Budget;
  /** Another filter or test by name, as map and select take them. */
  readonly filter: (name: string, value: Value, args: CallArguments) => Value;
  readonly test: (name: string, value: Value, args: CallArguments) => boolean;
  /** An attribute or item, as `value.name` gives it. */
  readonly attribute: (value: Value, name: Value) => Value;
}

export type Filter = (value: Value, args: CallArguments, context: FilterContext) => Value;

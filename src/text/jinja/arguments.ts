// Arguments of filters, tests and methods to what they are bound to: by place, by name, with defaults, as Python does it.

import { type CallArguments, type Float, fail, isNumber, numberOf, truth, typeName, type Value } from "./values.ts";

/** Reads the arguments of one call. */
export class Bound {
  readonly #args: CallArguments;
  readonly #names: readonly string[];
  readonly #of: string;

  /** `names`: of the parameters in order. @throws TemplateRuntimeError for one too many or unknown */
  constructor(of: string, args: CallArguments, names: readonly string[]) {
    this.#args = args;
    this.#names = names;
    this.#of = of;
    if (args.positional.length > names.length) {
      throw fail(
        `${of} takes at most ${names.length} argument${names.length === 1 ? "" : "s"} (${args.positional.length} given)`,
      );
    }
    for (const name of args.named.keys()) {
      if (!names.includes(name)) throw fail(`${of} got an unexpected keyword argument '${name}'`);
    }
  }

  /** The value given, undefined where there is none. */
  get(name: string): Value | undefined {
    const given = this.#args.positional[this.#names.indexOf(name)];
    return given === undefined ? this.#args.named.get(name) : given;
  }

  /** The value given, None too, or this one where there is none. */
  valueOr(name: string, otherwise: Value): Value {
    const given = this.get(name);
    return given === undefined ? otherwise : given;
  }

  value(name: string): Value {
    const given = this.get(name);
    if (given === undefined) throw fail(`${this.#of} needs the argument '${name}'`);
    return given;
  }

  text(name: string, otherwise?: string): string {
    const given = this.get(name);
    if (given === undefined && otherwise !== undefined) return otherwise;
    if (typeof given !== "string") throw this.#wrong(name, "str", given);
    return given;
  }

  /** None counts as not given. */
  optionalText(name: string): string | null {
    const given = this.get(name);
    return given === undefined || given === null ? null : this.text(name);
  }

  integer(name: string, otherwise?: number): number {
    const given = this.get(name);
    if (given === undefined && otherwise !== undefined) return otherwise;
    if (typeof given !== "number" && typeof given !== "boolean") throw this.#wrong(name, "int", given);
    return numberOf(given);
  }

  optionalInteger(name: string): number | null {
    const given = this.get(name);
    return given === undefined || given === null ? null : this.integer(name);
  }

  number(name: string): number | boolean | Float {
    const given = this.value(name);
    if (!isNumber(given)) throw this.#wrong(name, "a number", given);
    return given;
  }

  flag(name: string, otherwise = false): boolean {
    const given = this.get(name);
    return given === undefined ? otherwise : truth(given);
  }

  #wrong(name: string, wanted: string, given: Value | undefined): Error {
    if (given === undefined) return fail(`${this.#of} needs the argument '${name}'`);
    return fail(`${this.#of}: '${name}' must be ${wanted}, not ${typeName(given)}`);
  }
}

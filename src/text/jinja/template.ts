// Chat templates rendered as transformers renders them with Jinja2: one class, made of a template's text once and rendered often.

import { Bound } from "./arguments.ts";
import { Budget } from "./budget.ts";
import { TemplateSyntaxError } from "./errors.ts";
import { Evaluator, isTestName } from "./evaluate.ts";
import { FILTERS } from "./filters.ts";
import type { Body } from "./nodes.ts";
import { parse } from "./parser.ts";
import { Scope } from "./scope.ts";
import { strftime } from "./strftime.ts";
import { type CallArguments, Callable, dictOf, fail, fromJavaScript, iterate, Namespace, text, type Value } from "./values.ts"; // biome-ignore format: a list

/** The longest range, as Jinja2's sandbox has it. */
const LONGEST_RANGE = 100_000;

export class JinjaTemplate {
  readonly #body: Body;

  /** @throws TemplateSyntaxError */
  constructor(source: string) {
    try {
      this.#body = parse(source, { filters: FILTERS, tests: { has: isTestName } });
    } catch (error) {
      if (error instanceof RangeError) throw new TemplateSyntaxError("it is too deep or too large to read", 1);
      throw error;
    }
  }

  /**
   * The text the template makes of some variables (plain JavaScript values; undefined ones are not there). `now`: what strftime_now
   * takes for the time, in its own time zone.
   * @throws TemplateRuntimeError
   */
  render(variables: Readonly<Record<string, unknown>>, now: Date = new Date()): string {
    const budget = new Budget();
    const globals = new Scope(null);
    for (const [name, value] of globalValues(budget, now)) globals.set(name, value);
    const scope = new Scope(globals);
    for (const [name, value] of Object.entries(variables))
      if (value !== undefined) scope.set(name, fromJavaScript(value));
    try {
      return new Evaluator(budget).render(this.#body, scope);
    } catch (error) {
      // a sum of a hundred thousand numbers is a tree of that depth
      if (error instanceof RangeError) throw fail("it is too deep or too large to run");
      throw error;
    }
  }
}

function globalValues(budget: Budget, now: Date): [string, Value][] {
  const functions: [string, (args: CallArguments) => Value][] = [
    ["range", (args) => range(args, budget)],
    ["dict", ({ positional, named }) => dictOf([...pairsOf(positional, budget), ...named])],
    [
      "namespace",
      ({ positional, named }) => {
        const space = new Namespace();
        for (const [key, value] of [...pairsOf(positional, budget), ...named])
          space.values.set(text(key, budget), value);
        return space;
      },
    ],
    ["joiner", joiner],
    ["cycler", cycler],
    [
      "raise_exception",
      (args) => {
        throw fail(text(new Bound("raise_exception()", args, ["message"]).value("message"), budget));
      },
    ],
    ["strftime_now", (args) => strftime(now, new Bound("strftime_now()", args, ["format"]).text("format"))],
  ];
  return functions.map(([name, call]) => [name, new Callable(name, call)]);
}

function pairsOf(positional: readonly Value[], budget: Budget): [Value, Value][] {
  const [source] = positional;
  if (positional.length > 1) throw fail(`dict expected at most 1 argument, got ${positional.length}`);
  if (source === undefined) return [];
  if (source instanceof Map) return [...source];
  return iterate(source, budget).map((pair) => {
    const [key, value, ...more] = iterate(pair, budget);
    if (key === undefined || value === undefined || more.length > 0) throw fail("a dict is made of pairs");
    return [key, value];
  });
}

function range(args: CallArguments, budget: Budget): Value[] {
  const bound = new Bound("range()", args, ["start", "stop", "step"]);
  const first = bound.integer("start");
  const given = bound.get("stop") !== undefined;
  const [start, stop, step] = [given ? first : 0, given ? bound.integer("stop") : first, bound.integer("step", 1)];
  if (step === 0) throw fail("range() arg 3 must not be zero");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > LONGEST_RANGE)
    throw fail(`Range too big. The sandbox blocks ranges larger than MAX_RANGE (${LONGEST_RANGE}).`);
  budget.size(length);
  return Array.from({ length }, (_, i) => start + i * step);
}

function joiner(args: CallArguments): Callable {
  const between = new Bound("joiner()", args, ["sep"]).text("sep", ", ");
  let used = false;
  return new Callable("joiner", () => {
    if (used) return between;
    used = true;
    return "";
  });
}

function cycler({ positional }: CallArguments): Namespace {
  if (positional.length === 0) throw fail("at least one item has to be provided");
  const space = new Namespace();
  let at = 0;
  const show = (): void => {
    space.values.set("current", positional[at]);
  };
  space.values.set(
    "next",
    new Callable("next", () => {
      const value = positional[at];
      at = (at + 1) % positional.length;
      show();
      return value;
    }),
  );
  space.values.set(
    "reset",
    new Callable("reset", () => {
      at = 0;
      show();
      return null;
    }),
  );
  show();
  return space;
}

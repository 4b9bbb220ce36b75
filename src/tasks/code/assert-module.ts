/**
 * `node:assert` for programs in the JavaScript sandbox, as a program itself: what the tests of MultiPL-E and their like use of it. It keeps
 * the built-in functions it needs before the code under test can replace them.
 */
export const ASSERT_MODULE = `
(() => {
  "use strict";
  const { keys, getPrototypeOf, is, prototype: { hasOwnProperty } } = Object;
  const own = Function.prototype.call.bind(hasOwnProperty);
  const { isArray } = Array;
  const { stringify } = JSON;
  const text = String;
  const plain = new Set([Object.prototype, Array.prototype, Map.prototype, Set.prototype, Date.prototype, null]);
  const setHas = Function.prototype.call.bind(Set.prototype.has);
  const mapGet = Function.prototype.call.bind(Map.prototype.get);
  const mapHas = Function.prototype.call.bind(Map.prototype.has);
  const mapKeys = Function.prototype.call.bind(Map.prototype.keys);
  const setValues = Function.prototype.call.bind(Set.prototype.values);
  const time = Function.prototype.call.bind(Date.prototype.getTime);
  const spread = (iterator) => { const all = []; for (let n = iterator.next(); !n.done; n = iterator.next()) all[all.length] = n.value; return all; };
  class AssertionError extends Error {}
  AssertionError.prototype.name = "AssertionError";
  const show = (value) => { try { const shown = stringify(value); return shown === undefined ? text(value) : shown; } catch { return text(value); } };
  const fail = (message, actual, expected, how) => {
    throw new AssertionError(message instanceof Error ? message.message : message !== undefined ? text(message) : "expected " + show(expected) + (how ?? "") + ", got " + show(actual));
  };
  function same(a, b, strict) {
    if (is(a, b)) return true;
    if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return strict ? a === b && a !== 0 : a == b;
    const kind = getPrototypeOf(a);
    if (kind !== getPrototypeOf(b) && (strict || isArray(a) !== isArray(b))) return false;
    if (!plain.has(kind) && strict === "plain") return false;
    if (kind === Date.prototype) return time(a) === time(b);
    if (kind === Set.prototype) return a.size === b.size && spread(setValues(a)).every((x) => setHas(b, x) || spread(setValues(b)).some((y) => same(x, y, strict)));
    if (kind === Map.prototype) return a.size === b.size && spread(mapKeys(a)).every((k) => mapHas(b, k) && same(mapGet(a, k), mapGet(b, k), strict));
    if (isArray(a) && isArray(b) && a.length !== b.length) return false;
    const names = keys(a);
    if (names.length !== keys(b).length) return false;
    for (let i = 0; i < names.length; i++) if (!own(b, names[i]) || !same(a[names[i]], b[names[i]], strict)) return false;
    return true;
  }
  const ok = (value, message) => { if (!value) fail(message, value, true); };
  const assert = (value, message) => ok(value, message);
  const throws = (run, expected, message) => {
    try { run(); } catch { return; }
    fail(message ?? (typeof expected === "string" ? expected : undefined), "no error", "an error");
  };
  const module = Object.assign(assert, {
    ok, throws, AssertionError,
    equal: (a, b, m) => { if (!(a == b || is(a, b))) fail(m, a, b); },
    notEqual: (a, b, m) => { if (a == b) fail(m, a, b, " not"); },
    strictEqual: (a, b, m) => { if (!is(a, b)) fail(m, a, b); },
    notStrictEqual: (a, b, m) => { if (is(a, b)) fail(m, a, b, " not"); },
    deepEqual: (a, b, m) => { if (!same(a, b, false)) fail(m, a, b); },
    deepStrictEqual: (a, b, m) => { if (!same(a, b, true)) fail(m, a, b); },
    notDeepEqual: (a, b, m) => { if (same(a, b, false)) fail(m, a, b, " not"); },
    notDeepStrictEqual: (a, b, m) => { if (same(a, b, true)) fail(m, a, b, " not"); },
    fail: (m) => fail(m ?? "failed"),
  });
  module.strict = module;
  Object.freeze(module);
  const require = (name) => {
    if (name === "assert" || name === "node:assert" || name === "assert/strict" || name === "node:assert/strict") return module;
    throw new Error("there is no module " + text(name) + " here");
  };
  Object.defineProperty(globalThis, "require", { value: require, writable: false, configurable: false, enumerable: false });
})();
`;

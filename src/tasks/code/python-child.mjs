// The process that runs one Python program in Pyodide, which is CPython in WebAssembly. It is started without rights: Node's permission
// model lets it read Pyodide's own files and nothing else, V8 makes no code from strings, the environment is empty, and what could reach
// the network is removed before the program starts. In: a line of JSON on standard input. Out: one of JSON on standard output.
import { constants, readFileSync } from "node:fs";

// Pyodide's file system asks for the numbers of open's flags this way, which the permission model refuses
process.binding = /** @type {any} */ (() => ({ fs: constants }));

const [pyodide, mode, snapshot] = process.argv.slice(2);
const { loadPyodide } = await import(pyodide);

const stdout = process.stdout;
/** @param {unknown} value @param {() => void} [then] */
const answer = (value, then) => stdout.write(`${JSON.stringify(value)}\n`, then);

/** Loaded once and kept in the snapshot: what programs import, which takes longer than most of them run. */
const COMMON = `
import bisect, builtins, collections, copy, cmath, dataclasses, datetime, decimal, enum, fractions, functools, hashlib, heapq, io, itertools, json, math
import operator, queue, random, re, statistics, string, sys, textwrap, time, traceback, typing
`;

/**
 * Makes start(before, code) and judge(tests, names), which give "" or what went wrong. The tests come into the interpreter only when the code
 * has run, in a copy of its namespace whose functions give plain values only, with the built-ins as they were: what the code did to them, to
 * the frames above it or to what equality means does not help it.
 */
const RUNNER = `
def __make_runner():
    import builtins, collections, datetime, decimal, fractions, itertools, re, traceback
    kept = dict(builtins.__dict__)
    scalars = frozenset((
        int, float, str, bool, complex, bytes, bytearray, range, type(None), decimal.Decimal, fractions.Fraction, re.Match, re.Pattern,
        datetime.date, datetime.datetime, datetime.time, datetime.timedelta, map, filter, zip, enumerate, reversed,
        type(iter([])), type(iter(())), type(_ for _ in ()), itertools.chain, itertools.islice,
    ))
    rows = frozenset((list, tuple, set, frozenset, collections.deque))
    tables = frozenset((dict, collections.Counter, collections.OrderedDict, collections.defaultdict))
    space = {"__name__": "__main__"}

    def plain(value, depth=0):
        kind = type(value)
        if kind in scalars or depth > 50:
            return True
        if kind in rows:
            return all(plain(one, depth + 1) for one in value)
        return kind in tables and all(plain(key, depth + 1) and plain(one, depth + 1) for key, one in value.items())

    def checked(function):
        def call(*args, **kwargs):
            value = function(*args, **kwargs)
            if not plain(value):
                raise TypeError("the function gives a " + type(value).__name__ + ", which is no plain value")
            return value
        return call

    def restore():
        for name in kept["list"](builtins.__dict__):
            if name not in kept:
                del builtins.__dict__[name]
        builtins.__dict__.update(kept)

    def told(error, tests):
        restore()
        text = "".join(traceback.TracebackException.from_exception(error).format_exception_only()).strip()
        if type(error) is AssertionError and tests:
            at = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == "tests.py"]
            if at:
                text += " in " + tests.split("\\n")[at[-1].lineno - 1].strip()
        return text or type(error).__name__

    def start(before, code):
        try:
            exec(compile(before, "before.py", "exec"), space)
            exec(compile(code, "program.py", "exec"), space)
            return ""
        except BaseException as error:
            return told(error, "")

    def judge(tests, names):
        restore()
        judged = dict(space)
        for name in names:
            if callable(judged.get(name)) and not isinstance(judged[name], type):
                judged[name] = checked(judged[name])
        try:
            exec(compile(tests, "tests.py", "exec"), judged)
            return ""
        except BaseException as error:
            return told(error, tests)
    return start, judge
`;

if (mode === "snapshot") {
  const python = await loadPyodide({ _makeSnapshot: true });
  python.runPython(COMMON + RUNNER);
  stdout.write(python.makeMemorySnapshot());
} else {
  await runProgram();
}

async function runProgram() {
  const { limits, program } = JSON.parse(readFileSync(0, "utf8"));
  limitMemory(limits.memory);
  let output = "";
  let flooded = false;
  const decoder = new TextDecoder();
  const write = (/** @type {Uint8Array} */ bytes) => {
    if (flooded) throw new Error("no more output"); // an OSError to the program
    output += decoder.decode(bytes, { stream: true });
    if (output.length > limits.output) {
      output = output.slice(0, limits.output);
      flooded = true;
    }
    return bytes.length;
  };
  const python = await loadPyodide({ _loadSnapshot: readFileSync(snapshot), jsglobals: Object.create(null) });
  python.setStdin({ error: true });
  python.setStdout({ write });
  python.setStderr({ write });
  closeDoors();
  let error;
  try {
    const [start, judge] = python.globals.get("__make_runner")();
    python.globals.delete("__make_runner");
    error = String(start(program.before, program.code) || judge(program.tests, program.names));
  } catch (thrown) {
    error = `the interpreter ended (${thrown instanceof Error ? thrown.message.split("\n", 1)[0] : "no reason given"})`;
  }
  answer({ error, output, flooded });
}

/** WebAssembly memory grows to the limit and no further: Python then raises MemoryError. @param {number} bytes */
function limitMemory(bytes) {
  const pages = Math.floor(bytes / 65536);
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (more) {
    if (this.buffer.byteLength / 65536 + more > pages) throw new RangeError("the memory limit is reached");
    return grow.call(this, more);
  };
}

/** What JavaScript objects that reach Python could lead to: the network, the process, other code. */
function closeDoors() {
  const names = "fetch WebSocket EventSource XMLHttpRequest process require Worker SharedArrayBuffer navigator Buffer";
  for (const name of names.split(" ")) Reflect.deleteProperty(globalThis, name);
  WebAssembly.compile = WebAssembly.instantiate = () => Promise.reject(new Error("not here"));
}

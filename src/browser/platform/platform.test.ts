/** What stands for Node's modules in a browser answers as they do. */
import assert from "node:assert/strict";
import nodePath from "node:path/posix";
import { test } from "node:test";
import fc from "fast-check";
import fs, { putFile, removeFolder } from "./fs.ts";
import path from "./path.ts";

test("paths are joined and taken apart as node:path does", () => {
  const part = fc.constantFrom("a", "model.gguf", ".hidden", "..", ".", "", "/", "x/y", "b.tar.gz", "/models");
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const whole = `/${parts.join("/")}`;
      assert.equal(path.join("/", ...parts), nodePath.join("/", ...parts).replace(/(.)\/$/, "$1"));
      assert.equal(path.resolve("/", ...parts), nodePath.resolve("/", ...parts));
      for (const name of ["basename", "dirname", "extname"] as const)
        assert.equal(path[name](nodePath.resolve(whole)), nodePath[name](nodePath.resolve(whole)));
    }),
    { numRuns: 300 },
  );
});

test("files in memory are found, listed, read in parts and forgotten", () => {
  putFile("/models/a/config.json", new TextEncoder().encode('{"é": 1}'));
  putFile("/models/a/deep/b.bin", Uint8Array.of(1, 2, 3, 4));
  assert.deepEqual(fs.readdirSync("/models/a"), ["config.json", "deep"]);
  assert.equal(fs.readFileSync("/models/a/config.json", "utf8"), '{"é": 1}');
  assert.equal(fs.statSync("/models/a")?.isDirectory(), true);
  assert.equal(fs.statSync("/models/b", { throwIfNoEntry: false }), undefined);
  assert.throws(() => fs.readFileSync("/models/b"), { code: "ENOENT" });
  const fd = fs.openSync("/models/a/deep/b.bin");
  const into = new Uint8Array(4);
  assert.equal(fs.fstatSync(fd).size, 4);
  assert.equal(fs.readSync(fd, into, 1, 3, 2), 2);
  assert.deepEqual([...into], [0, 3, 4, 0]);
  fs.closeSync(fd);
  removeFolder("/models/a");
  assert.equal(fs.existsSync("/models"), false);
});

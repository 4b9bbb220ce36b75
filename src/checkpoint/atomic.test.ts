import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { UserError } from "../error.ts";
import { atomicWriteFile, recoverFolder, writeFolderAtomically } from "./atomic.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-atomic-"));
after(() => fs.rmSync(root, { recursive: true, force: true }));
const place = (): string => fs.mkdtempSync(path.join(root, "p-"));

/** The pid of a process that has ended. */
const deadPid = (): number => spawnSync(process.execPath, ["-e", "0"]).pid;
const host =
  os
    .hostname()
    .replace(/[^A-Za-z0-9]/g, "")
    .slice(0, 16) || "host";

test("a file appears whole, and a failure while writing keeps the former one and leaves nothing else", () => {
  const folder = place();
  const file = path.join(folder, "sub", "a.json");
  atomicWriteFile(file, "one");
  assert.equal(fs.readFileSync(file, "utf8"), "one");
  assert.throws(() =>
    atomicWriteFile(file, (append) => {
      append(Buffer.from("tw"));
      throw new Error("stop");
    }),
  );
  assert.equal(fs.readFileSync(file, "utf8"), "one");
  assert.deepEqual(fs.readdirSync(path.dirname(file)), ["a.json"]);
});

test("a place that cannot be written is one sentence", () => {
  const folder = place();
  fs.writeFileSync(path.join(folder, "file"), "");
  assert.throws(
    () => atomicWriteFile(path.join(folder, "file", "a"), "x"),
    (error) => error instanceof UserError && /^Could not write .*file.a: .*choose another path\./.test(error.message),
  );
});

test("a folder appears whole, replaces a former one, and a failure while filling keeps the former", async () => {
  const folder = path.join(place(), "model");
  const fill = (text: string) => (temporary: string) => fs.writeFileSync(path.join(temporary, "a"), text);
  await writeFolderAtomically(folder, fill("one"));
  await writeFolderAtomically(folder, fill("two"));
  assert.equal(fs.readFileSync(path.join(folder, "a"), "utf8"), "two");
  await assert.rejects(
    writeFolderAtomically(folder, (temporary) => {
      fs.writeFileSync(path.join(temporary, "a"), "three");
      throw Object.assign(new Error("full"), { code: "ENOSPC" });
    }),
    /the disk is full/,
  );
  assert.equal(fs.readFileSync(path.join(folder, "a"), "utf8"), "two");
  assert.deepEqual(fs.readdirSync(path.dirname(folder)), ["model"]);
});

test("what a dead process left behind is swept at the next write, a live one's is not", async () => {
  const parent = place();
  const dead = path.join(parent, `.model.${host}-${deadPid()}-00000000.tmp`);
  const alive = path.join(parent, `.model.${host}-${process.ppid}-00000000.tmp`);
  const elsewhere = path.join(parent, `.model.otherhost-1-00000000.tmp`);
  for (const one of [dead, alive, elsewhere]) fs.mkdirSync(one);
  await writeFolderAtomically(path.join(parent, "model"), (temporary) =>
    fs.writeFileSync(path.join(temporary, "a"), ""),
  );
  assert.deepEqual(
    [dead, alive, elsewhere].map((one) => fs.existsSync(one)),
    [false, true, true],
  );
});

test("a kill between the two renames of a replacement loses neither folder: the finished new one takes its place", () => {
  const parent = place();
  const stamp = `${host}-${deadPid()}-00000000`;
  fs.mkdirSync(path.join(parent, `.model.${stamp}.old`));
  fs.mkdirSync(path.join(parent, `.model.${stamp}.tmp`));
  fs.writeFileSync(path.join(parent, `.model.${stamp}.tmp`, "new"), "");
  recoverFolder(path.join(parent, "model"));
  assert.deepEqual(fs.readdirSync(path.join(parent, "model")), ["new"]);
  assert.deepEqual(fs.readdirSync(parent), ["model"]);
});

test("a folder set aside whose replacement is gone comes back", () => {
  const parent = place();
  fs.mkdirSync(path.join(parent, `.model.${host}-${deadPid()}-00000000.old`));
  recoverFolder(path.join(parent, "model"));
  assert.deepEqual(fs.readdirSync(parent), ["model"]);
});

test("kill -9 at any moment of repeated saves leaves a whole folder, old or new", () => {
  const folder = path.join(place(), "model");
  const script = `
    import { writeFolderAtomically } from ${JSON.stringify(path.join(import.meta.dirname, "atomic.ts"))};
    import fs from "node:fs";
    for (let i = 0; ; i++) await writeFolderAtomically(${JSON.stringify(folder)}, (t) => {
      fs.writeFileSync(t + "/a", String(i)); fs.writeFileSync(t + "/b", String(i));
    });`;
  let saved = 0;
  for (let ms = 150; saved < 4; ms += 37) {
    spawnSync(process.execPath, ["--input-type=module", "-e", script], { timeout: ms, killSignal: "SIGKILL" });
    recoverFolder(folder);
    if (!fs.existsSync(folder)) continue; // killed before the first save
    saved++;
    assert.equal(fs.readFileSync(path.join(folder, "a"), "utf8"), fs.readFileSync(path.join(folder, "b"), "utf8"));
    assert.deepEqual(fs.readdirSync(path.dirname(folder)), ["model"]);
  }
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { saveTinyModel } from "../generate/tiny-models.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { checkIsFree, digestFolder, exportModel } from "./export.ts";
import { openModelFolder } from "./folder.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-export-"));
const source = path.join(place, "tiny");
before(async () => {
  await saveTinyModel(source, referenceDevice());
  fs.writeFileSync(path.join(source, "state.json"), "{}");
});
after(() => fs.rmSync(place, { recursive: true }));

const weights = (folder: string) => {
  const model = openModelFolder(folder);
  const tensors = new Map([...model.parameters.keys()].map((name) => [name, model.readTensor(name)]));
  model.close();
  return tensors;
};

test("an F32 export holds the same numbers and text files, and none of the trainer's state", async () => {
  const to = path.join(place, "f32");
  await exportModel(source, to, "F32");
  assert.deepEqual(weights(to), weights(source));
  for (const name of ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"]) {
    assert.deepEqual(fs.readFileSync(path.join(to, name)), fs.readFileSync(path.join(source, name)), name);
  }
  assert.equal(fs.existsSync(path.join(to, "state.json")), false);
});

test("a BF16 export rounds to eight significant bits and says so in config.json", async () => {
  const to = path.join(place, "bf16");
  await exportModel(source, to, "BF16");
  const [rounded, exact] = [weights(to), weights(source)];
  for (const [name, values] of exact) {
    const others = rounded.get(name)!;
    assert.ok(
      values.every((value, i) => Math.abs(value - others[i]!) <= Math.abs(value) * 2 ** -8),
      name,
    );
  }
  assert.match(fs.readFileSync(path.join(to, "config.json"), "utf8"), /bfloat16/);
  assert.ok(digestFolder(to).bytes < digestFolder(source).bytes);
});

test("the digest is what sha256sum says of the files", { skip: process.platform !== "linux" }, () => {
  const listing = execFileSync("sh", ["-c", "LC_ALL=C sha256sum * | sha256sum"], { cwd: source, encoding: "utf8" });
  assert.equal(digestFolder(source).sha256, listing.slice(0, 64));
});

test("a folder with files in it, or a file, is never overwritten unasked", () => {
  assert.throws(() => checkIsFree(source), { exitCode: 2, message: /already holds files/ });
  assert.throws(() => checkIsFree(path.join(source, "config.json")), { exitCode: 2, message: /is a file/ });
  checkIsFree(path.join(place, "new"));
});

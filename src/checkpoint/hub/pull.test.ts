import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, beforeEach, test } from "node:test";
import { UserError } from "../../error.ts";
import { hubOf } from "./client.ts";
import { parseName } from "./name.ts";
import { type PullOptions, pullModel } from "./pull.ts";
import { findStored, folderOf, listStored, locateModel, removeStored } from "./store.ts";
import { type Repository, startHub } from "./test-hub.ts";

const home = fs.mkdtempSync(path.join(tmpdir(), "reckon-hub-"));
process.env.RECKON_HOME = home;
after(() => fs.rmSync(home, { recursive: true, force: true }));
const hub = await startHub();
const gguf = randomBytes(300_000);
const small = randomBytes(1000);
const repository: Repository = {
  commit: "a".repeat(40),
  files: { "README.md": Buffer.from("a card"), "tiny-Q4_0.gguf": gguf, "tiny-Q2_K.gguf": small },
};

beforeEach(() => {
  fs.rmSync(path.join(home, "models"), { recursive: true, force: true });
  hub.repositories["org/tiny"] = repository;
  hub.intercept = null;
  hub.asked.length = 0;
});

const options = (more: Partial<PullOptions> = {}): PullOptions => ({
  hub: hubOf({ HF_ENDPOINT: `${hub.endpoint}/` }),
  memory: 1e9,
  delay: 1,
  ...more,
});
const pull = (name: string, more: Partial<PullOptions> = {}) => pullModel(parseName(name), options(more));
const fails = (promise: Promise<unknown>, sentence: RegExp): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, sentence);
    return true;
  });

test("a pulled file is the hub's, found again by its name, and not fetched twice", async () => {
  const plans: unknown[] = [];
  const seen: number[] = [];
  const { model, fresh } = await pull("org/tiny", {
    onPlan: (choice, commit, there) => plans.push([choice.quantization, choice.bytes, commit, there]),
    onBytes: (bytes) => seen.push(bytes),
  });
  assert.equal(fresh, true);
  assert.deepEqual(plans, [["Q4_0", 300_000, repository.commit, 0]]);
  assert.equal(seen.at(-1), 300_000);
  const file = locateModel("org/tiny");
  assert.equal(file, locateModel("Org/Tiny:q4_0"));
  assert.ok(fs.readFileSync(file).equals(gguf));
  assert.equal(model.files[0].sha256, createHash("sha256").update(gguf).digest("hex"));
  assert.deepEqual(fs.readdirSync(model.folder).sort(), ["pulled.json", "tiny-Q4_0.gguf"]);
  const asked = hub.asked.length;
  assert.equal((await pull("org/tiny")).fresh, false);
  assert.equal(hub.asked.length, asked);
});

test("two forms of one model lie side by side; then the name alone is not enough", async () => {
  await pull("org/tiny:Q2_K");
  assert.ok(fs.readFileSync(locateModel("org/tiny")).equals(small));
  await pull("org/tiny:Q4_0");
  assert.deepEqual(
    listStored().map((one) => one.name),
    ["org/tiny:Q2_K", "org/tiny:Q4_0"],
  );
  assert.throws(() => locateModel("org/tiny"), /pulled in 2 forms; name one of org\/tiny:Q2_K, org\/tiny:Q4_0/);
  assert.equal(removeStored("org/tiny:q2_k").bytes, 1000);
  assert.ok(fs.readFileSync(locateModel("org/tiny")).equals(gguf));
  removeStored("org/tiny");
  assert.deepEqual(fs.readdirSync(path.join(home, "models")), []);
  assert.throws(() => removeStored("org/tiny"), /No pulled model is named "org\/tiny"; none was pulled/);
  assert.throws(() => locateModel("org/tiny"), /does not exist.*reckon pull org\/tiny/);
});

test("a folder of safetensors comes with its texts and without what is no part of it", async () => {
  const files = {
    "config.json": Buffer.from("{}"),
    "model-00001-of-00002.safetensors": randomBytes(5000),
    "model-00002-of-00002.safetensors": randomBytes(4000),
    "model.safetensors.index.json": Buffer.from('{"weight_map":{}}'),
    "tokenizer.json": Buffer.from("{ }"),
    "consolidated.safetensors": randomBytes(9000),
    "onnx/model.onnx": randomBytes(9000),
    "tiny-F16.gguf": randomBytes(9000),
  };
  hub.repositories["org/parts"] = { commit: "b", files };
  const { model } = await pull("org/parts");
  assert.equal(model.name, "org/parts:safetensors");
  assert.deepEqual(fs.readdirSync(model.folder).sort(), [
    "config.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "pulled.json",
    "tokenizer.json",
  ]);
  assert.equal(locateModel("org/parts"), model.folder);
});

test("a broken connection, an early end, a busy server and a silent one: it goes on from where it was", async () => {
  let count = 0;
  hub.intercept = (request, response) => {
    const from = Number(/\d+/.exec(request.headers.range ?? "0")![0]);
    const turn = count++;
    if (turn === 0) response.writeHead(200).write(gguf.subarray(0, 100_000), () => response.destroy());
    else if (turn === 1) response.writeHead(503, { "retry-after": "0" }).end();
    else if (turn === 2) response.writeHead(206).end(gguf.subarray(from, from + 50_000));
    else if (turn === 3)
      response.writeHead(206).write(gguf.subarray(from, from + 10)); // and then nothing
    else return false;
    return true;
  };
  const { model } = await pull("org/tiny", { silence: 300 });
  assert.ok(fs.readFileSync(path.join(model.folder, "tiny-Q4_0.gguf")).equals(gguf));
  assert.ok(count >= 5, String(count)); // more where this machine stalls
  assert.ok(hub.asked[0].from >= 50_000, String(hub.asked[0].from));
});

test("a server that ignores the position sends the file anew, and it is right all the same", async () => {
  let first = true;
  hub.intercept = (_, response) => {
    if (first) response.writeHead(200).write(gguf.subarray(0, 100_000), () => response.destroy());
    else response.writeHead(200).end(gguf);
    first = false;
    return true;
  };
  const { model } = await pull("org/tiny");
  assert.ok(fs.readFileSync(path.join(model.folder, "tiny-Q4_0.gguf")).equals(gguf));
});

test("a stopped pull keeps what came, and the next one fetches only the rest", async () => {
  const controller = new AbortController();
  hub.intercept = (_, response) => {
    response.writeHead(200).write(gguf.subarray(0, 200_000));
    return true;
  };
  const stopped = pull("org/tiny", {
    signal: controller.signal,
    onBytes: (bytes) => bytes >= 200_000 && controller.abort(new Error("stopped")),
  });
  await assert.rejects(stopped, /stopped/);
  assert.equal(findStored("org/tiny"), null);
  hub.intercept = null;
  let there = 0;
  await pull("org/tiny", {
    onPlan: (_, __, already) => {
      there = already;
    },
  });
  assert.equal(there, 200_000);
  assert.deepEqual(
    hub.asked.map(({ from }) => from),
    [200_000],
  );
  assert.ok(fs.readFileSync(locateModel("org/tiny")).equals(gguf));
});

test("what is left of another commit is fetched anew; a new commit takes the old one's place", async () => {
  const partial = `${folderOf("org/tiny", "Q4_0")}.partial`;
  fs.mkdirSync(partial, { recursive: true });
  fs.writeFileSync(path.join(partial, "tiny-Q4_0.gguf"), randomBytes(1234));
  fs.writeFileSync(path.join(partial, "other-Q4_0.gguf"), "left over");
  const { model } = await pull("org/tiny");
  assert.ok(fs.readFileSync(locateModel("org/tiny")).equals(gguf));
  assert.deepEqual(fs.readdirSync(model.folder).sort(), ["pulled.json", "tiny-Q4_0.gguf"]);
  const newer = randomBytes(2000);
  hub.repositories["org/tiny"] = { commit: "c", files: { "tiny-Q4_0.gguf": newer } };
  const after = await pull("org/tiny");
  assert.deepEqual([after.fresh, after.model.commit], [true, "c"]);
  assert.ok(fs.readFileSync(locateModel("org/tiny")).equals(newer));
});

test("wrong bytes are refused by either kind of hash, and nothing of them stays", async () => {
  const files = { "config.json": Buffer.from("{}"), "model.safetensors": randomBytes(3000) };
  for (const [file, lie] of [
    ["model.safetensors", { lfs: { sha256: "0".repeat(64), size: 3000 } }],
    ["config.json", { blobId: "1".repeat(40) }],
  ] as const) {
    hub.repositories["org/wrong"] = { commit: "d", files, lies: { [file]: lie } };
    await fails(pull("org/wrong"), new RegExp(`${file} of org/wrong came with other bytes`));
    assert.ok(!fs.existsSync(path.join(`${folderOf("org/wrong", "safetensors")}.partial`, file)));
    assert.equal(findStored("org/wrong"), null);
  }
});

test("closed models need the token, which is not sent to the server that has the bytes", async () => {
  hub.repositories["org/closed"] = { ...repository, token: "secret" };
  await fails(pull("org/closed"), /closed on .*accept its conditions on its page, and set HF_TOKEN/);
  const { model } = await pull("org/closed", { hub: hubOf({ HF_ENDPOINT: hub.endpoint, HF_TOKEN: "secret" }) });
  assert.equal(model.repo, "org/closed");
  assert.deepEqual(
    hub.asked.map((one) => one.authorization),
    [undefined],
  );
});

test("each thing that is wrong gets one sentence", async () => {
  await fails(
    pull("org/none"),
    /org\/none at main is not on http.*, or closed: check the name; if closed, set HF_TOKEN/,
  );
  await fails(pull("org/tiny", { revision: "v9" }), /org\/tiny at v9 is not on .*check the name and --revision/);
  await fails(
    pull("org/tiny", { hub: { endpoint: "http://127.0.0.1:9", token: null } }),
    /The hub http:\/\/127\.0\.0\.1:9 cannot be reached \(.+\); check the network/,
  );
  for (const [lie, sentence] of [
    [
      { rfilename: "../../evil.gguf" },
      /a file by a name that leads out of the model's folder \("\.\.\/\.\.\/evil\.gguf"\)/,
    ],
    [{ size: -1, lfs: undefined }, /does not tell the size of tiny-Q2_K\.gguf/],
  ] as const) {
    hub.repositories["org/lies"] = { ...repository, lies: { "tiny-Q2_K.gguf": lie } };
    await fails(pull("org/lies"), sentence);
  }
  hub.repositories["org/longer"] = {
    ...repository,
    lies: { "tiny-Q4_0.gguf": { lfs: { sha256: "0".repeat(64), size: 200 } } },
  };
  await fails(pull("org/longer:Q4_0"), /longer on .* than its list of files says/);
  for (const name of ["tiny", "../tiny", "a/b/c", "org/..", "org/ti ny", ""]) {
    assert.throws(() => parseName(name), /is not the name of a model on a hub; write ORG\/NAME/);
  }
  assert.throws(() => hubOf({ HF_ENDPOINT: "ftp://x" }), /HF_ENDPOINT is "ftp:\/\/x", which is not an address/);
});

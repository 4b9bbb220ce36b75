import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { digestFolder } from "../checkpoint/export.ts";
import { RECORD } from "../checkpoint/hub/store.ts";
import { startHub } from "../checkpoint/hub/test-hub.ts";
import { BUNDLED_MODEL } from "../generate/load-model.ts";

const home = fs.mkdtempSync(path.join(tmpdir(), "reckon-pull-"));
after(() => fs.rmSync(home, { recursive: true, force: true }));
const hub = await startHub();
const bundled = Object.fromEntries(
  fs
    .readdirSync(BUNDLED_MODEL)
    .filter((name) =>
      /^(config|generation_config|tokenizer|tokenizer_config)\.json$|\.safetensors$|\.jinja$/.test(name),
    )
    .map((name) => [name, fs.readFileSync(path.join(BUNDLED_MODEL, name))]),
);
hub.repositories["org/nano"] = { commit: "0123456789abcdef", files: bundled };

interface End {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command beside the hub, which lives in this process. */
function reckon(...args: string[]): Promise<End> {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const env = { ...process.env, HF_ENDPOINT: hub.endpoint, HF_TOKEN: "", RECKON_HOME: home };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((resolve) => {
    let [out, err] = ["", ""];
    child.stdout.on("data", (bytes) => {
      out += bytes;
    });
    child.stderr.on("data", (bytes) => {
      err += bytes;
    });
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

test("a pulled model is told, listed, shown, asked by its name, and removed", async () => {
  const pulled = await reckon("pull", "org/nano", "--json");
  assert.equal(pulled.code, 0, pulled.err);
  assert.match(pulled.err, /org\/nano at 0123456789ab: safetensors, \d+ files, 4\.\d MiB/);
  const { path: folder, bytes, sha256 } = JSON.parse(pulled.out);
  const sum = Object.values(bundled).reduce((total, content) => total + content.length, 0);
  assert.equal(bytes, sum);
  const copy = path.join(home, "copy");
  fs.cpSync(folder, copy, { recursive: true });
  fs.rmSync(path.join(copy, RECORD));
  assert.equal(sha256, digestFolder(copy).sha256);

  const [listed, shown, asked, refused] = await Promise.all([
    reckon("models", "list", "--json"),
    reckon("models", "show", "org/nano", "--context", "512"),
    reckon("ask", "--model", "org/nano", "--json", "--temperature", "0", "What is 37 * 48?"),
    reckon("ask", "--model", "org/other", "--json", "Hi"),
  ]);
  assert.deepEqual(
    JSON.parse(listed.out).models.map((one: { name: string; bytes: number }) => [one.name, one.bytes]),
    [["org/nano:safetensors", sum]],
  );
  assert.match(shown.out, /architecture\s+deepseek_v3, 5 layers of width 128, vocabulary of 112/);
  assert.match(shown.out, /parameters\s+1\.88M, 991k of them active for a token, and 442k for multi-token prediction/);
  assert.match(shown.out, /quantization\s+BF16, 4\.4 MiB/);
  assert.match(shown.out, /memory\s+[\d.]+ MiB at 512 tokens: weights [\d.]+ MiB, cache 3\.8 MiB/);
  assert.match(shown.out, /template\s+yes/);
  assert.equal(JSON.parse(asked.out).answer.trim(), "1776");
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /^reckon: org\/other does not exist, and no model of that name was pulled; .*reckon pull org\/other/,
  );

  const removed = await reckon("models", "remove", "org/nano");
  assert.match(removed.out, /^removed org\/nano:safetensors, 4\.\d MiB\n$/);
  assert.ok(!fs.existsSync(folder));
});

test("what is wrong with a pull is one sentence with an exit code", async () => {
  const [name, missing, quantization] = await Promise.all([
    reckon("pull", "nano", "--json"),
    reckon("pull", "org/none"),
    reckon("pull", "org/nano:Q4_0"),
  ]);
  assert.deepEqual([name.code, missing.code, quantization.code], [2, 1, 1]);
  assert.match(JSON.parse(name.out).error.message, /"nano" is not the name of a model on a hub/);
  assert.match(missing.err, /^reckon: org\/none at main is not on http.*\n$/);
  assert.match(quantization.err, /^reckon: org\/nano has no Q4_0; choose one of: safetensors \(0\.00 GB\)\.\n$/);
});

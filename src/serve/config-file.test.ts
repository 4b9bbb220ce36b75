import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { serveConfig } from "./config.ts";
import { readConfigFile, shownConfig } from "./config-file.ts";

const place = mkdtempSync(join(tmpdir(), "reckon-config-"));
after(() => rmSync(place, { recursive: true }));
const file = join(place, "serve.json");

function read(text: unknown) {
  writeFileSync(file, typeof text === "string" ? text : JSON.stringify(text));
  return readConfigFile(file);
}

test("a file's settings are those of the server, and what is shown of them holds no key", () => {
  const servers = [{ url: "http://127.0.0.1:1/v1", apiKey: "sk-secret" }];
  const upstreams = [{ model: "far", servers }];
  const apiKeys = ["top-secret", { key: "also-secret" }];
  const config = serveConfig.parse(read({ port: 9, apiKeys, upstreams, slots: 3 }));
  assert.deepEqual([config.port, config.slots, config.queue], [9, 3, 64]);
  const shown = JSON.stringify(shownConfig(config));
  assert.ok(!shown.includes("secret") && !shown.includes("sha256"), shown);
  assert.match(shown, /"queue":64/);
});

test("what is wrong with a file is one sentence that names the setting", () => {
  for (const [text, said] of [
    ["{", /is not valid JSON/],
    ['{"apiKeys": ["top-secret", }', /^(?!.*top-secret).*is not valid JSON/],
    ["[]", /must hold a JSON object/],
    [{ prot: 1 }, /there is no setting "prot"$/],
    [{ port: "x" }, /port is not valid: expected number/],
    [{ apiKeys: [{ key: "a", requestPerMinute: 1 }] }, /there is no setting "apiKeys\[0\]\.requestPerMinute"$/],
    [{ apiKeys: ["sha256:12"] }, /apiKeys\[0\] is not valid: the hash of a key/],
    [{ price: { prompt: 1 } }, /price\.answer is not valid/],
    [{ __proto__: null, constructor: 1 }, /there is no setting "constructor"/],
  ] as const) {
    assert.throws(
      () => read(text),
      (error: Error) => {
        assert.match(error.message, said);
        return error.message.startsWith(`The config file ${file}`) && !error.message.includes("\n");
      },
    );
  }
  assert.throws(() => readConfigFile(join(place, "none.json")), /cannot be read \(ENOENT\)/);
});

test("docs/serving.md tells of every setting, and its example is one", () => {
  const text = readFileSync(new URL("../../docs/serving.md", import.meta.url), "utf8");
  for (const name of Object.keys(serveConfig.shape)) assert.ok(text.includes(`\`${name}\``), name);
  const examples = [...text.matchAll(/```json\n([\s\S]*?)\n```/g)];
  assert.ok(examples.length > 0);
  for (const [, example] of examples) serveConfig.parse(read(example));
});

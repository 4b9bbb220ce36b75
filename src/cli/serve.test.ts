// The serve command as a process: where it says it listens, how it ends, what it refuses.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { saveTinyModel } from "../generate/tiny-models.ts";
import { referenceDevice } from "../kernels/reference/device.ts";

const place = mkdtempSync(join(tmpdir(), "reckon-serve-command-"));
const folder = join(place, "tiny");
before(() => saveTinyModel(folder, referenceDevice()));
after(() => rmSync(place, { recursive: true }));

const main = fileURLToPath(new URL("main.ts", import.meta.url));

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess & { readonly said: () => string } {
  const child = spawn(process.execPath, [main, "serve", "--model", folder, "--port", "0", ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stderr.on("data", (data) => {
    text += data;
  });
  return Object.assign(child, { said: () => text });
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const data of child.stdout!) return String(data).trim();
  return "";
}

test("serve says where it listens, logs no prompt, and ends in order at SIGTERM", async () => {
  const child = start(["--json"], { RECKON_API_KEYS: "one, two" });
  const { url } = JSON.parse(await firstLine(child)) as { url: string };
  const ask = {
    thinking: { type: "disabled" },
    messages: [{ role: "user", content: "a secret question" }],
    max_tokens: 200,
    ignore_eos: true,
    stream: true,
  };
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer two" },
    body: JSON.stringify(ask),
  });
  child.kill("SIGTERM");
  const text = await response.text();
  assert.match(text, /"finish_reason":"length"[\s\S]*\[DONE\]/);
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  assert.match(child.said(), /"newTokens":200,.*"msg":"written"/);
  assert.ok(!child.said().includes("secret question") && !child.said().includes(url.slice(7)));
});

test("a taken port, an open address without a key and a missing model are one sentence each", async () => {
  const child = start([]);
  const { port } = new URL(await firstLine(child));
  const run = (args: readonly string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [main, "serve", ...args], { encoding: "utf8" });
    return [status, stderr.trim().split("\n").at(-1)] as const;
  };
  const [taken, why] = run(["--model", folder, "--port", port]);
  assert.equal(taken, 1);
  assert.match(why ?? "", /the address is in use/);
  assert.deepEqual(run(["--host", "0.0.0.0"])[0], 2);
  assert.match(run(["--model", join(place, "nowhere"), "--port", "0"])[1] ?? "", /does not exist/);
  assert.equal(run(["--slots", "0"])[0], 2);
  child.kill("SIGINT");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});

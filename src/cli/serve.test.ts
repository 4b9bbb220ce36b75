// The serve command as a process: where it says it listens, how it ends, what it refuses.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

async function firstLine(child: Pick<ChildProcess, "stdout">): Promise<string> {
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
  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + path, { method: "POST", headers: { authorization: "Bearer two", ...headers }, body });
  const at = "/v1/chat/completions";
  // Whatever a client can put words into: fields that are refused, names, paths, queries, headers, bodies that are no JSON.
  const hostile: readonly [number, string, string, Record<string, string>?][] = [
    [400, at, "secret question"],
    [400, at, '{"messages": "secret question"}'],
    [400, at, JSON.stringify({ ...ask, temperature: "secret question" })],
    [400, at, JSON.stringify({ ...ask, messages: [{ role: "user", content: "secret question".repeat(900) }] })],
    [404, at, JSON.stringify({ ...ask, model: "secret question" })],
    [404, "/secret%20question?secret=question", "{}"],
    [400, `${at}?q=secret%20question`, "[]", { "user-agent": "secret question", "x-request-id": "secret question" }],
    [401, at, "{}", { authorization: "Bearer secret question" }],
  ];
  for (const [status, ...request] of hostile) assert.equal((await post(...request)).status, status, request.join());
  const response = await post(at, JSON.stringify(ask));
  child.kill("SIGTERM");
  const text = await response.text();
  assert.match(text, /"finish_reason":"length"[\s\S]*\[DONE\]/);
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  assert.match(child.said(), /"newTokens":200,.*"msg":"written"/);
  assert.match(child.said(), /"status":404/);
  assert.ok(!child.said().includes("secret") && !child.said().includes(url.slice(7)) && !child.said().includes(place));
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
  const config = join(place, "serve.json");
  writeFileSync(config, JSON.stringify({ slots: 3, queue: 5, apiKeys: ["top-secret"] }));
  const { stdout } = spawnSync(
    process.execPath,
    [main, "serve", "--config", config, "--slots", "4", "--price", "1,2", "--print-config"],
    { encoding: "utf8", env: { ...process.env, RECKON_API_KEYS: "other-secret" } },
  );
  const { slots, queue, price, apiKeys } = JSON.parse(stdout);
  assert.deepEqual([slots, queue, price, apiKeys.length], [4, 5, { prompt: 1, answer: 2 }, 2]);
  assert.ok(!stdout.includes("secret"));
  child.kill("SIGINT");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});

test("a full disk costs no answer: neither the log nor what /v1/responses keeps can be written, and the server says so", async () => {
  // A limit on the size of files, which the store reaches soon, is told like a full disk; /dev/full is one.
  const log = existsSync("/dev/full") ? "2>/dev/full" : "";
  const command = `ulimit -f 256; exec "$0" "$@" ${log}`;
  const args = [main, "serve", "--model", folder, "--port", "0", "--store", join(place, "store.db")];
  const child = spawn("sh", ["-c", command, process.execPath, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const url = await firstLine(child);
  const post = (path: string, body: object): Promise<Response> =>
    fetch(url + path, { method: "POST", body: JSON.stringify(body) });
  const ask = { input: "x".repeat(40), max_output_tokens: 2, metadata: { note: "y".repeat(500) } };
  const statuses = new Set<number>();
  let last = "";
  // Each takes some pages of the store; a turn that was not kept cannot be gone on from.
  for (let i = 0; i < 400 && !statuses.has(404); i++) {
    const response = await post("/v1/responses", ask);
    statuses.add(response.status);
    last = ((await response.json()) as { id: string }).id;
    if (i % 10 === 9) statuses.add((await fetch(`${url}/v1/responses/${last}`)).status);
  }
  assert.deepEqual([...statuses], [200, 404]);
  const next = await post("/v1/responses", { ...ask, previous_response_id: last });
  const told = (await next.json()) as { error: { code: string } };
  assert.equal(told.error.code, "previous_response_not_found");
  assert.equal(
    (await post("/v1/chat/completions", { messages: [{ role: "user", content: "a" }], max_tokens: 2 })).status,
    200,
  );
  assert.equal((await fetch(`${url}/health`)).status, 200);
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});

test("a config file's server passes requests on, and its keys are in no log", async () => {
  const config = join(place, "upstreams.json");
  const servers = [{ url: "http://127.0.0.1:1/v1", apiKey: "sk-hidden" }];
  writeFileSync(config, JSON.stringify({ upstreams: [{ model: "far", servers }], apiKeys: ["own-hidden"] }));
  const child = start(["--config", config, "--log-level", "debug"]);
  const response = await fetch(`${await firstLine(child)}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer own-hidden" },
    body: JSON.stringify({ model: "far", messages: [{ role: "user", content: "x" }] }),
  });
  assert.equal(response.status, 503);
  assert.equal(((await response.json()) as { error: { code: string } }).error.code, "upstream_unavailable");
  child.kill("SIGTERM");
  await once(child, "exit");
  assert.match(child.said(), /an upstream server failed/);
  assert.ok(!child.said().includes("hidden"));
});

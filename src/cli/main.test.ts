import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { usageError } from "../error.ts";
import { type CommandEntry, commands, runCommand } from "./main.ts";
import { addCommonOptions } from "./options.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

const reckon = (...args: string[]) => {
  const flags = ["--disable-warning=ExperimentalWarning", main];
  return spawnSync(process.execPath, [...flags, ...args], {
    encoding: "utf8",
    env: { ...process.env, RECKON_DEBUG: "" },
  });
};

/** A table with one command that records its options and one that must never be loaded. */
const makeTable = () => {
  const seen: unknown[] = [];
  const table: readonly CommandEntry[] = [
    {
      name: "add",
      description: "adds",
      load: async () => ({
        register: (program: Command) => {
          addCommonOptions(program.command("add"), ["json", "threads", "device", "seed"]).action((options) => {
            seen.push(options);
            if (options.seed === 13) {
              throw usageError("13 is no seed", "--seed");
            }
          });
        },
      }),
    },
    { name: "heavy", description: "must stay unloaded", load: () => assert.fail("loaded without being asked for") },
  ];
  return { table, seen };
};

test("only the command that is used is loaded, and gets its parsed flags", async () => {
  const { table, seen } = makeTable();
  await runCommand(["add", "--threads", "3", "--device", "auto", "--seed", "0"], table);
  assert.deepEqual(seen, [{ threads: 3, device: "cpu", seed: 0 }]);
});

test("what a command throws reaches the caller, and a wrong flag names itself", async () => {
  const { table } = makeTable();
  await assert.rejects(runCommand(["add", "--seed", "13"], table), { exitCode: 2, param: "--seed" });
  await assert.rejects(runCommand(["add", "--threads", "0"], table), { exitCode: 2, param: "--threads" });
});

test("help lists every command, and the help of a command shows its flags", () => {
  const all = reckon("--help");
  assert.deepEqual([all.status, all.stderr], [0, ""]);
  for (const { name } of commands) {
    assert.match(all.stdout, new RegExp(`^  ${name}\\b`, "m"));
  }
  assert.equal(reckon("help").stdout, all.stdout);
  assert.equal(reckon().stdout, all.stdout);
  assert.match(reckon("runs", "list", "--help").stdout, /--root <folder>/);
  assert.match(reckon("help", "runs").stdout, /compare/);
});

test("every command in the table loads, and registers the name it stands under", async () => {
  const { Command } = await import("commander");
  for (const entry of commands) {
    const program = new Command();
    (await entry.load()).register(program);
    assert.ok(
      program.commands.some((command) => command.name() === entry.name),
      entry.name,
    );
  }
});

test("an unknown command is a usage error that suggests the nearest one", () => {
  const end = reckon("rnus");
  assert.deepEqual([end.status, end.stdout], [2, ""]);
  assert.match(end.stderr, /^reckon: unknown command 'rnus' \(Did you mean runs\?\).*\n$/);
});

test("with --json a usage error is also an object on standard output", () => {
  const end = reckon("runs", "list", "--json", "--rot", "x");
  assert.equal(end.status, 2);
  assert.equal(end.stderr.trim().split("\n").length, 1);
  const { error } = JSON.parse(end.stdout);
  assert.deepEqual([error.type, error.param], ["usage_error", "--rot"]);
});

test("a command group alone shows its help and fails as wrongly used", () => {
  const end = reckon("runs");
  assert.equal(end.status, 2);
  assert.match(end.stderr, /compare/);
});

test("the version is package.json's", () => {
  assert.match(reckon("--version").stdout, /^\d+\.\d+\.\d+\n$/);
});

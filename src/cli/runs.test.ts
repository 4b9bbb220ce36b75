import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = mkdtempSync(join(tmpdir(), "reckon-runs-cli-"));
after(() => rmSync(root, { recursive: true, force: true }));

const makeRun = (name: string, config: object, rewards: readonly number[], report?: object): void => {
  const path = join(root, name);
  mkdirSync(path);
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  const rows = rewards.map((reward, step) => JSON.stringify({ step: step + 1, reward }));
  writeFileSync(join(path, "metrics.jsonl"), `${rows.join("\n")}\n{"step":`);
  if (report) {
    writeFileSync(join(path, "report.json"), JSON.stringify(report));
  }
};
makeRun("a", { recipe: "r1-zero", preset: "smoke", seed: 1, optimizer: { lr: 0.001 } }, [0, 0.5, 1], { accuracy: 0.9 });
makeRun("b", { recipe: "r1-zero", preset: "smoke", seed: 1, optimizer: { lr: 0.01 } }, [0, 0.25]);

const runs = (...args: string[]) => {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const flags = ["--disable-warning=ExperimentalWarning", main, "runs"];
  return spawnSync(process.execPath, [...flags, ...args, "--root", root], { encoding: "utf8" });
};

test("list gives a line a run, for people and as JSON", () => {
  const lines = runs("list").stdout.trim().split("\n");
  assert.match(lines[0], /^run +recipe +preset +status +step +last/);
  assert.match(lines.find((line) => line.startsWith("a ")) ?? "", /r1-zero +smoke +finished +3 +reward 1/);
  const listed = JSON.parse(runs("list", "--json").stdout).runs;
  assert.deepEqual(listed.map((run: { name: string; step: number }) => [run.name, run.step]).sort(), [
    ["a", 3],
    ["b", 2],
  ]);
});

test("show tells the configuration, how the metrics moved and the report, and warns of a torn line aside", () => {
  const end = runs("show", "a");
  assert.equal(end.status, 0);
  assert.match(end.stdout, /optimizer\.lr: 0\.001/);
  assert.match(end.stdout, /reward +0 +1 +1/);
  assert.match(end.stdout, /accuracy: 0\.9/);
  assert.match(end.stderr, /^a: 1 line\(s\) of metrics\.jsonl are torn/);
  const shown = JSON.parse(runs("show", "a", "--json").stdout);
  assert.deepEqual([shown.metrics.length, shown.torn_lines, shown.report.accuracy], [3, 1, 0.9]);
});

test("compare shows what differs and only that", () => {
  const end = runs("compare", "a", "b");
  assert.match(end.stdout, /optimizer\.lr +0\.001 +0\.01/);
  assert.doesNotMatch(end.stdout, /seed/);
  const compared = JSON.parse(runs("compare", "a", "b", "--json").stdout);
  assert.deepEqual(compared.config, { "optimizer.lr": [0.001, 0.01] });
  assert.deepEqual(compared.metrics, { reward: [1, 0.25] });
  assert.deepEqual(compared.report, { accuracy: [0.9, null] });
});

test("two chains are compared stage by stage", () => {
  const stage = (name: string, sampled: number, seconds: number) => ({
    ...{ name, cost: { seconds }, model: { sampled: { value: sampled }, greedy: { value: 0.9 }, thinking: 40 } },
  });
  const file = { name: "preference.json", cost: { seconds: 1 }, model: null };
  makeRun("one", { recipe: "r1" }, [], { notes: { stages: [stage("base", 0.41, 100), file], answers: { base: [] } } });
  makeRun("two", { recipe: "r1" }, [], { notes: { stages: [stage("base", 0.44, 90), file], answers: { base: [1] } } });
  const end = runs("compare", "one", "two");
  assert.match(end.stdout, /stages, one beside two\nstage +sampled +greedy +thinking +seconds/);
  assert.match(end.stdout, /base +0\.41 +0\.44 +0\.9 +0\.9 +40 +40 +100 +90\n/);
  assert.match(end.stdout, /preference\.json +- +- +- +- +- +- +1 +1\n/);
  assert.doesNotMatch(end.stdout, /notes\.(stages|answers)/);
  const { stages } = JSON.parse(runs("compare", "one", "two", "--json").stdout);
  assert.deepEqual([stages[0].stage, stages[0].figures[1].sampled], ["base", 0.44]);
});

test("a run that does not exist is an error that names those that do", () => {
  const end = runs("show", "c", "--json");
  assert.equal(end.status, 1);
  assert.match(end.stderr, /^reckon: no run "c": .* has (?:(?:a|b|one|two)(?:, |\n$)){4}/);
  assert.equal(JSON.parse(end.stdout).error.param, "c");
});

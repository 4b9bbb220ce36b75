// What deploy/ holds fits the server: metrics the dashboard asks for, flags and ports of the container and the unit.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Command } from "commander";
import { Metrics } from "../serve/metrics.ts";
import { register } from "./serve.ts";

const file = (name: string): string => readFileSync(new URL(`../../deploy/${name}`, import.meta.url), "utf8");

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

test("the dashboard asks for metrics there are", async () => {
  const metrics = new Metrics(() => []);
  const names = new Set<string>();
  for (const { name, type } of await metrics.registry.getMetricsAsJSON()) {
    // A histogram is read by its parts.
    for (const part of String(type) === "histogram" ? ["_bucket", "_sum", "_count"] : [""]) names.add(name + part);
  }
  const { panels } = JSON.parse(file("grafana.json")) as Dashboard;
  const asked = new Set(
    panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => [...expr.matchAll(/\breckon_\w+/g)].map(String))),
  );
  for (const name of asked) assert.ok(names.has(name), `${name} is no metric`);
  assert.ok(asked.size >= 20);
});

test("the container and the unit start the server with flags it has", () => {
  const program = new Command();
  register(program);
  const { options } = program.commands[0];
  const flags = new Set(options.map(({ long }) => long));
  const start = [/CMD \["serve".*$/m.exec(file("Dockerfile")), /^ExecStart=.*$/m.exec(file("reckon.service"))];
  for (const line of start) {
    const used = [...(line?.[0] ?? "").matchAll(/--[a-z-]+/g)].map(String);
    assert.ok(used.length > 0);
    for (const flag of used) assert.ok(flags.has(flag), flag);
  }
});

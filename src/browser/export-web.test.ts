/** The static folder in a real Chromium, from a host that sends no headers of its own: it chats, and it learns as Node does. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { axeFindings } from "../../web/test-window.ts";
import { BUNDLED_MODEL, ModelSession } from "../generate/session.ts";
import { noChromium, serveFolders, startChromium, type TestServer } from "./chromium.ts";
import { exportWeb } from "./export-web.ts";
import { type TrainedStep, trainLive } from "./train.ts";

const place = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-web-"));
const folder = path.join(place, "site");
const skip = noChromium();
let browser: Browser;
let server: TestServer;
/** What went wrong unseen on any page. */
const faults: string[] = [];
before(async () => {
  if (skip) return;
  await exportWeb(folder);
  server = await serveFolders(folder);
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
  fs.rmSync(place, { recursive: true, force: true });
});

test("the exported page answers a question on its own", { skip }, async () => {
  const page = await open("index.html");
  await page.waitForSelector("#question:enabled");
  assert.match(
    (await page.textContent("#about")) ?? "",
    /^reckon-nano, [\d.]+ million parameters in \w+, 1 thread, in this tab$/,
  );
  assert.equal(await page.evaluate("crossOriginIsolated"), true, "the service worker isolates the page");
  await page.fill("#question", "What is 37 * 48?");
  await page.press("#question", "Enter");
  await page.waitForSelector("#send:enabled");
  assert.notEqual(await page.textContent(".thinking"), "");
  assert.notEqual(await page.textContent(".answer"), "");
  assert.match((await page.textContent("article .quiet:last-child")) ?? "", /^\d+ tokens, \d+ of them thinking/);
  assert.equal(await page.getAttribute("#train", "hidden"), null);
  assert.deepEqual(await axeFindings(page), []);
  await page.close();
});

test("the base model learns in the tab exactly as in Node", { skip }, async () => {
  const settings = {
    steps: 2,
    prompts_per_step: 3,
    group_size: 4,
    max_completion_length: 48,
    families: ["digit-sums"],
  };
  const page = await open("train.html");
  const there = (await page.evaluate(`(async () => {
    const { BrowserEngine } = await import("./engine/client.js");
    const engine = new BrowserEngine(new URL("engine/engine.js", location.href));
    const steps = [];
    await engine.train({ base: "base/" }, ${JSON.stringify(settings)}, (step) => steps.push(step));
    return steps;
  })()`)) as TrainedStep[];
  const session = await ModelSession.open({ model: path.join(BUNDLED_MODEL, "base"), weights: "f32", threads: 1 });
  const here: TrainedStep[] = [];
  await trainLive(session, settings, (step) => void here.push(step), new AbortController().signal);
  await session.close();
  const bare = (steps: readonly TrainedStep[]) => steps.map((step) => ({ ...step, seconds: 0 }));
  assert.equal(there.length, 3);
  assert.deepEqual(bare(there), bare(here));
  await page.close();
});

test("another model's page has no training, and what stands in the way is told", { skip }, async () => {
  const other = path.join(place, "other");
  await exportWeb(other, path.join(BUNDLED_MODEL, "base"));
  assert.deepEqual(
    fs.readdirSync(other).filter((name) => name.startsWith("train")),
    [],
  );
  assert.ok(JSON.parse(fs.readFileSync(path.join(other, "model", "files.json"), "utf8")).files.length >= 5);
  assert.deepEqual(faults, []);
  await assert.rejects(exportWeb(other), /already holds files; remove it or name another folder with --web/);
});

async function open(name: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(0); // however busy the machine is
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`${server.url}/${name}`);
  // the page loads once more under its service worker, which may be right now
  while (!(await page.evaluate("crossOriginIsolated").catch(() => false))) await setTimeout(50);
  return page;
}

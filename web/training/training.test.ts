// The training window as people use it: Chromium, a real server, runs that `reckon train` makes here.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { noChromium, startChromium } from "../../src/browser/chromium.ts";
import { r1zero, reckon } from "../../src/cli/test-train.ts";
import { type RunningServer, startServer } from "../../src/serve/server.ts";
import { tinyModelFolder } from "../../src/serve/test-server.ts";

const skip = noChromium();
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const LONG = 120_000;
const place = mkdtempSync(join(tmpdir(), "reckon-window-"));
const runs = join(place, "runs");

let server: RunningServer;
let browser: Browser;
let model: Awaited<ReturnType<typeof tinyModelFolder>>;
before(
  async () => {
    if (skip !== false) return;
    model = await tinyModelFolder();
    const end = await reckon(r1zero(join(runs, "small"), 16, 12, "save_rollouts=1"));
    assert.equal(end.code, 0, end.err);
    const cache = join(place, "cache");
    server = await startServer({
      port: 0,
      logLevel: "silent",
      threads: 1,
      drainMs: 1000,
      models: [model.folder],
      runs,
      cache,
    });
    browser = await startChromium();
  },
  { timeout: 2 * LONG },
);
after(async () => {
  await browser?.close();
  await server?.stop();
  model?.remove();
  rmSync(place, { recursive: true, force: true });
});

/** A page of its own that may ask nobody else and must not fail. */
async function open(address: string, width: number, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(LONG);
  const wrong: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url)) wrong.push(request.url());
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) wrong.push(message.text());
  });
  await page.goto(server.url + address, { timeout: LONG });
  try {
    await use(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

test("from the list to the curves of two runs, and every view has a link", { skip }, async () => {
  await open("/runs", 1280, async (page) => {
    await page.getByLabel("Compare small", { exact: true }).check();
    await page.getByLabel("Compare small/base").check();
    await page.getByRole("button", { name: "Compare 2" }).click();
    await page.locator(".curve canvas").first().waitFor();
    await page.getByRole("img", { name: /^loss: .*small from .*; small\/base from / }).waitFor();
    await page.getByLabel("Find a measure").fill("grad_norm");
    await page.getByRole("slider", { name: "Smoothing" }).press("End");
    assert.equal(await page.locator(".curve").count(), 1);
    await page.reload();
    await page.locator(".curve canvas").waitFor();
    assert.equal(await page.locator(".curve").count(), 1);
    assert.match(page.url(), /run=small&with=small\/base&find=grad_norm&smooth=0\.98/);
    await page.getByRole("link", { name: "Evaluations" }).last().click();
    assert.match(await page.locator("table.data").innerText(), /accuracy/);
    await page.getByRole("link", { name: "Config" }).click();
    await page.getByText("group_size").waitFor();
    await page.getByRole("link", { name: "Stages" }).click();
    await page.getByRole("link", { name: "base", exact: true }).click();
    await page.getByRole("heading", { name: "small/base" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "small", exact: true }).waitFor();
  });
});

test("a group with its reward parts, its question over time, a sample token by token", { skip }, async () => {
  await open("/runs?run=small&view=groups&step=3", 1280, async (page) => {
    await page.locator(".group-list a").nth(2).click();
    await page.locator(".group-list a").nth(2).and(page.locator("[aria-current]")).waitFor();
    assert.equal(await page.locator(".group .sample").count(), 4);
    assert.match(await page.locator(".group .parts").first().innerText(), /accuracy\s*[01]/);
    await page.getByRole("button", { name: "Step after" }).click();
    await page.waitForURL(/step=4/);
    await page.getByRole("link", { name: "over time" }).click();
    await page.getByText(/Asked at \d+ steps, \d+ samples/).waitFor();
    await page
      .getByRole("link", { name: /Tokens of sample/ })
      .first()
      .click();
    await page.locator("[data-at='0'].chosen").waitFor();
    await page.getByRole("group", { name: /Tokens/ }).focus();
    await page.keyboard.press("ArrowRight");
    assert.match(await page.locator(".token-told").innerText(), /^2 of \d+: .*probability \d+\.\d %.*entropy/s);
  });
});

test("samples are sorted, filtered and scrolled to the last", { skip }, async () => {
  await open("/runs?run=small&view=samples", 1280, async (page) => {
    await page.getByText("288 samples").waitFor();
    await page.getByRole("button", { name: "Reward" }).click();
    await page.waitForURL(/sort=reward&order=desc/);
    const body = page.getByRole("rowgroup", { name: /Samples/ });
    await body.focus();
    await body.focus();
    await page.keyboard.press("End");
    await page.locator("[data-row='287'] a").waitFor();
    const least = Number(await page.locator("[data-row='287'] .figure").innerText());
    await page.keyboard.press("Home");
    await page.locator("[data-row='0'] a").waitFor();
    assert.ok(Number(await page.locator("[data-row='0'] .figure").innerText()) >= least);
    await page.getByLabel("Step", { exact: true }).fill("5");
    await page.getByText("24 samples").waitFor();
    await page.getByLabel("Step", { exact: true }).fill("");
    await page.getByText("288 samples").waitFor();
    const shown = (await page.locator("[data-row='0'] .c-response").innerText()).split(" ↵ ");
    const said = shown.find((line) => line.length >= 3)!.slice(0, 6);
    await page.getByLabel("In the response").fill(said.toUpperCase());
    await page.getByText(/^\d{1,2} samples$|^1\d\d samples$/).waitFor();
    await page.waitForURL(/response=/);
    await page.getByLabel("In the response").fill("no such words");
    await page.getByText("0 samples", { exact: true }).waitFor();
    await page.getByLabel("In the response").fill("");
    await page.getByLabel("Step", { exact: true }).fill("5");
    await page.getByText("24 samples").waitFor();
    await page.locator("[data-row='0'] a").click();
    await page.getByRole("link", { name: "Its group, step 5" }).waitFor();
  });
});

test("a run is started by the form, watched, paused, stopped and resumed", { skip }, async () => {
  await open("/runs", 1280, async (page) => {
    const settings = r1zero("x", 16, 4000).flatMap((word, index, all) => (all[index - 1] === "--set" ? [word] : []));
    await page.getByRole("button", { name: "Start a run" }).click();
    await page.getByLabel("Name").fill("small");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText("There is something called small already").waitFor();
    await page.getByLabel("Name").fill("mine");
    await page.getByLabel("Settings").fill(settings.join("\n"));
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByRole("heading", { name: "mine" }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator(".status.paused").waitFor();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.locator(".curve canvas").first().waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.locator(".status.training").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.locator(".status.unfinished").waitFor();
  });
});

test("axe finds nothing and nothing is wider than the screen, on a phone and a laptop, in light and dark", {
  skip,
}, async () => {
  const told = await (await fetch(`${server.url}/v1/runs/samples?run=small`)).json();
  const { rows } = told as { rows: { id: number; prompt_id: number }[] };
  const sample = rows[0]!;
  const views = [
    ["/runs", "table.data"],
    ["/runs?run=small&with=small/base", ".curve canvas"],
    ["/runs?run=small&view=groups", ".sample"],
    ["/runs?run=small&view=samples", "[data-row='0'] a"],
    [`/runs?run=small&view=question&prompt=${sample.prompt_id}`, ".sample"],
    [`/runs?run=small&view=sample&id=${sample.id}`, ".token-text"],
    ["/runs?run=small&view=stages", ".stages"],
    ["/runs?run=small&view=evaluations", "table.data"],
    ["/runs?run=small&view=config", "table.data"],
  ] as const;
  await open("/runs", 390, async (page) => {
    for (const [index, [address, there]] of views.entries()) {
      await page.emulateMedia({ colorScheme: index % 2 === 0 ? "dark" : "light" });
      await page.setViewportSize({ width: index % 3 === 2 ? 1280 : 390, height: 800 });
      await page.goto(server.url + address);
      await page.locator(there).first().waitFor();
      if (address === "/runs") await page.getByRole("button", { name: "Start a run" }).click();
      assert.deepEqual(await page.evaluate(`(${axeRun})(${JSON.stringify(readFileSync(axe, "utf8"))})`), [], address);
      const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.ok(Number(wide) <= 0, `${address} is ${wide} pixels too wide`);
    }
  });
});

/** Run in the page, as text: its policy lets no script be added, so axe is evaluated by the debugger. */
const axeRun = `async (source) => {
  (0, eval)(source);
  const { violations } = await axe.run(document);
  return violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 200)).join(" | "));
}`;

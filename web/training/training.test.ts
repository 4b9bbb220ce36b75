// The training window as people use it: Chromium, a real server, runs that `reckon train` makes here.
import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { noChromium, startChromium } from "../../src/browser/chromium.ts";
import { r1zero, reckon } from "../../src/cli/test-train.ts";
import { type RunningServer, startServer } from "../../src/serve/server.ts";
import { tinyModelFolder } from "../../src/serve/test-server.ts";
import { loadModelText } from "../../src/text/model-text.ts";
import { axeFindings } from "../test-window.ts";

const skip = noChromium();
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
    server = await startHere(0);
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

const startHere = (port: number, folder: string = runs): Promise<RunningServer> =>
  startServer({
    ...{ port, logLevel: "silent", threads: 1, drainMs: 100 },
    ...{ models: [model.folder], runs: folder, cache: join(place, "cache") },
  });

/** A page of its own that may ask nobody else and must not fail. */
async function open(
  address: string,
  width: number,
  use: (page: Page) => Promise<void>,
  url: string = server.url,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(LONG);
  const wrong: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) wrong.push(request.url());
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) wrong.push(message.text());
  });
  await page.goto(url + address, { timeout: LONG });
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

test("a newcomer is told what a run is and how to make one", { skip }, async () => {
  const empty = await startHere(0, join(place, "none"));
  await open(
    "/runs",
    390,
    async (page) => {
      await page.getByText("A run is a model in training.").waitFor();
      await page.getByText("npx reckon train r1-zero --preset quick").waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await page.getByRole("button", { name: "Start a run" }).click();
      await page.getByText("the model finds out that thinking pays").waitFor();
      await page.getByLabel("Recipe").selectOption("r1");
      await page.getByText("whole chain").waitFor();
    },
    empty.url,
  ).finally(() => empty.stop());
});

test("each measure is explained, those one looks at first come first, the others are a click or a link away", {
  skip,
}, async () => {
  await open("/runs?run=small", 1280, async (page) => {
    const named = (name: string) => page.locator(".curve figcaption", { hasText: name });
    await named("frac_reward_zero_std").getByText("nothing is learned from those").waitFor();
    assert.equal(await named("step_time").count(), 0);
    // Nothing is pointed at: the legend tells the last step's values.
    assert.match(await page.locator(".curve .u-legend").first().innerText(), /^small\s*[-\d]/);
    await page.getByRole("button", { name: /^Show \d+ more measures$/ }).click();
    await named("step_time").waitFor();
    await page.reload();
    await named("step_time").waitFor();
    await page.getByRole("button", { name: "Show fewer measures" }).click();
    await named("step_time").waitFor({ state: "detached" });
    await page.getByLabel("Find a measure").fill("whole step");
    await named("step_time").waitFor();
    assert.equal(await page.locator(".curve").count(), 1);
  });
});

test("a finger's first tap on a curve tells its values, the second goes to that step", { skip }, async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  page.setDefaultTimeout(LONG);
  await page.goto(`${server.url}/runs?run=small`);
  const legend = page.locator(".curve .u-legend").first();
  await legend.waitFor();
  const last = await legend.innerText();
  const box = (await page.locator(".curve .u-over").first().boundingBox())!;
  await page.touchscreen.tap(box.x + box.width / 4, box.y + box.height / 2);
  while ((await legend.innerText()) === last) await page.waitForTimeout(20);
  assert.doesNotMatch(page.url(), /view=groups/);
  await page.touchscreen.tap(box.x + box.width / 4, box.y + box.height / 2);
  await page.waitForURL(/view=groups&step=\d/);
  await context.close();
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
    await page.getByText(/Asked at \d+ steps?, \d+ samples/).waitFor();
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
    // Anywhere in the row.
    await page.locator("[data-row='0'] .c-response").click({ force: true });
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

test("warnings are told in words, a click on a curve shows that step, and a server gone and back is survived", {
  skip,
}, async () => {
  const folder = join(runs, "watched");
  cpSync(join(runs, "small", "rollouts"), join(folder, "rollouts"), { recursive: true });
  writeFileSync(join(folder, "config.json"), '{"recipe":"r1-zero","preset":"smoke","seed":0}');
  const metrics = join(folder, "metrics.jsonl");
  const warnings = [{ kind: "no_format", message: "for 10 steps no answer kept the form" }];
  const line = (step: number, more: object = {}): string => `${JSON.stringify({ step, reward: step / 20, ...more })}\n`;
  writeFileSync(metrics, Array.from({ length: 11 }, (_, at) => line(at + 1)).join("") + line(12, { warnings }));
  await open("/runs", 1280, async (page) => {
    await page
      .getByRole("row", { name: /watched/ })
      .getByText("1 warning")
      .waitFor();
    await page.getByRole("link", { name: "watched", exact: true }).click();
    await page.getByRole("note").getByText("for 10 steps no answer kept the form").waitFor();
    await page.getByRole("img", { name: "reward: watched from 0.05 to 0.6" }).waitFor();
    // A line that says nothing of it any more, while one looks.
    appendFileSync(metrics, line(13));
    await page.getByRole("img", { name: "reward: watched from 0.05 to 0.65" }).waitFor();
    await page.getByRole("note").waitFor({ state: "detached" });
    const { port } = new URL(server.url);
    await server.stop();
    await page.getByRole("alert").waitFor();
    appendFileSync(metrics, line(14));
    server = await startHere(Number(port));
    await page.getByRole("img", { name: "reward: watched from 0.05 to 0.7" }).waitFor();
    await page.getByRole("alert").waitFor({ state: "detached" });
    const box = (await page.locator(".curve .u-over").first().boundingBox())!;
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForURL(/view=groups&step=[78]$/);
    await page.locator(".group .sample").first().waitFor();
  });
});

test("what models and runs write runs nothing and fetches nothing, whichever view shows it", { skip }, async () => {
  const hostile = [
    "<script>window.ran=1</script><img src=https://example.com/a.png onerror=window.ran=1>",
    "<svg onload=window.ran=1><a href='javascript:window.ran=1'>press</a></svg>",
    "![a](https://example.com/b.png) [b](javascript:window.ran=1) \u202eEVIL\u202c \u001b[31mred\u001b[0m",
  ].join("\n");
  const folder = join(runs, "hostile");
  mkdirSync(join(folder, "rollouts"), { recursive: true });
  cpSync(join(runs, "small", "checkpoints"), join(folder, "checkpoints"), { recursive: true });
  const { tokenizer } = loadModelText(folder);
  const ids = tokenizer.encode(hostile.replaceAll(/[^ -~\n]/g, ""));
  const write = (name: string, value: object): void => writeFileSync(join(folder, name), `${JSON.stringify(value)}\n`);
  write("config.json", { recipe: hostile, preset: hostile, seed: 0, note: hostile });
  write("metrics.jsonl", { step: 1, reward: 1, [hostile]: 2, warnings: [{ kind: "x", message: hostile }] });
  write("evaluations.jsonl", { step: 1, stage: hostile, accuracy: 0.5, by_family: { [hostile]: { accuracy: 0.5 } } });
  write("rollouts/000001.jsonl", {
    ...{ step: 1, group: 0, task: hostile, prompt: hostile, response: hostile, gold: hostile, reason: hostile },
    ...{ reward: 1, rewards: { [hostile]: 1 }, advantage: 0.5, completion_ids: ids, logps: ids.map(() => -0.1) },
  });
  await open("/runs?run=hostile", 1280, async (page) => {
    for (const [view, there] of [
      ["curves", ".curve canvas"],
      ["groups", ".group .sample"],
      ["samples", "[data-row='0'] a"],
      ["question&prompt=1", ".sample"],
      ["sample&id=1", ".token-text"],
      ["evaluations", "table.data"],
      ["config", "table.data"],
    ] as const) {
      await page.goto(`${server.url}/runs?run=hostile&view=${view}`);
      await page.locator(there).first().waitFor();
      await page.getByRole("note").waitFor();
      assert.equal(await page.evaluate("window.ran"), undefined, view);
      assert.equal(await page.locator("main script, main svg, main img, main a[href^='javascript']").count(), 0, view);
      const shown = await page.locator("main").innerText();
      assert.ok(!shown.includes("\u001b") && !shown.includes("\u202e"), view);
    }
  });
  rmSync(folder, { recursive: true });
});

test("the whole chain is started by the form, and its stages are told with what they cost", { skip }, async () => {
  await open("/runs", 1280, async (page) => {
    await page.getByRole("button", { name: "Start a run" }).click();
    await page.getByLabel("Recipe").selectOption("r1");
    await page.getByLabel("Name").fill("chain");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByRole("heading", { name: "chain" }).waitFor();
    await page.getByRole("link", { name: "Stages" }).and(page.locator("[aria-current]")).waitFor();
    await page.locator(".stages a").first().waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.locator(".title-row .status.unfinished").waitFor();
    await page.getByText(/So far .* \$/).waitFor();
  });
});

test("a finished chain's stages tell how often each model is right, drawn and greedily", { skip }, async () => {
  const folder = join(runs, "told");
  mkdirSync(folder);
  const share = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 });
  const stages = [
    { name: "base", model: { sampled: share(0.4), greedy: share(0.75) } },
    { name: "r1-zero", uses: ["base"], cost: { seconds: 26, usd: 0.0001 }, model: { sampled: share(0.55) } },
    { name: "cold-start.jsonl", cost: { seconds: 3, usd: 0.00001, tokens: 0 }, model: null },
  ];
  writeFileSync(join(folder, "config.json"), '{"recipe":"r1","preset":"smoke","seed":0}');
  writeFileSync(join(folder, "report.json"), JSON.stringify({ notes: { stages } }));
  await open("/runs?run=told", 390, async (page) => {
    await page.locator(".stages li").nth(2).waitFor();
    const [base, zero, data] = await page.locator(".stages li").allInnerTexts();
    assert.match(base!, /right\s+drawn 40\.0 % 30\.0 % to 50\.0 %\s+greedily 75\.0 % 65\.0 % to 85\.0 %/);
    assert.match(zero!, /right\s+drawn 55\.0 %/);
    assert.doesNotMatch(zero!, /greedily/);
    assert.doesNotMatch(data!, /right|tokens/);
  });
  rmSync(folder, { recursive: true });
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
      await page.setViewportSize({ width: index % 3 === 2 ? 1280 : 390, height: 800 });
      await page.goto(server.url + address);
      await page.locator(there).first().waitFor();
      if (address === "/runs") await page.getByRole("button", { name: "Start a run" }).click();
      assert.deepEqual(await axeFindings(page), [], address);
      const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.ok(Number(wide) <= 0, `${address} is ${wide} pixels too wide`);
    }
  });
});

// The evaluation window as people use it: Chromium, a real server, files as `reckon eval` writes them, the bundled model's own figures.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { noChromium, startChromium } from "../../src/browser/chromium.ts";
import { reckon } from "../../src/cli/test-train.ts";
import { BUNDLED_MODEL } from "../../src/generate/load-model.ts";
import { reportOf, sampleLines } from "../../src/serve/evaluations/test-evaluation.ts";
import { type RunningServer, startServer } from "../../src/serve/server.ts";
import { tinyModelFolder } from "../../src/serve/test-server.ts";
import { sound } from "../test-window.ts";

const skip = noChromium();
const LONG = 120_000;
const place = mkdtempSync(join(tmpdir(), "reckon-evals-window-"));

let server: RunningServer;
let browser: Browser;
let model: Awaited<ReturnType<typeof tinyModelFolder>>;
before(
  async () => {
    if (skip !== false) return;
    model = await tinyModelFolder();
    mkdirSync(join(place, "runs"));
    writeFileSync(
      join(place, "runs", "first.jsonl"),
      sampleLines("first", (i) => i % 2 === 0),
    );
    writeFileSync(
      join(place, "runs", "second.jsonl"),
      sampleLines("second", (i) => i % 4 !== 1),
    );
    const options = { models: [model.folder], runs: join(place, "runs"), drainMs: 1000 };
    server = await startServer({ port: 0, logLevel: "silent", threads: 1, ...options });
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

test("accuracy against cost, the questions with whole responses, two models with what changed sides; axe finds nothing", {
  skip,
}, async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(LONG);
  const wrong: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url)) wrong.push(request.url());
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  const checked = (where: string): Promise<void> => sound(page, where);
  await page.goto(`${server.url}/evals`, { timeout: LONG });
  await page.getByRole("link", { name: "second.jsonl: 75.0 % for 20" }).waitFor();
  assert.equal(await page.locator(".pareto circle.best").count(), 1);
  await checked("the list");

  await page.getByRole("link", { name: "first", exact: true }).click();
  await page.getByText("40 questions", { exact: true }).waitFor();
  await page.getByLabel("Verdict").selectOption("wrong");
  await page.getByLabel("Search").fill("thinking about 7.");
  await page.getByText("1 questions", { exact: true }).waitFor();
  await checked("the questions");
  await page.reload();
  await page.getByRole("link", { name: "What is 7 + 7?" }).click();
  await page.getByText("expected 14, got -1").waitFor();
  await page.locator(".thought", { hasText: "thinking about 7." }).waitFor();
  await page.goBack();
  await page.getByLabel("Compare with").selectOption("second.jsonl");
  await page.getByText("became right", { exact: true }).first().waitFor();
  assert.equal(await page.locator(".flip-list li").count(), 10);
  await checked("the comparison");
  await page.getByRole("link", { name: "What is 3 + 3?" }).click();
  await page.getByRole("region", { name: "second.jsonl" }).getByText("6 is right").waitFor();
  await page.getByRole("region", { name: "first.jsonl" }).getByText("expected 6, got -1").waitFor();
  await checked("one question of two models");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("reports and the bundled model's figures stand beside evaluations, are compared, and say that they have no questions", {
  skip,
}, async () => {
  const runs = join(place, "runs");
  const alone = (name: string): void => {
    const file = join(runs, "reports", name);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), items: null }));
  };
  mkdirSync(join(runs, "reports"));
  await reportOf(join(runs, "second.jsonl"), join(runs, "second.report.html"), true); // stands in its answers' row
  await reportOf(join(runs, "second.jsonl"), join(runs, "reports", "unpriced.html"), false);
  alone("unpriced.json");
  writeFileSync(join(runs, "reports", "cut.report.json"), '{"title": "cut');
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(LONG);
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  await page.goto(`${server.url}/evals?benchmark=sums&by=usd`, { timeout: LONG });
  const unpriced = page.getByRole("row", { name: /reports\/unpriced figures alone/ });
  await unpriced.getByText("not noted").waitFor();
  await page.getByText("nobody noted what an answer cost: reports/unpriced.").waitFor();
  await page.getByText("reports/cut.report.json is not JSON, perhaps cut short").waitFor();
  assert.equal(await page.getByRole("row", { name: /^Compare second/ }).count(), 1);
  await sound(page, "the list with reports");
  await page.getByLabel("Compare first.jsonl").check();
  await page.getByLabel("Compare reports/unpriced.json").check();
  await page.getByRole("button", { name: "Compare the two" }).click();
  await page.getByText("reports/unpriced holds figures and no answers").waitFor();
  await page.getByText("+25.0 (95 %: ").waitFor();
  await sound(page, "a comparison of figures");

  const { final, base } = JSON.parse(readFileSync(join(BUNDLED_MODEL, "evaluation.json"), "utf8"));
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  await page.goto(`${server.url}/evals?benchmark=held-out`, { timeout: LONG });
  await page
    .getByRole("link", { name: new RegExp(`final/sampled: ${percent(final.sampled["pass@1"])} for`) })
    .waitFor();
  await page.getByRole("link", { name: "reckon-nano base, sampled", exact: true }).click();
  await page.getByText("there are no questions to look through here").waitFor();
  const [family, figures] = Object.entries<{ "pass@1": number }>(base.sampled.by_family)[0]!;
  await page.getByRole("row", { name: `${family} ${percent(figures["pass@1"])}` }).waitFor();
  await sound(page, "a published model's figures");
  await page.getByLabel("Compare with").selectOption({ label: "reckon-nano, sampled" });
  await page.getByRole("heading", { name: "reckon-nano base, sampled and reckon-nano, sampled" }).waitFor();
  await page.getByText("Both hold figures and no answers").waitFor();
  await page.getByRole("row", { name: new RegExp(`^${family} ${percent(figures["pass@1"])}`) }).waitFor();
  assert.deepEqual(wrong, []);
  await page.close();
});

/** `reckon eval` on twelve held-out questions, with the bundled model, as a process of its own. */
async function evaluated(file: string, ...more: string[]): Promise<void> {
  const asked = "eval --benchmark held-out --families digit-sums,comparison --limit 6 --wordings 0 --max-tokens 80";
  const end = await reckon([...asked.split(" "), "--threads", "1", "--out", file, "--json", ...more]);
  assert.equal(end.code, 0, end.err);
}

test("what reckon eval wrote with and without thinking is listed, priced, compared and read answer by answer", {
  skip,
}, async () => {
  const [thinking, direct] = ["thinking", "direct"].map((name) => join(place, "runs", "real", `${name}.jsonl`));
  await evaluated(thinking!);
  await evaluated(direct!, "--think-budget", "0");
  const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
  page.setDefaultTimeout(LONG);
  const wrong: string[] = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  await page.goto(`${server.url}/evals?benchmark=held-out`, { timeout: LONG });
  await page.getByRole("link", { name: /^real\/thinking\.jsonl: [\d.]+ % for [\d.]+$/ }).waitFor();
  assert.equal(await page.locator(".pareto a[aria-label^='real/'] circle").count(), 2);
  await page.getByRole("combobox", { name: "Cost" }).selectOption("usd");
  await page.getByRole("link", { name: /^real\/direct\.jsonl: [\d.]+ % for \$0\.0000\d+$/ }).waitFor();
  await page.getByLabel("Compare real/thinking.jsonl").check();
  await page.getByLabel("Compare real/direct.jsonl").check();
  await page.getByRole("button", { name: "Compare the two" }).click();
  const flips = page.locator(".flip-list li");
  await flips.first().waitFor();
  const all = await flips.count();
  assert.ok(all > 0 && all <= 12);
  await page.getByLabel("Show").selectOption("wrong");
  await page.getByText("became wrong", { exact: true }).last().waitFor();
  await flips.first().getByRole("link").click();
  const answers = page.getByRole("region", { name: "real/thinking.jsonl" });
  await answers.getByText(/\d+ tokens, \d+ of them thinking/).waitFor();
  assert.match(await answers.locator(".thought").innerText(), /\d/);
  await page
    .getByRole("region", { name: "real/direct.jsonl" })
    .getByText(/\d+ tokens, 0 of them thinking/)
    .waitFor();
  assert.deepEqual(wrong, []);
  await page.close();
});

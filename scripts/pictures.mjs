// Makes the pictures of the chat and of the evaluation window in docs/pictures: a real server, the bundled model and its evaluations,
// Debian's Chromium; at the widths of a phone and a laptop, in light and dark. `node scripts/pictures.mjs [chat] [evals]` (Node 24, after
// set-up; both where none is named).
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChromium } from "../src/browser/chromium.ts";
import { startServer } from "../src/serve/server.ts";
import { root } from "./node.mjs";

const wanted = process.argv.length > 2 ? process.argv.slice(2) : ["chat", "evals"];
const folder = join(root, "docs", "pictures");
mkdirSync(folder, { recursive: true });
const runs = mkdtempSync(join(tmpdir(), "reckon-pictures-"));
if (wanted.includes("evals")) evaluate();
const server = await startServer({ port: 0, logLevel: "silent", threads: 1, runs });
const browser = await startChromium();
for (const width of [390, 1280]) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await browser.newPage({ viewport: { width, height: 760 }, colorScheme });
    /** @param {string} name */
    const shoot = (name) => page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
    if (wanted.includes("chat")) await chat(page, shoot, width);
    if (wanted.includes("evals")) await evals(page, shoot);
    await page.close();
  }
}
await browser.close();
await server.stop();
rmSync(runs, { recursive: true });

/**
 * @typedef {import("playwright-core").Page} Page
 * @typedef {(name: string) => Promise<unknown>} Shoot
 */

/** @param {Page} page @param {Shoot} shoot @param {number} width */
async function chat(page, shoot, width) {
  /** @param {string} text */
  const ask = async (text) => {
    await page.getByRole("textbox", { name: "Question" }).fill(text);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Regenerate" }).last().waitFor();
  };
  await page.goto(server.url);
  // Drawn with this seed, the answer is checked while thinking.
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("Seed").fill("3");
  await page.getByRole("button", { name: "Close" }).click();
  await ask("What is 37 * 48?");
  await page
    .getByRole("button", { name: /Thought for/ })
    .last()
    .click();
  await page.getByRole("button", { name: "Tokens", exact: true }).last().click();
  await page.locator(".tokens").scrollIntoViewIfNeeded();
  await shoot("chat");

  await page
    .getByRole("button", { name: "New chat", exact: true })
    .or(page.getByRole("button", { name: "History" }))
    .first()
    .click();
  if (width < 700) await page.getByRole("button", { name: "New chat", exact: true }).click();
  await page.getByLabel("Answers", { exact: true }).selectOption("vote 5");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("Temperature").fill("1.4");
  await page.getByLabel("Seed").fill("4");
  await page.getByRole("button", { name: "Close" }).click();
  await ask("What is 46 * 73?");
  await page.locator(".tally li").first().waitFor();
  await page.mouse.move(0, 0);
  await shoot("vote");
}

/** @param {Page} page @param {Shoot} shoot */
async function evals(page, shoot) {
  await page.goto(`${server.url}/evals`);
  await page.locator(".pareto circle").first().waitFor();
  await shoot("evals");
  await page.goto(`${server.url}/evals?eval=thinking.jsonl&verdict=wrong`);
  await page.locator("[data-row='0'] a").waitFor();
  await shoot("evals-questions");
  await page.locator("[data-row='0'] a").click();
  await page.locator(".sample").waitFor();
  await shoot("evals-question");
  await page.goto(`${server.url}/evals?eval=direct.jsonl&second=thinking.jsonl`);
  await page.locator(".flip-list li").first().waitFor();
  await shoot("evals-comparison");
}

/** The bundled model on the held-out questions: thinking, with two budgets, and not thinking. */
function evaluate() {
  for (const [name, ...more] of [
    ["thinking"],
    ["40-tokens", "--think-budget", "40"],
    ["20-tokens", "--think-budget", "20"],
    ["direct", "--think-budget", "0"],
  ]) {
    const command = "eval --benchmark held-out --limit 25 --wordings 0 --json --threads 1 --out".split(" ");
    const end = spawnSync(
      process.execPath,
      [join(root, "bin", "reckon.mjs"), ...command, join(runs, `${name}.jsonl`), ...more],
      { encoding: "utf8" },
    );
    if (end.status !== 0) throw new Error(end.stderr);
  }
}

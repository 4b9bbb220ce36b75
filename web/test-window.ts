/** For tests: one server with the bundled model and one Chromium a file, and pages whose every request and error is noted. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { noChromium, startChromium } from "../src/browser/chromium.ts";
import { type RunningServer, startServer } from "../src/serve/server.ts";

export const skip = noChromium();

/** A loaded machine may take long for anything; nothing here waits longer than it must. */
export const LONG = 120_000;

let browser: Browser;
export let server: RunningServer;

/** Called once at the head of a test file. */
export function startWindow(): void {
  before(
    async () => {
      if (skip === false) server = await startServer({ port: 0, logLevel: "silent", threads: 1, drainMs: 1000 });
    },
    { timeout: LONG },
  );
  startBrowser();
  after(() => server?.stop());
}

/** The same for a file whose pages are of servers of its own. */
export function startBrowser(): void {
  before(
    async () => {
      if (skip === false) browser = await startChromium();
    },
    { timeout: LONG },
  );
  after(() => browser?.close());
}

/** A page of its own; `init` is run in it before its scripts. */
export async function open(
  use: (page: Page, asked: string[]) => Promise<void>,
  init?: string,
  address: string = server.url,
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  page.setDefaultTimeout(LONG);
  const [asked, errors]: [string[], string[]] = [[], []];
  page.on("request", (request) => asked.push(request.url()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.addInitScript(greedy);
  if (init !== undefined) await page.addInitScript(init);
  await page.goto(address, { timeout: LONG });
  try {
    await use(page, asked);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}

/** The model's likeliest answer, which it thinks about: drawn, it may now and then begin with the end of its thinking. */
const greedy = `try {
  localStorage.getItem("reckon.settings") ?? localStorage.setItem("reckon.settings", '{"temperature":"0"}');
} catch {}`;

export const ask = async (page: Page, text: string): Promise<void> => {
  await page.getByRole("textbox", { name: "Question" }).fill(text);
  await page.keyboard.press("Enter");
};

export const finished = (page: Page) => page.getByRole("button", { name: "Regenerate" }).last().waitFor();

/** What axe finds on the page as it stands, in light and in dark. */
export async function axeFindings(page: Page): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const found: string[] = [];
  for (const theme of ["light", "dark"]) {
    await page.evaluate(`document.documentElement.dataset.theme = ${JSON.stringify(theme)}`);
    found.push(...((await page.evaluate(`(${axeRun})(${JSON.stringify(source)})`)) as string[]));
  }
  return found;
}

/** Nothing for axe to find and nothing wider than the window, on a phone and a laptop, light and dark. */
export async function sound(page: Page, where: string): Promise<void> {
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    assert.deepEqual(await axeFindings(page), [], `${where}, ${width} pixels wide`);
    const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    assert.ok(Number(wide) <= 0, `${where} is ${wide} pixels too wide`);
  }
}

/** Run in the page, as text: its policy lets no script be added, so axe is evaluated by the debugger. */
const axeRun = `async (source) => {
  if (!window.axe) (0, eval)(source);
  const { violations } = await axe.run(document);
  return violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 200)).join(" | "));
}`;

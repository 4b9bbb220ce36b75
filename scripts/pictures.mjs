// Makes the pictures of the web app in docs/pictures: a real server, the bundled model, Debian's Chromium; at the widths of a phone
// and a laptop, in light and dark. `node scripts/pictures.mjs` (Node 24, after set-up).
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startChromium } from "../src/browser/chromium.ts";
import { startServer } from "../src/serve/server.ts";
import { root } from "./node.mjs";

const folder = join(root, "docs", "pictures");
mkdirSync(folder, { recursive: true });
const server = await startServer({ port: 0, logLevel: "silent", threads: 1 });
const browser = await startChromium();
for (const [width, height] of [
  [390, 760],
  [1280, 760],
]) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    /** @param {string} name */
    const shoot = (name) => page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
    /** @param {string} text */
    const ask = async (text) => {
      await page.getByRole("textbox", { name: "Question" }).fill(text);
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Regenerate" }).last().waitFor();
    };
    await page.goto(server.url);
    await ask("What is 37 * 48?");
    await ask("Solve 7x + 12 = 75 for x.");
    await page
      .getByRole("button", { name: /Thought for/ })
      .last()
      .click();
    await page.getByRole("button", { name: "Tokens", exact: true }).last().click();
    await page.locator(".tokens").scrollIntoViewIfNeeded();
    await shoot("chat");

    await page
      .getByRole("button", { name: "New chat" })
      .or(page.getByRole("button", { name: "History" }))
      .first()
      .click();
    if (width < 700) await page.getByRole("button", { name: "New chat" }).click();
    await page.getByLabel("Answers", { exact: true }).selectOption("vote 5");
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("Temperature").fill("1.4");
    await page.getByLabel("Seed").fill("4");
    await page.getByRole("button", { name: "Close" }).click();
    await ask("What is 46 * 73?");
    await page.locator(".tally li").first().waitFor();
    await page.mouse.move(0, 0);
    await shoot("vote");
    await page.close();
  }
}
await browser.close();
await server.stop();

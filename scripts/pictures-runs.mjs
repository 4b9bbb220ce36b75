// Makes the pictures of the training window in docs/pictures: `node scripts/pictures-runs.mjs [RUNS]` (Node 24, after
// set-up). RUNS (default: runs) is a folder with a run named quick, as `npx reckon train r1-zero --preset quick --out runs/quick` makes.
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { startChromium } from "../src/browser/chromium.ts";
import { startServer } from "../src/serve/server.ts";
import { root } from "./node.mjs";

const runs = resolve(process.argv[2] ?? "runs");
if (!existsSync(join(runs, "quick", "config.json"))) {
  process.stderr.write(
    `there is no run quick in ${runs}; make it with npx reckon train r1-zero --preset quick --out ${runs}/quick\n`,
  );
  process.exit(1);
}
const folder = join(root, "docs", "pictures");
mkdirSync(folder, { recursive: true });
const server = await startServer({ port: 0, logLevel: "silent", threads: 1, runs });
const browser = await startChromium();

/** @type {[name: string, address: string, there: string, width: number, scheme: "light" | "dark"][]} */
const pictures = [
  ["runs-curves", "/runs?run=quick", ".curve canvas", 1280, "light"],
  ["runs-groups", "/runs?run=quick&view=groups", ".sample", 1280, "dark"],
  ["runs-samples", "/runs?run=quick&view=samples&sort=reward", "[data-row='3'] a", 1280, "light"],
  ["runs-tokens", "/runs?run=quick&view=sample&id=700", ".token-text", 390, "dark"],
];
for (const [name, address, there, width, colorScheme] of pictures) {
  const page = await browser.newPage({ viewport: { width, height: 760 }, colorScheme });
  await page.goto(server.url + address);
  await page.locator(there).first().waitFor();
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.close();
}
await browser.close();
await server.stop();

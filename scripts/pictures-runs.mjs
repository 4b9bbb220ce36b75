// Makes the pictures of the training window in docs/pictures: `node scripts/pictures-runs.mjs [RUNS]` (Node 24, after set-up), at 390
// and 1280 pixels in light and dark. RUNS (default: runs) is a folder with two runs of one preset and a chain, as MAKE has them; all three
// take some ten minutes on two cores.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startChromium } from "../src/browser/chromium.ts";
import { startServer } from "../src/serve/server.ts";
import { root } from "./node.mjs";

const runs = resolve(process.argv[2] ?? "runs");
const MAKE = {
  quick: "r1-zero --preset quick",
  "quick-seed-1": "r1-zero --preset quick --seed 1",
  chain: "r1 --preset smoke",
};
for (const [name, recipe] of Object.entries(MAKE)) {
  if (existsSync(join(runs, name, "config.json"))) continue;
  process.stderr.write(
    `there is no run ${name} in ${runs}; make it with npx reckon train ${recipe} --out ${runs}/${name}\n`,
  );
  process.exit(1);
}
const folder = join(root, "docs", "pictures");
mkdirSync(folder, { recursive: true });
const cache = mkdtempSync(join(tmpdir(), "reckon-pictures-"));
const server = await startServer({ port: 0, logLevel: "silent", threads: 1, runs, cache });
const browser = await startChromium();

const run = "/runs?run=quick";
/** @type {[name: string, address: string, there: string][]} */
const pictures = [
  ["runs-curves", `${run}&with=quick-seed-1`, ".curve canvas"],
  ["runs-groups", `${run}&view=groups`, ".group .sample"],
  ["runs-samples", `${run}&view=samples&sort=reward`, "[data-row='3'] a"],
  ["runs-tokens", `${run}&view=sample&id=900`, ".token-text"],
  ["runs-stages", "/runs?run=chain", ".stages"],
];
for (const [name, address, there] of pictures)
  for (const width of [390, 1280])
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      const page = await browser.newPage({ viewport: { width, height: 760 }, colorScheme });
      await page.goto(server.url + address);
      await page.locator(there).first().waitFor();
      await page.evaluate("document.fonts.ready");
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) });
      await page.close();
    }
await browser.close();
await server.stop();
rmSync(cache, { recursive: true });

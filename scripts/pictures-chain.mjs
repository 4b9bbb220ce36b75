// Makes the pictures of a chain's report in docs/pictures: `node scripts/pictures-chain.mjs RUN` (Node 24, after set-up). RUN is the folder
// of a finished chain, as `npx reckon train r1 --preset speedrun --out runs/chain` makes: chain.png is the picture of its stages, and
// chain-r1-zero.png the curves of R1-Zero.
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { startChromium } from "../src/browser/chromium.ts";
import { root } from "./node.mjs";

const report = resolve(process.argv[2] ?? "", "report.html");
if (process.argv[2] === undefined || !existsSync(report)) {
  process.stderr.write(
    `there is no ${report}; name a finished chain, as npx reckon train r1 --preset speedrun --out runs/chain makes\n`,
  );
  process.exit(1);
}
const folder = join(root, "docs", "pictures");
mkdirSync(folder, { recursive: true });
const browser = await startChromium();
const page = await browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme: "light" });
await page.goto(pathToFileURL(report).href);
await page.getByRole("region", { name: "The chain" }).screenshot({ path: join(folder, "chain.png") });
await page.locator("h3:text-is('r1-zero') + .curves").screenshot({ path: join(folder, "chain-r1-zero.png") });
await browser.close();

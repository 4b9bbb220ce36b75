// The chain's report in a real browser: hostile answers stay text, nothing is fetched, it fits a phone, and axe finds nothing.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { noChromium, startChromium } from "../../browser/chromium.ts";
import type { RunReport } from "../../train/report.ts";
import type { RunConfig } from "../../train/run.ts";
import { CHAIN } from "./chain.ts";
import type { Answer, Measured } from "./measure.ts";
import { chainPage } from "./report-page.ts";
import { makesModel } from "./stage-kit.ts";
import type { StageSummary } from "./summary.ts";

const HOSTILE = `</p></pre></style><script>window.harmed = 1</script><img src="https://example.invalid/x.png" onerror="window.harmed = 1"> wait, ${"long".repeat(80)}</think>"'&5`;

const estimate = { value: 0.5, low: 0.4, high: 0.6 };
const answer: Answer = {
  ...{ task: "<i>sums</i>", prompt: HOSTILE, gold: "<b>", response: HOSTILE, right: false, reason: HOSTILE },
};
const summary = CHAIN.map((stage): StageSummary => {
  const { name, about, uses, comparison = false } = stage;
  const cost = { seconds: 1, core_hours: 0.1, tokens: 1000, flops: 1e9, usd: 0.004 };
  const common = { name, about, uses, comparison, cost };
  if (!makesModel(stage)) return { ...common, model: null, examples: 7 };
  const rl = /rl|zero|reward|scenarios/.test(name);
  const metrics = [1, 2, 3].map((step) => ({
    ...(rl
      ? { reward: step / 3, entropy: 1 / step, kl: 0.01 * step, "completions/reflecting": 0.1 }
      : { loss: 1 / step }),
    step,
  }));
  const evaluations = (rl ? [0, 3] : [3]).flatMap((step) =>
    [0, 1].map((temperature) => ({ step, temperature, accuracy: 0.3 + step / 10 })),
  );
  const model = {
    ...{ recipe: rl ? "r1-zero" : "sft", parameters: 1e5, steps: 3, greedy: estimate, sampled: estimate },
    ...{ by_family: { sums: { greedy: estimate, sampled: estimate } }, thinking: 9, language: 1, reflecting: estimate },
    ...{ preference: 1, harmless: estimate, first_reflection: rl ? 1 : null, metrics, evaluations },
    warnings: [{ step: 3, message: `the reward is gamed by ${HOSTILE}` }],
    heard: rl ? { step: 1, prompt: HOSTILE, response: HOSTILE, reason: HOSTILE } : null,
  };
  return { ...common, model, examples: null };
});
const measured = new Map(
  CHAIN.filter(makesModel).map(({ name }) => [name, { answers: [answer], failures: [answer] } as unknown as Measured]),
);
const table = { title: HOSTILE, note: HOSTILE, head: ["stage", HOSTILE], rows: [["base", HOSTILE]] };
const page = chainPage(
  { preset: "smoke", seed: 1, tokens: 5, versions: { machine: HOSTILE } } as unknown as RunReport,
  { options: { hostile: HOSTILE } } as unknown as RunConfig,
  summary,
  measured,
  [table],
);

test("the page holds every stage, a curve of each measure, and hostile text as text", () => {
  for (const { name } of CHAIN) assert.ok(page.includes(`>${name}<`), name);
  for (const title of ["reward", "KL to the reference", "entropy, nats", "held-out accuracy, greedy", "loss"])
    assert.ok(page.includes(`>${title}</text>`), title);
  assert.doesNotMatch(page, /<script|<img|<i>|NaN|undefined/);
});

test("a browser runs nothing of it, fetches nothing for it, scrolls no phone sideways, and axe finds nothing", {
  skip: noChromium(),
}, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "reckon-report-"));
  const browser = await startChromium();
  try {
    const file = path.join(folder, "report.html");
    writeFileSync(file, page);
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    for (const colorScheme of ["light", "dark"] as const) {
      const tab = await browser.newPage({ viewport: { width: 390, height: 844 }, colorScheme });
      const [asked, errors]: [string[], string[]] = [[], []];
      tab.on("request", (request) => asked.push(request.url()));
      tab.on("pageerror", (error) => errors.push(String(error)));
      await tab.goto(pathToFileURL(file).href);
      assert.deepEqual(asked, [pathToFileURL(file).href]);
      assert.deepEqual(errors, []);
      assert.equal(await tab.evaluate("window.harmed"), undefined);
      assert.equal(await tab.evaluate("document.documentElement.scrollWidth"), 390);
      assert.ok(await tab.getByRole("img", { name: "The stages of the chain and what each uses" }).isVisible());
      await tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
      await tab.evaluate(axe);
      const found = await tab.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
      );
      assert.deepEqual(found, [], colorScheme);
      await tab.close();
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { noChromium, startChromium } from "../../browser/chromium.ts";
import { evaluationCost } from "../../evaluate/cost/cost.ts";
import type { ItemResult } from "../../evaluate/item.ts";
import { writeReport } from "../../evaluate/report/report.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-report-page-"));
after(() => fs.rmSync(place, { recursive: true }));

const HOSTILE = `<img src=x onerror="document.title='owned'"></pre><script>document.title='owned'</script>`;

const results: readonly ItemResult[] = ["easy", "hard"].map((level) => {
  const right = level === "easy";
  return {
    item: {
      id: level,
      group: "g",
      variant: null,
      question: level,
      prompt: `ask ${level}`,
      gold: "7",
      labels: { level },
    },
    responses: [
      {
        ...{ accuracy: right ? 1 : 0, format: 1, reason: right ? "7 is 7" : "expected 7, got 8" },
        ...{ text: `<think>7 or 8? ${HOSTILE}</think>So 8 no, \\boxed{${right ? 7 : 8}}`, answer: right ? "7" : "8" },
        ...{ finish: "stop", tokens: 9, thinking: 4, promptTokens: 3, cachedTokens: 0 },
      },
    ],
  };
});

test("a report opens as a file: answers can be filtered, the extraction is marked, the reason is told, and nothing a model wrote runs", {
  skip: noChromium(),
}, async () => {
  const cost = evaluationCost({
    results,
    seconds: 1,
    core_seconds: 2,
    joules: null,
    rate: { kind: "core-hour", usd: 1 },
  });
  const [html] = writeReport(path.join(place, "r.html"), {
    ...{ title: "tiny on sums", results, samples: 1, cost, summary: {}, row: { benchmark: "sums" } },
    ...{ settings: { model: "tiny" }, remarks: [] },
  });
  const browser = await startChromium();
  try {
    const page = await browser.newPage();
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(html!).href);
    await page.getByText("2 of 2 questions").waitFor();
    await page.getByLabel("answers").selectOption("wrong");
    await page.getByText("1 of 2 questions").waitFor();
    await page.locator("#items summary").click();
    await page.getByText("expected 7, got 8").waitFor();
    assert.equal(await page.locator("#items mark").textContent(), "8");
    assert.match((await page.locator("#items pre").last().textContent())!, /^<think>7 or 8\? <img[\s\S]*\\boxed\{8\}$/);
    await page.getByLabel("level").selectOption("easy");
    await page.getByText("0 of 2 questions").waitFor();
    await page.getByLabel("answers").selectOption("all");
    await page.getByLabel("containing").fill("ask EASY");
    await page.getByText("1 of 2 questions").waitFor();
    assert.equal(await page.title(), "tiny on sums");
    assert.deepEqual(requests.length, 1, requests.join());
  } finally {
    await browser.close();
  }
});

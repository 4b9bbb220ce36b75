// What is set reaches the server exactly and stays; what an answer took is told truly: Chromium, a real server, the bundled model.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { answerWith, STEPPED, tell } from "../test-answers.ts";
import { ask, axeFindings, open, skip, startWindow } from "../test-window.ts";

startWindow();

/** Asks, and gives the request's body; the answer is awaited. */
async function sent(page: Page, question: string): Promise<Record<string, unknown>> {
  const request = page.waitForRequest("**/v1/chat/completions");
  await ask(page, question);
  const body = (await request).postDataJSON();
  await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
  return body;
}

const settings = (page: Page) => page.getByRole("button", { name: "Settings", exact: true }).click();

test("the sampler's settings, budgets and the system prompt are sent as they stand there, and stay over a reload", {
  skip,
}, async () => {
  const fields = {
    Temperature: ["0.75", "temperature", 0.75],
    "Top p": ["0.9", "top_p", 0.9],
    "Top k": ["17", "top_k", 17],
    "Min p": ["0.05", "min_p", 0.05],
    Seed: ["123456789", "seed", 123456789],
    "Most tokens": ["90", "max_tokens", 90],
    "Thinking budget": ["30", "thinking_budget_tokens", 30],
  } as const;
  const wanted = Object.fromEntries(Object.values(fields).map(([, field, value]) => [field, value]));
  const of = (body: Record<string, unknown>) =>
    Object.fromEntries(Object.keys(wanted).map((name) => [name, body[name]]));
  await open(async (page) => {
    await settings(page);
    for (const [label, [text]] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
    await page.getByLabel("System prompt").fill("Answer in one word.");
    await settings(page);
    const first = await sent(page, "What is 6 + 7?");
    assert.deepEqual(of(first), wanted);
    assert.deepEqual((first.messages as object[])[0], { role: "system", content: "Answer in one word." });
    const told = (await page.locator(".counts").innerText()).match(/thinking (\d+)/);
    assert.ok(Number(told?.[1]) <= 30 + 2, String(told));
    const said = await page.locator(".answer .markdown").innerText();

    await page.reload();
    const again = await sent(page, "What is 6 + 7?");
    assert.deepEqual(again, first);
    assert.equal(await page.locator(".answer .markdown").innerText(), said, "the same seed, the same answer");

    await settings(page);
    for (const label of Object.keys(fields)) await page.getByLabel(label, { exact: true }).fill("");
    await page.getByLabel("System prompt").fill("");
    await page.getByLabel("Keep each token's probability").uncheck();
    await page.keyboard.press("Control+Shift+O");
    const bare = await sent(page, "What is 6 + 7?");
    assert.deepEqual(of(bare), Object.fromEntries(Object.keys(wanted).map((name) => [name, undefined])));
    assert.deepEqual(bare.messages, [{ role: "user", content: "What is 6 + 7?" }]);
    assert.equal(bare.logprobs, undefined);
  });
});

test("a value the server cannot take is told in its words", { skip }, async () => {
  await open(async (page) => {
    await settings(page);
    await page.getByLabel("Top p").fill("7");
    await sent(page, "What is 6 + 7?");
    assert.match(await page.locator(".answer .failure").innerText(), /top_p/);
  });
});

test("each effort and each model is asked for; both stay; a model no longer served is called that", {
  skip,
}, async () => {
  await open(async (page) => {
    await answerWith(page, { content: "13" });
    for (const effort of ["none", "low", "medium", "high", "max"]) {
      await page.getByLabel("Effort").selectOption(effort);
      assert.equal((await sent(page, "6 + 7?")).reasoning_effort, effort);
    }
    await page.getByLabel("Effort").selectOption("none");
    await settings(page);
    await page.getByLabel("Thinking budget").fill("30");
    assert.equal((await sent(page, "6 + 7?")).thinking_budget_tokens, undefined, "no thinking needs no budget");
    await page.getByLabel("Model", { exact: true }).selectOption("deepseek-reasoner");
    assert.equal((await sent(page, "6 + 7?")).model, "deepseek-reasoner");
    assert.equal(await page.locator(".answer").last().getAttribute("aria-label"), "deepseek-reasoner");
    await page.reload();
    assert.equal(await page.getByLabel("Effort").inputValue(), "none");
    await page.getByRole("option", { name: "deepseek-reasoner" }).first().waitFor({ state: "attached" });
    assert.equal(await page.getByLabel("Model", { exact: true }).inputValue(), "deepseek-reasoner");
    await page.evaluate(`localStorage.setItem("reckon.settings", '{"model":"gone"}')`);
    await page.reload();
    await page.getByRole("option", { name: "gone (not served)" }).waitFor({ state: "attached" });
    assert.equal(await page.getByLabel("Model", { exact: true }).inputValue(), "gone");
  });
});

test("the colours are the system's, or those chosen, and stay over a reload", { skip }, async () => {
  const [light, dark] = ["rgb(251, 250, 247)", "rgb(23, 22, 20)"];
  await open(async (page) => {
    const paper = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const shown = async (): Promise<unknown[]> => {
      const seen: unknown[] = [];
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        seen.push(await paper());
      }
      return seen;
    };
    assert.deepEqual(await shown(), [light, dark]);
    for (const [theme, wanted] of [
      ["light", [light, light]],
      ["dark", [dark, dark]],
      ["system", [light, dark]],
    ] as const) {
      await settings(page);
      await page.getByLabel("Theme").selectOption(theme);
      assert.deepEqual(await shown(), wanted);
      await page.reload();
      assert.deepEqual(await shown(), wanted, `${theme}, after a reload`);
    }
  });
});

test("the gauge holds what the server counted, and warns near the end", { skip }, async () => {
  const usage = (prompt: number, thought: number, said: number) => ({
    prompt_tokens: prompt,
    completion_tokens: thought + said,
    completion_tokens_details: { reasoning_tokens: thought },
  });
  await open(async (page) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    const gauge = page.locator(".gauge");
    let last = {} as { usage: { prompt_tokens: number; completion_tokens: number } };
    await page.route("**/v1/chat/completions", async (route) => {
      const response = await route.fetch();
      const body = await response.text();
      const lines = body.split("\n").filter((line) => line.includes('"usage":{'));
      last = JSON.parse(lines.at(-1)!.slice(6));
      await route.fulfill({ response, body });
    });
    const room = (await (await page.request.get(new URL("/v1/models", page.url()).href)).json()).data[0].context_length;
    for (const question of ["What is 2 + 3?", "What is 3 + 4?"]) {
      await sent(page, question);
      await page
        .locator(".counts")
        .last()
        .getByText(/prompt \d+/)
        .waitFor();
      const { prompt_tokens: read, completion_tokens: written } = last.usage;
      await gauge.locator("meter").waitFor();
      assert.equal(await gauge.getAttribute("title"), `${read + written} of ${room ?? 512} tokens of context`);
      assert.match(
        await page.locator(".counts").last().innerText(),
        new RegExp(`prompt ${read} · thinking \\d+ · answer`),
      );
    }
  });
  await open(async (page) => {
    await page.route("**/v1/models", (route) =>
      route.fulfill({ json: { data: [{ id: "small", context_length: 1000, threads: 2, usd_per_core_hour: 0.05 }] } }),
    );
    await page.reload();
    const gauge = page.locator(".gauge");
    for (const [counted, used, words] of [
      [usage(100, 400, 20), 520, ""],
      [usage(500, 300, 50), 850, "The context is nearly full"],
      [usage(900, 90, 10), 1000, "The context is full: begin a new chat"],
    ] as const) {
      await page.unroute("**/v1/chat/completions");
      await answerWith(page, { thinking: "hm", content: "13", usage: counted });
      await sent(page, "6 + 7?");
      await page.locator(`.gauge[title="${used} of 1000 tokens of context"]`).waitFor();
      assert.equal((await gauge.locator("[role=status]").allInnerTexts()).join(), words);
      assert.equal(await gauge.locator("meter").getAttribute("value"), String(used));
    }
    assert.deepEqual(await axeFindings(page), []);
    // What is cut off by the reader is counted by the page.
    await page.keyboard.press("Control+Shift+O");
    assert.equal(await gauge.getAttribute("title"), null);
  });
});

test("while an answer is written the gauge goes on from what was counted before", { skip }, async () => {
  await open(async (page) => {
    await page.route("**/v1/models", (route) =>
      route.fulfill({ json: { data: [{ id: "small", context_length: 1000 }] } }),
    );
    await page.reload();
    await ask(page, "6 + 7?");
    await page.locator(".thinking.live").waitFor();
    await tell(page, "thinking", "a");
    await tell(page, "thinking", "b");
    await page.locator('.gauge[title="about 2 of 1000 tokens of context"]').waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Stopped.").waitFor();
    await page.locator('.gauge[title="about 2 of 1000 tokens of context"]').waitFor();
  }, STEPPED);
});

test("tokens a second, seconds and the cost of thinking and of the answer add up", { skip }, async () => {
  await open(async (page) => {
    await settings(page);
    await page.getByLabel("Core-hour, $").fill("3.6");
    await page.keyboard.press("Control+Shift+Comma");
    await sent(page, "What is 27 + 15 - 8?");
    const counts = page.locator(".counts");
    const [, thinking, answer, rate, seconds, thought, said] =
      /thinking (\d+) · answer (\d+) tokens · ([\d.]+) tokens\/s · ([\d.]+) s · thinking \$([\d.]+) \+ answer \$([\d.]+)/
        .exec(await counts.innerText())!
        .map(Number);
    const title = (await counts.locator("span[title]").getAttribute("title")) ?? "";
    // One thread of the server's at 3.60 $ an hour is 0.001 $ a second.
    const took = Number(/^([\d.]+) s of this machine at \$3\.60 an hour/.exec(title)?.[1]);
    assert.ok(Math.abs(took - seconds) <= 0.06, `${took} and ${seconds} s`);
    assert.ok(Math.abs(rate * took - (thinking + answer)) <= 0.05 * took + 0.006 * rate, `${rate} tokens/s`);
    assert.ok(Math.abs(thought + said - took * 0.001) < 0.12 * took * 0.001, `$${thought} + $${said}`);
    assert.ok(Math.abs(thought / said - thinking / answer) < 0.12 * (thinking / answer));
    await page.keyboard.press("Control+Shift+O");
    await answerWith(page, {
      ...{ thinking: "hm", content: "13" },
      usage: {
        prompt_tokens: 5,
        completion_tokens: 9,
        completion_tokens_details: { reasoning_tokens: 7 },
        cost: { prompt: 0.01, thinking: 0.07, answer: 0.02 },
      },
    });
    await sent(page, "6 + 7?");
    await counts.getByText("prompt $0.010 + thinking $0.070 + answer $0.020").waitFor();
    assert.match(await counts.innerText(), /prompt 5 · thinking 7 · answer 2 tokens/);
  });
});

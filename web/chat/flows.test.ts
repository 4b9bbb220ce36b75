// Answers side by side, other ways from a token, memory, and streams that are lost and found: Chromium, a real server, the bundled model.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Page, Route } from "playwright-core";
import { ask, axeFindings, finished, open, skip, startWindow } from "../test-window.ts";

startWindow();

const choose = (page: Page, way: string) => page.getByLabel("Answers", { exact: true }).selectOption(way);

test("three answers stand side by side, counted by what they say; any of them can be gone on from", {
  skip,
}, async () => {
  await open(async (page) => {
    await choose(page, "vote 3");
    await ask(page, "What is 27 + 15 - 8?");
    await page.locator(".tally li").first().waitFor();
    assert.equal(await page.locator(".column").count(), 3);
    const votes = await page.locator(".tally li .figure").allInnerTexts();
    assert.equal(
      votes.reduce((sum, text) => sum + Number.parseInt(text, 10), 0),
      3,
    );
    await page.getByRole("button", { name: "Go on from here" }).last().click();
    await page.locator(".column").last().getByRole("button", { name: "Goes on from here" }).waitFor();
    assert.deepEqual(await axeFindings(page), []);
  });
});

test("thinking beside none, and two models side by side", { skip }, async () => {
  await open(async (page) => {
    await choose(page, "thinking");
    await ask(page, "What is 2 + 3?");
    await finished(page);
    assert.deepEqual(await page.locator(".column h2").allInnerTexts(), ["Thinking", "No thinking"]);
    assert.equal(await page.locator(".column .thinking").count(), 1);
    await choose(page, "models");
    await page.getByLabel("Second model").selectOption("deepseek-chat");
    await ask(page, "What is 3 + 4?");
    await page.locator(".beside").nth(1).getByRole("button", { name: "Regenerate" }).waitFor();
    assert.deepEqual(await page.locator(".beside").nth(1).locator("h2").allInnerTexts(), [
      "reckon-nano",
      "deepseek-chat",
    ]);
  });
});

/** The bundled model's tokens, and what a larger model says between them. */
const turning = ["12", "+", "30", "=", "41", "\n", "Wait", ",", " let", " me", " check", ":", " 42"];

test("tokens: a map, moments of turning back, entropy, and another way from any of them", { skip }, async () => {
  await open(async (page) => {
    await page.route("**/v1/chat/completions", (route) => {
      const token = (text: string) => ({
        token: text,
        logprob: -0.5,
        top_logprobs: [
          { token: text, logprob: -0.5 },
          { token: "7", logprob: -1 },
        ],
      });
      const thinking = { content: [], reasoning_content: turning.map(token) };
      const chunk = (delta: object, logprobs: object | null, finish_reason: string | null = null) =>
        `data: ${JSON.stringify({ choices: [{ index: 0, delta, logprobs, finish_reason }], usage: null })}\n\n`;
      const thought = chunk({ reasoning_content: turning.join("") }, thinking);
      const said = chunk({ content: "42" }, { content: [token("42")] });
      const body = `${thought}${said}${chunk({}, null, "stop")}data: [DONE]\n\n`;
      return route.fulfill({ status: 200, contentType: "text/event-stream", body });
    });
    await ask(page, "What is 12 + 30?");
    await finished(page);
    await page.unroute("**/v1/chat/completions");
    await page.getByRole("button", { name: "Tokens", exact: true }).click();
    await page.locator(".moment", { hasText: "wait check" }).waitFor();
    assert.equal(await page.locator(".moment").count(), 1);
    await page.getByLabel("entropy").check();
    await page.getByText(/entropy at least 0\.\d\d nats/).waitFor();
    await page.getByLabel("Place in the trace").fill("4");
    await page.locator(".alternatives", { hasText: "41" }).waitFor();
    assert.deepEqual(await axeFindings(page), []);

    const request = page.waitForRequest("**/v1/chat/completions");
    await page.getByRole("button", { name: "Go on with this" }).click();
    const { messages } = (await request).postDataJSON();
    assert.deepEqual(messages.at(-1), {
      role: "assistant",
      content: "",
      reasoning_content: "12+30=7",
      prefix: true,
    });
    await page.getByText('from token 5: "7" in place of "41"').waitFor();
    await finished(page);
    await page.getByText("2/2").waitFor();
    await page.getByRole("button", { name: /Thought for/ }).click();
    assert.match((await page.locator(".trace").textContent()) ?? "", /^12\+30=7/);
  });
});

test("what is remembered is told in the system prompt, changed, switched off and forgotten", { skip }, async () => {
  await open(async (page) => {
    const systemOf = async (question: string): Promise<string | null> => {
      const request = page.waitForRequest("**/v1/chat/completions");
      await ask(page, question);
      const { messages } = (await request).postDataJSON();
      await page.getByRole("button", { name: "Stop" }).waitFor({ state: "detached" });
      return messages[0].role === "system" ? messages[0].content : null;
    };
    await page.getByRole("button", { name: "Memory" }).click();
    await page.getByLabel("Something to remember").fill("I like short answers");
    await page.getByRole("button", { name: "Remember" }).click();
    await page.getByLabel("Fact", { exact: true }).fill("I like long answers");
    assert.equal(await systemOf("What is 1 + 2?"), "Known of the user:\n- I like long answers");
    assert.deepEqual(await axeFindings(page), []);
    await page.reload();
    await page.getByRole("button", { name: "Memory" }).click();
    await page.getByLabel("Tell the model what stands here").uncheck();
    assert.equal(await systemOf("What is 1 + 2?"), null);
    await page.getByRole("button", { name: /^Forget/ }).click();
    await page.getByText("Nothing is remembered.").waitFor();
  });
});

/** Of the server's answer only the first events arrive: then the connection is gone. */
async function cutOff(route: Route): Promise<void> {
  const response = await route.fetch();
  const events = (await response.text()).split("\n\n");
  assert.ok(events.length > 8);
  await route.fulfill({ response, body: `${events.slice(0, 5).join("\n\n")}\n\n` });
}

/** Run in the page: the browser has kept which stream the answer comes by. */
const streamIsKept = `new Promise((resolve) => {
  const opened = indexedDB.open("reckon");
  opened.onsuccess = () => {
    const read = opened.result.transaction("conversations").objectStore("conversations").getAll();
    read.onsuccess = () => {
      opened.result.close();
      resolve(read.result.some(({ messages }) => Object.values(messages).some(({ stream }) => stream)));
    };
  };
})`;

test("a stream whose connection drops is read on, and a page opened anew goes on where the last one was", {
  skip,
}, async () => {
  for (const reload of [false, true]) {
    await open(async (page) => {
      let lost = 0;
      await page.route("**/v1/chat/completions", cutOff);
      await page.route("**/v1/streams/**", async (route) => {
        if (lost > 0 && !reload) return route.continue();
        lost++;
        await route.abort();
      });
      const dropped = page.waitForRequest("**/v1/streams/**");
      await ask(page, "What is 27 + 15 - 8?");
      await dropped;
      if (reload) {
        while (!(await page.evaluate(streamIsKept))) await page.waitForTimeout(50);
        await page.unroute("**/v1/streams/**");
        await page.reload();
      }
      await finished(page);
      await page.getByRole("button", { name: /Thought for/ }).click();
      const thought = ((await page.locator(".trace").textContent()) ?? "").replaceAll("\n", "");
      await page.getByRole("button", { name: "Tokens", exact: true }).click();
      const tokens = (await page.locator(".token-text").innerText()).replaceAll(/[\n↵]/g, "");
      assert.ok(tokens.startsWith(thought.slice(0, 20)), `${thought} / ${tokens}`);
      assert.match(await page.locator(".answer .markdown").innerText(), /\d/);
      assert.ok(lost > 0);
    });
  }
});

test("thousands of pasted lines become an attachment at once, and a question that long is shown in part", {
  skip,
}, async () => {
  await open(async (page) => {
    await page.route("**/v1/chat/completions", (route) => route.abort());
    await page.getByRole("textbox", { name: "Question" }).focus();
    await page.evaluate(`{
      const data = new DataTransfer();
      data.setData("text/plain", "a line of a log\\n".repeat(20000));
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }`);
    await page.getByText("Pasted text, 20,001 lines").waitFor();
    assert.equal(await page.getByRole("textbox", { name: "Question" }).inputValue(), "");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("button", { name: /Show all 320,\d+ characters/ }).waitFor();
    assert.ok((await page.locator(".question p").innerText()).length < 3000);
  });
});

test("what is set is asked for; conversations go out as files and come back", { skip }, async () => {
  let exported = "";
  await open(async (page) => {
    await page.getByLabel("Effort").selectOption("low");
    await page.keyboard.press("Control+Shift+Comma");
    await page.getByLabel("System prompt").fill("Be brief.");
    await page.getByLabel("Temperature").fill("0.5");
    await page.getByLabel("Thinking budget").fill("20");
    await page.keyboard.press("Control+Shift+Comma");
    const request = page.waitForRequest("**/v1/chat/completions");
    await ask(page, "What is 4 + 5?");
    const { messages, temperature, thinking_budget_tokens, reasoning_effort } = (await request).postDataJSON();
    assert.deepEqual([messages[0].content, temperature, thinking_budget_tokens], ["Be brief.", 0.5, 20]);
    assert.equal(reasoning_effort, "low");
    await finished(page);
    await page.getByRole("button", { name: "History" }).click();
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save as Markdown" }).click();
    assert.match(
      readFileSync(await (await saved).path(), "utf8"),
      /^# What is 4 \+ 5\?\n\n## You\n[\s\S]*## reckon-nano/,
    );
    const all = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export all" }).click();
    exported = readFileSync(await (await all).path(), "utf8");
  });
  await open(async (page) => {
    await page.getByRole("button", { name: "History" }).click();
    const file = (text: string) => ({ name: "chats.json", mimeType: "application/json", buffer: Buffer.from(text) });
    await page.getByLabel("Import").setInputFiles(file("no JSON"));
    await page.getByText("The file is neither JSON nor Markdown").waitFor();
    await page.getByLabel("Import").setInputFiles(file(exported));
    await page.getByRole("button", { name: "What is 4 + 5?", exact: true }).click();
    await page.getByRole("button", { name: /Thought for/ }).waitFor();
    await page.getByRole("button", { name: "Tokens", exact: true }).click();
    assert.ok((await page.locator(".token-text [data-at]").count()) > 3);
  });
});

test("the engine in the page answers without the server, with exact entropies", { skip }, async () => {
  await open(async (page, asked) => {
    assert.equal(await page.evaluate("crossOriginIsolated"), true);
    await page.getByLabel("Model", { exact: true }).selectOption("reckon-nano in this page");
    await ask(page, "What is 2 + 3?");
    await finished(page);
    assert.match(await page.locator(".answer .markdown").innerText(), /\d/);
    assert.match(await page.locator(".counts").innerText(), /thinking \d+ · answer \d+ tokens?/);
    await page.getByRole("button", { name: "Tokens", exact: true }).click();
    await page.getByText(/entropy \d\.\d\d nats/).waitFor();
    assert.deepEqual(
      asked.filter((url) => url.includes("/v1/chat")),
      [],
    );
  });
});

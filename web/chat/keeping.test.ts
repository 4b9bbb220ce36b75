// Conversations are found, go out as files and come back; the page asks nobody but its own server, and lives without it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { answerWith } from "../test-answers.ts";
import { ask, finished, open, server, skip, startWindow } from "../test-window.ts";

startWindow();

async function download(page: Page, name: string): Promise<string> {
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name }).click();
  return readFileSync(await (await saved).path(), "utf8");
}

const upload = (page: Page, name: string, text: string) =>
  page.getByLabel("Import").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

const wide = (page: Page) => page.setViewportSize({ width: 1280, height: 800 });

/** There once the second answer of the thread is whole. */
const second = (page: Page) => page.locator(".answer").nth(1).getByRole("button", { name: "Regenerate" });

/** Questions, answers and which of how many versions each is, from the first to the last. */
const thread = (page: Page) => page.locator(".question > p, .answer > .markdown, .branches").allInnerTexts();

test("everything goes out as JSON and comes back with its branches; what was said since stays", { skip }, async () => {
  let [file, said] = ["", [] as string[]];
  await open(async (page) => {
    await wide(page);
    await ask(page, "What is 2 + 3?");
    await finished(page);
    await page.getByRole("button", { name: "Regenerate" }).click();
    await page.getByText("2/2").waitFor();
    await finished(page);
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Edit the question").fill("What is 4 + 5?");
    await page.getByRole("button", { name: "Ask this instead" }).click();
    await finished(page);
    said = await thread(page);
    file = await download(page, "Export all");
    await ask(page, "And 6 + 7?");
    await second(page).waitFor();
    const more = await thread(page);
    await upload(page, "chats.json", file);
    await page.waitForTimeout(200);
    assert.deepEqual(await thread(page), more);
    assert.equal(await page.locator(".side li").count(), 1);
  });
  await open(async (page) => {
    await wide(page);
    await upload(page, "chats.json", file);
    await page.locator(".side li button").first().click();
    assert.deepEqual(await thread(page), said);
    assert.deepEqual(JSON.parse(await download(page, "Export all")), JSON.parse(file), "the same file again");
    await page.locator(".question").getByRole("button", { name: "Earlier version" }).click();
    await page.locator(".question", { hasText: "2 + 3" }).waitFor();
    assert.equal(await page.locator(".answer .branches").innerText(), "‹2/2›");
    await page.locator(".answer").getByRole("button", { name: "Earlier version" }).click();
    await page.locator(".answer .branches", { hasText: "1/2" }).waitFor();
    await page.reload();
    await page.locator(".side li button").first().click();
    await page.locator(".answer .branches", { hasText: "1/2" }).waitFor();
    await ask(page, "And 1 + 1?");
    await second(page).waitFor();
  });
});

test("a conversation goes out as Markdown and comes back; what is no such file is told in words", {
  skip,
}, async () => {
  const content = "## You\n\nnot **you**:\n\n```md\n> <!-- reckon 1 answer -->\n```";
  await open(async (page) => {
    await wide(page);
    await answerWith(page, { thinking: "First\n\n> then\n## You", content });
    await ask(page, "What *is* it?\n\n## Really");
    await finished(page);
    const before = await thread(page);
    const file = await download(page, "Save as Markdown");
    await page.getByRole("button", { name: /^Delete/ }).click();
    await page.locator(".empty").waitFor();
    await upload(page, "chat.md", file);
    await page.locator(".side li button").first().click();
    assert.deepEqual(await thread(page), before);
    assert.equal(await download(page, "Save as Markdown"), file);
    await page.getByRole("button", { name: /Thought for/ }).click();
    assert.equal(await page.locator(".trace").textContent(), "First\n\n> then\n## You");
    for (const [name, text] of [
      ["a.md", "# Something else"],
      ["b.json", '{"conversations": 3}'],
      [
        "c.json",
        JSON.stringify({
          conversations: [
            {
              id: "x",
              title: "x",
              updated: 1,
              shown: {},
              messages: { a: { id: "a", parent: "a", role: "user", content: "", thinking: "", state: "done" } },
            },
          ],
        }),
      ],
    ]) {
      await upload(page, name, text);
      await page
        .getByRole("alert")
        .getByText(/^The file (is neither|holds no conversations)/)
        .waitFor();
      await page.getByRole("alert").getByRole("button", { name: "Close" }).click();
      await page.getByRole("alert").waitFor({ state: "detached" });
    }
  });
});

test("the history is searched in titles, questions, answers and thinking, in any case", { skip }, async () => {
  await open(async (page) => {
    await wide(page);
    for (const [question, thinking, content] of [
      ["About pears", "an Orchard", "they are green"],
      ["About plums", "a basket", "they are BLUE"],
    ]) {
      await page.unroute("**/v1/chat/completions");
      await answerWith(page, { thinking, content });
      await page.keyboard.press("Control+Shift+O");
      await ask(page, question);
      await finished(page);
    }
    const titles = page.locator(".side li button:first-child");
    for (const [words, found] of [
      ["about", ["About plums", "About pears"]],
      ["orchard", ["About pears"]],
      ["blue", ["About plums"]],
      ["  GREEN ", ["About pears"]],
      ["nothing", []],
    ] as const) {
      await page.getByLabel("Search conversations").fill(words);
      assert.deepEqual(await titles.allInnerTexts(), found, words);
    }
    await page.getByText("Nothing holds these words.").waitFor();
  });
});

test("all that is asked for is asked of the own server; with the engine loaded, the page answers without it", {
  skip,
}, async () => {
  await open(async (page, asked) => {
    await wide(page);
    const elsewhere: string[] = [];
    await page.context().route(
      (url) => url.origin !== new URL(server.url).origin && url.protocol !== "blob:",
      (route) => {
        elsewhere.push(route.request().url());
        return route.abort();
      },
    );
    page.on("websocket", (socket) => elsewhere.push(socket.url()));
    await page.reload();
    await answerWith(page, {
      thinking: "$x$",
      content: "$$\\mathfrak{A} \\mathbb{R}$$\n\n```js\n1\n```\n\n![a](https://example.com/a.png) https://example.com/",
    });
    await ask(page, "All of it");
    await finished(page);
    await page.locator(".markdown .katex").waitFor();
    await page.unroute("**/v1/chat/completions");
    for (const name of ["Verify", "Memory", "Settings"]) await page.getByRole("button", { name, exact: true }).click();
    await page.getByLabel("Model", { exact: true }).selectOption("reckon-nano in this page");
    await ask(page, "What is 2 + 3?");
    await second(page).waitFor();
    assert.deepEqual(elsewhere, []);

    // The server, too, is gone now.
    await page.context().route("**", (route) => route.abort());
    const before = asked.length;
    await page.keyboard.press("Control+Shift+O");
    await ask(page, "What is 3 + 4?");
    await finished(page);
    assert.match(await page.locator(".answer .markdown").innerText(), /\d/);
    await page.getByRole("button", { name: "Tokens", exact: true }).click();
    await page.locator(".alternatives li").first().waitFor();
    assert.deepEqual(asked.slice(before), []);
    assert.ok(asked.every((url) => url.startsWith(server.url) || url.startsWith("blob:")));
  });
});

/** Run in the page: what the browser keeps takes a second to be read, as on a busy machine. */
const slowHistory = `
  const real = IDBFactory.prototype.open;
  window.historyRead = new Promise((done) => {
    IDBFactory.prototype.open = function (...named) {
      const asked = real.apply(this, named);
      const late = { get result() { return asked.result; }, get error() { return asked.error; } };
      asked.onupgradeneeded = (event) => late.onupgradeneeded?.(event);
      asked.onsuccess = (event) => {
        setTimeout(() => late.onsuccess?.(event), 1000);
        setTimeout(done, 1500);
      };
      return late;
    };
  });`;

test("a question asked before the history is read stays, with its answer", { skip }, async () => {
  await open(async (page) => {
    await ask(page, "What is 2 + 3?");
    await page.locator(".question", { hasText: "2 + 3" }).waitFor();
    await page.evaluate("historyRead");
    assert.equal(await page.locator(".question", { hasText: "2 + 3" }).count(), 1);
    await finished(page);
    await page.reload();
    await page.getByRole("button", { name: "History" }).click();
    await page.locator(".side li button", { hasText: "2 + 3" }).waitFor();
  }, slowHistory);
});

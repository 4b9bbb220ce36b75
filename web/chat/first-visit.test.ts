// What a newcomer sees and is told: Chromium, a real server, the bundled model.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { ask, axeFindings, finished, open, server, skip, startWindow } from "../test-window.ts";

startWindow();

test("the first view tells what can be asked and where things are, from its top, and a question in it is asked", {
  skip,
}, async () => {
  await open(async (page) => {
    await page.getByText("reckon-nano is very small").waitFor();
    for (const place of ["Under the question", "Under an answer", "Above"])
      await page.getByRole("term").filter({ hasText: place }).waitFor();
    assert.equal(await page.evaluate("document.querySelector('main').scrollTop"), 0);
    assert.deepEqual(await axeFindings(page), []);
    await page.getByRole("button", { name: "History" }).click();
    await page.getByText("Your chats will stand here").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Solve 3x + 4 = 19." }).click();
    await finished(page);
    assert.equal(await page.locator(".answer .markdown").innerText(), "5");
  });
});

test("a model of single questions is told about after the first; what is written goes into a new chat and is asked alone", {
  skip,
}, async () => {
  await open(async (page) => {
    const hint = page.getByText("reckon-nano knows one question at a time");
    await page.getByText("reckon-nano is very small").waitFor();
    assert.equal(await hint.count(), 0);
    await ask(page, "What is 27 + 15 - 8?");
    await finished(page);
    await hint.waitFor();
    await page.getByRole("textbox", { name: "Question" }).fill("What is 37 * 48?");
    await page.getByRole("button", { name: "Ask in a new chat" }).click();
    await hint.waitFor({ state: "detached" });
    const [asked] = await Promise.all([page.waitForRequest("**/v1/chat/completions"), page.keyboard.press("Enter")]);
    assert.deepEqual(asked.postDataJSON().messages, [{ role: "user", content: "What is 37 * 48?" }]);
    await finished(page);
    assert.equal(await page.locator(".answer .markdown").innerText(), "1776");
  });
});

test("what else misleads, or shows nothing, is told: facts to a model that reads none, one model under two names", {
  skip,
}, async () => {
  await open(async (page) => {
    await page.getByRole("button", { name: "Memory" }).click();
    await page.getByLabel("Something to remember").fill("I teach");
    await page.keyboard.press("Enter");
    await page.getByText("reckon-nano never learned to read a system prompt").waitFor();
    await page.getByRole("button", { name: "Forget: I teach" }).click();
    await page.getByRole("button", { name: "Close" }).click();
    assert.deepEqual(await optionsOf(page, "Model"), [
      "reckon-nano",
      "reckon-nano in this page",
      "deepseek-reasoner (reckon-nano)",
      "deepseek-chat (reckon-nano)",
    ]);
    await page.getByLabel("Answers", { exact: true }).selectOption("models");
    await page.getByText("Both are reckon-nano.").waitFor();
  });
});

test("Verify opens where the right answer is typed; Tokens has a scale of its colours and says how to read it", {
  skip,
}, async () => {
  await open(async (page) => {
    await ask(page, "What is 37 * 48?");
    await finished(page);
    await page.getByRole("button", { name: "Verify" }).click();
    await page.keyboard.type("1,776.0");
    await page.keyboard.press("Enter");
    await page.getByText("Correct: both are 1776").waitFor();
    await page.getByRole("button", { name: "Tokens", exact: true }).click();
    assert.equal(await page.locator(".scale").innerText(), "sure\nunsure");
    await page.getByText("tap it or use the arrow keys").waitFor();
  });
});

test("on a tablet and on a phone on its side the composer stays whole, whatever is open above it", {
  skip,
}, async () => {
  await open(async (page) => {
    await ask(page, "What is 3 + 4?");
    await finished(page);
    for (const [width, height] of [
      [820, 1180],
      [844, 390],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const panel of ["Settings", "Memory"]) {
        await page.getByRole("button", { name: panel }).click();
        const box = (await page.getByRole("button", { name: "Send" }).boundingBox())!;
        assert.ok(box.y + box.height <= height, `${panel} at ${width} x ${height}: Send ends at ${box.y + box.height}`);
        assert.ok(box.x + box.width > width - 60, `${panel} at ${width} x ${height}: Send is at the right`);
        await page.getByRole("button", { name: "Close" }).click();
      }
    }
  });
});

test("a deleted chat can be had back, and stays over a reload", { skip }, async () => {
  await open(async (page) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await ask(page, "What is 3 + 4?");
    await finished(page);
    await page.getByRole("button", { name: "Delete What is 3 + 4?" }).click();
    await page.locator(".answer").waitFor({ state: "detached" });
    await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
    await page.locator(".answer").waitFor();
    await page.getByText("Deleted “").waitFor({ state: "detached" });
    await page.reload();
    await page.locator(".side li button").first().click();
    await finished(page);
  });
});

test("from the chat to a model that learns in the tab, asking this server alone, and back", { skip }, async () => {
  await open(async (page, asked) => {
    await page.getByRole("main").getByRole("link", { name: "Watch it learn" }).click();
    await page.waitForURL("**/learn/");
    assert.equal(await page.evaluate("crossOriginIsolated"), true);
    await page.locator("#steps").fill("2");
    await page.locator("#prompts").fill("4");
    await page.locator("#start").click();
    await page.locator("#state", { hasText: /Done\.$/ }).waitFor();
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(server.url) && !url.startsWith("blob:") && !url.startsWith("data:")),
      [],
    );
    await page.getByRole("link", { name: "Chat" }).click();
    await page.getByRole("textbox", { name: "Question" }).waitFor();
  });
});

test("Attach takes files, which stand below the question they were sent with", { skip }, async () => {
  await open(async (page) => {
    await page
      .getByLabel("Attach")
      .setInputFiles({ name: "numbers.txt", mimeType: "text/plain", buffer: Buffer.from("1\n2\n") });
    await page.locator(".attached li", { hasText: "numbers.txt, 3 lines" }).waitFor();
    await ask(page, "What is 3 + 4?");
    await finished(page);
    // The question stands out from what came with it.
    assert.deepEqual(await page.locator(".question > p").allInnerTexts(), [
      "What is 3 + 4?",
      "numbers.txt:\n```\n1\n2\n\n```",
    ]);
  });
});

const optionsOf = (page: Page, label: string): Promise<string[]> =>
  page.getByLabel(label, { exact: true }).locator("option").allInnerTexts();

// Everything without a mouse: a whole conversation, its versions, thinking, settings, memory, history; the focus is always somewhere in view.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { answerWith, STEPPED, tell } from "../test-answers.ts";
import { axeFindings, open, skip, startWindow } from "../test-window.ts";

startWindow();

/** Run in the page: what has the focus, by name; or why that cannot be seen. */
const FOCUSED = `(() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return "LOST";
  const name = one.getAttribute("aria-label") ?? (one.labels?.[0] ? [...one.labels[0].childNodes].filter(({ nodeType }) => nodeType === 3).map(({ data }) => data).join("").trim() : null) ?? one.textContent.trim();
  const { outlineStyle, outlineWidth } = getComputedStyle(one.matches("input[type=file]") ? one.closest("label") : one);
  if (outlineStyle === "none" || parseFloat(outlineWidth) === 0) return "UNSEEN " + name;
  const { left, right, top, bottom } = one.getBoundingClientRect();
  const [x, y] = [Math.max(0, left) + Math.min(right, innerWidth), Math.max(0, top) + Math.min(bottom, innerHeight)];
  const over = document.elementFromPoint(x / 2, y / 2);
  const seen = over !== null && (one.contains(over) || over.contains(one) || one.matches("input[type=file]"));
  return (seen ? "" : "COVERED ") + name;
})()`;

const focused = (page: Page) => page.evaluate(FOCUSED) as Promise<string>;

/** The focus lies on this, at the latest when the page has drawn what was asked for. */
async function lands(page: Page, name: string): Promise<void> {
  let now = "";
  for (let times = 0; times < 200; times++) {
    now = await focused(page);
    if (now === name) return;
    await page.waitForTimeout(25);
  }
  assert.equal(now, name);
}

/** Tab, as often as it takes; every stop on the way can be seen. */
async function tabTo(page: Page, name: string, back = false): Promise<void> {
  for (let times = 0; times < 80; times++) {
    await page.keyboard.press(back ? "Shift+Tab" : "Tab");
    const now = await focused(page);
    assert.doesNotMatch(now, /^(UNSEEN|COVERED)/);
    if (now === name) return;
  }
  assert.fail(`no way by Tab to ${name}`);
}

const press = async (page: Page, name: string, back = false): Promise<void> => {
  await tabTo(page, name, back);
  await page.keyboard.press("Enter");
};

test("a conversation with its versions, thinking, tokens, a check and other questions", { skip }, async () => {
  await open(async (page) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Skip to the question");
    await page.keyboard.press("Enter");
    await lands(page, "Question");
    await page.keyboard.type("What is 2 + 3?");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Regenerate" }).waitFor();
    await lands(page, "Question");

    await press(page, "Regenerate", true);
    await lands(page, "Question");
    await page.getByText("2/2").waitFor();
    await page.getByRole("button", { name: "Regenerate" }).waitFor();
    await press(page, "Earlier version", true);
    await page.getByText("1/2").waitFor();
    await lands(page, "Later version");
    await page.keyboard.press("Enter");
    await page.getByText("2/2").waitFor();
    await lands(page, "Earlier version");

    await page.getByRole("textbox", { name: "Question" }).focus();
    const thinking = page.locator(".thinking-head button").first();
    await press(page, (await thinking.textContent()) ?? "", true);
    await page.locator(".trace").waitFor();
    await lands(page, (await thinking.textContent()) ?? "");
    await press(page, "Tokens");
    await tabTo(page, "Tokens; arrow keys choose one");
    const first = await page.locator(".alternatives p").innerText();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("PageDown");
    assert.notEqual(await page.locator(".alternatives p").innerText(), first);
    await page.keyboard.press("PageUp");
    await press(page, "Go on with this");
    await page.getByText(/Another way, from token/).waitFor();
    await lands(page, "Question");
    await page.getByRole("button", { name: "Regenerate" }).waitFor();

    await press(page, "Verify", true);
    await tabTo(page, "The right answer");
    await page.keyboard.type("5");
    await page.keyboard.press("Enter");
    await page.locator(".verify output span").waitFor();

    await press(page, "Edit", true);
    await lands(page, "Edit the question");
    await page.keyboard.press("Escape");
    await lands(page, "Edit");
    await page.keyboard.press("Enter");
    await press(page, "Cancel");
    await lands(page, "Edit");
    await page.keyboard.press("Enter");
    await lands(page, "Edit the question");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("What is 4 + 4?");
    await page.keyboard.press("Control+Enter");
    await lands(page, "Edit");
    await page.getByRole("button", { name: "Regenerate" }).waitFor();
    await press(page, "Earlier version", true);
    await page.locator(".question", { hasText: "2 + 3" }).waitFor();
    await lands(page, "Later version");
    assert.deepEqual(await axeFindings(page), []);
  });
});

test("stopping, answering now, a failure and what it offers", { skip }, async () => {
  await open(async (page) => {
    await page.getByRole("textbox", { name: "Question" }).focus();
    await page.keyboard.type("Slowly");
    await page.keyboard.press("Enter");
    await page.locator(".thinking.live").waitFor();
    await tell(page, "thinking", "hm");
    await press(page, "Answer now", true);
    await page.locator(".thinking.live", { hasText: "hm" }).waitFor();
    await lands(page, "Question");
    await tell(page, "content", "yes");
    await press(page, "Stop");
    await page.getByText("Stopped.").waitFor();
    await lands(page, "Question");
    await press(page, "Go on", true);
    await lands(page, "Question");
    await tell(page, "end");
    await page.getByRole("button", { name: "Regenerate" }).waitFor();
  }, STEPPED);
  await open(async (page) => {
    await page.route("**/v1/chat/completions", (route) => route.abort());
    await page.getByRole("textbox", { name: "Question" }).focus();
    await press(page, "What is 27 + 15 - 8?", true);
    await page.getByText("The server cannot be reached.").first().waitFor();
    await lands(page, "Question");
    await press(page, "Retry", true);
    await page.getByText("2/2").waitFor();
    await lands(page, "Question");
  });
});

test("settings and memory are opened, filled in and closed; the focus returns to where they were opened", {
  skip,
}, async () => {
  await open(async (page) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("textbox", { name: "Question" }).focus();
    await press(page, "Settings", true);
    await tabTo(page, "System prompt");
    await page.keyboard.type("Be brief.");
    await tabTo(page, "Theme");
    await page.keyboard.press("ArrowDown");
    await page.locator("html[data-theme=light]").waitFor();
    await page.keyboard.press("Escape");
    await lands(page, "Settings");
    await page.keyboard.press("Enter");
    await press(page, "Close");
    await lands(page, "Settings");
    await page.keyboard.press("Control+Shift+Comma");
    await page.getByRole("region", { name: "Settings" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("region", { name: "Settings" }).waitFor({ state: "detached" });

    await press(page, "Memory", true);
    for (const fact of ["I teach", "I like tea"]) {
      await tabTo(page, "Something to remember");
      await page.keyboard.type(fact);
      await page.keyboard.press("Enter");
    }
    await press(page, "Forget: I like tea", true);
    await lands(page, "Forget: I teach");
    await page.keyboard.press("Enter");
    await page.getByText("Nothing is remembered.").waitFor();
    await lands(page, "Tell the model what stands here");
    await page.keyboard.press("Escape");
    await lands(page, "Memory");
  });
});

test("history is searched, opened, deleted from; a new chat begins at the question", { skip }, async () => {
  for (const width of [1280, 390]) {
    await open(async (page) => {
      await page.setViewportSize({ width, height: 800 });
      await answerWith(page, { thinking: "because of apples", content: "yes" });
      for (const question of ["one pear", "two plums", "three figs"]) {
        await page.keyboard.press("Control+Shift+O");
        await lands(page, "Question");
        await page.keyboard.type(question);
        await page.keyboard.press("Enter");
        await page.getByRole("button", { name: "Regenerate" }).waitFor();
      }
      const search = async (words: string): Promise<void> => {
        if (width === 390) {
          await press(page, "History", true);
          await lands(page, "Search conversations");
        } else await tabTo(page, "Search conversations", true);
        await page.keyboard.press("Control+A");
        await page.keyboard.type(words);
      };
      await search("PLUMS");
      await press(page, "two plums");
      await page.locator(".question", { hasText: "two plums" }).waitFor();
      await lands(page, width === 390 ? "History" : "two plums");
      await page.getByRole("textbox", { name: "Question" }).focus();
      await search("apples");
      assert.equal(await page.locator(".side li").count(), 3);
      await press(page, "Delete three figs");
      await lands(page, "Delete two plums");
      await press(page, "Delete one pear");
      await lands(page, "Delete two plums");
      await page.keyboard.press("Enter");
      await page.getByText("Nothing holds these words.").waitFor();
      await lands(page, "New chat");
      await page.keyboard.press("Enter");
      await lands(page, "Question");
      if (width === 390) {
        await press(page, "History", true);
        await lands(page, "Search conversations");
        await page.keyboard.press("Escape");
        await lands(page, "History");
      }
    });
  }
});

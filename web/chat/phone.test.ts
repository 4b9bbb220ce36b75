// On a phone: nothing is wider than the screen, whatever is said and whatever is open; files that are pasted and dropped.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { answerWith } from "../test-answers.ts";
import { ask, axeFindings, finished, open, server, skip, startWindow } from "../test-window.ts";

startWindow();

/** Run in the page: what makes it wider than the screen; places that are meant to move sideways may hold more than they show. */
const TOO_WIDE = `(() => {
  const found = document.documentElement.scrollWidth > innerWidth ? ["the page: " + document.documentElement.scrollWidth] : [];
  const sideways = "pre, .table, .columns, .formula.display, .formula.wide, textarea, input";
  const shortened = (one) => getComputedStyle(one).textOverflow === "ellipsis";
  for (const one of document.querySelectorAll("body *")) {
    if (!one.checkVisibility() || one.closest(".unseen, .skip, svg, .katex-mathml") || one.parentElement.closest(sideways)) continue;
    const { right, width } = one.getBoundingClientRect();
    const scrolls = getComputedStyle(one).overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1;
    const name = one.tagName + "." + one.className + " " + one.textContent.slice(0, 30);
    if (width > 1 && right > innerWidth + 1) found.push(name + " reaches to " + Math.round(right));
    else if (scrolls && !one.matches(sideways) && !shortened(one)) found.push(name + " holds " + one.scrollWidth);
  }
  return found;
})()`;

const fits = async (page: Page, where: string): Promise<void> =>
  assert.deepEqual(await page.evaluate(TOO_WIDE), [], where);

const LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(8);

const WIDE = [
  `# ${LONG_WORD}`,
  `A word: ${LONG_WORD}, \`${LONG_WORD}\` and https://example.com/${LONG_WORD}`,
  `\`\`\`js\nconst line = "${"a long line ".repeat(40)}";\n\`\`\``,
  `|${" head |".repeat(14)}\n|${"-|".repeat(14)}\n|${` ${LONG_WORD} |`.repeat(14)}`,
  `$$\n${"a_{n} + ".repeat(60)}1\n$$`,
  `$${"b_{n} + ".repeat(60)}1$`,
  `so $\\frac{${"c_{n} + ".repeat(30)}1}{2}$`,
  `- a list\n  - in a list\n    - in a list ${LONG_WORD}\n\n> quoted ${LONG_WORD}`,
].join("\n\n");

test("a long word, line, table and formula fit a phone in question, thinking and answer, with everything open", {
  skip,
}, async () => {
  await open(async (page) => {
    await fits(page, "empty");
    await answerWith(page, { thinking: `${WIDE}\n`, content: WIDE });
    await ask(page, WIDE);
    await finished(page);
    await page.locator(".markdown .formula.display").scrollIntoViewIfNeeded();
    await page.locator(".markdown .formula.display .katex").waitFor();
    await page.locator(".markdown .formula.wide:not(.display)").waitFor();
    await fits(page, "answered");
    await page.getByRole("button", { name: /Thought for/ }).click();
    // What is far from the view is plain text, and what comes near then waits to be drawn.
    const drawn = `(() => {
      const formula = [...document.querySelectorAll(".trace .formula")].at(-1);
      (formula ?? document.querySelector(".trace-piece:last-child"))?.scrollIntoView({ block: "center" });
      return formula?.querySelector(".katex") !== null && formula !== undefined;
    })()`;
    while (!(await page.evaluate(drawn))) await page.waitForTimeout(50);
    await fits(page, "thinking");
    for (const name of ["Edit", "Verify", "Settings", "Memory"]) {
      await page.getByRole("button", { name, exact: true }).click();
      if (name === "Memory") {
        await page.getByLabel("Something to remember").fill(LONG_WORD);
        await page.getByRole("button", { name: "Remember" }).click();
        await page.getByText("The system prompt as it is sent").click();
      }
      await fits(page, name);
      assert.deepEqual(await axeFindings(page), [], name);
    }
    await page.getByLabel("The right answer").fill(LONG_WORD);
    await page.getByRole("button", { name: "Check" }).click();
    await page.locator(".verify output", { hasText: /\S/ }).waitFor();
    await fits(page, "verified");
    await page.getByRole("button", { name: "History" }).click();
    await page.getByLabel("Search conversations").fill("Donau");
    await fits(page, "History");
    await page.keyboard.press("Escape");
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles({
        ...{ name: "a.json", mimeType: "application/json", buffer: Buffer.from("no") },
      });
    await page.getByRole("alert").first().waitFor();
    await fits(page, "a notice");
    await page.getByRole("textbox", { name: "Question", exact: true }).fill(LONG_WORD);
    await fits(page, "a long word in the box");
  });
});

test("tokens, answers side by side and a full gauge fit a phone", { skip }, async () => {
  await open(async (page) => {
    await page.getByLabel("Answers", { exact: true }).selectOption("vote 5");
    await ask(page, "What is 27 + 15 - 8?");
    await page.locator(".tally li").first().waitFor();
    for (const tokens of await page.getByRole("button", { name: "Tokens", exact: true }).all()) await tokens.click();
    await fits(page, "five answers with their tokens");
    await page.getByLabel("Answers", { exact: true }).selectOption("models");
    await fits(page, "two models to choose");
    await page.getByLabel("Answers", { exact: true }).selectOption("one");
    const usage = { prompt_tokens: 500, completion_tokens: 12, completion_tokens_details: { reasoning_tokens: 2 } };
    await page.keyboard.press("Control+Shift+O");
    await answerWith(page, { thinking: "hm", content: "13", usage });
    await ask(page, "6 + 7?");
    await page.getByText("The context is full").waitFor();
    await fits(page, "a full context");
  });
});

test("the other pages fit a phone", { skip }, async () => {
  for (const path of ["/runs", "/evals", "/docs"]) {
    const there = await fetch(new URL(path, server.url));
    if (there.status === 404) continue;
    await open(
      async (page) => {
        await page.getByRole("heading").first().waitFor();
        await fits(page, path);
      },
      undefined,
      new URL(path, server.url).href,
    );
  }
});

/** Puts files into the page by an event that a reader's paste or drop makes. Returns whether the browser was kept from its own way. */
const give = (
  page: Page,
  how: "paste" | "drop",
  place: string,
  files: readonly { name: string; text?: string; bytes?: number }[],
) =>
  page.evaluate(`(() => {
    const data = new DataTransfer();
    for (const { name, text, bytes } of ${JSON.stringify(files)})
      data.items.add(new File([text ?? new Uint8Array(bytes).fill(name.endsWith(".png") ? 0xff : 97)], name));
    const init = { bubbles: true, cancelable: true };
    const event = ${JSON.stringify(how)} === "paste"
      ? new ClipboardEvent("paste", { ...init, clipboardData: data })
      : new DragEvent("drop", { ...init, dataTransfer: data });
    const place = document.querySelector(${JSON.stringify(place)});
    if (${JSON.stringify(how)} === "drop") {
      const over = new DragEvent("dragover", { ...init, dataTransfer: data });
      place.dispatchEvent(over);
      if (!over.defaultPrevented) throw new Error("the browser would open the file");
    }
    place.dispatchEvent(event);
    return event.defaultPrevented;
  })()`);

test("files are attached where they are pasted or dropped, as text that is sent whole; what cannot be is told in words", {
  skip,
}, async () => {
  await open(async (page) => {
    await answerWith(page, { content: "read" });
    const tricky = "a\n```\nb\n````\nc";
    assert.equal(await give(page, "paste", "#ask", [{ name: "notes.txt", text: "one\ntwo" }]), true);
    await page.getByText("notes.txt, 2 lines").waitFor();
    assert.equal(await give(page, "drop", ".thread", [{ name: "code.md", text: tricky }]), true);
    await page.getByText("code.md, 5 lines").waitFor();
    await fits(page, "attached");
    for (const [file, words] of [
      [
        { name: "large.log", bytes: 1_300_000 },
        "large.log has 1.3 MB, and 1 MB is the most that can be attached; attach the part you mean.",
      ],
      [
        { name: "picture.png", bytes: 100 },
        "picture.png is not text in UTF-8, so the model cannot read it; attach the text of it.",
      ],
    ] as const) {
      await give(page, "drop", "body", [file]);
      await page.getByRole("alert").getByText(words).waitFor();
      await page.getByRole("alert").getByRole("button", { name: "Close" }).click();
    }
    assert.equal(await page.locator(".attached li").count(), 2);
    const asked = page.waitForRequest("**/v1/chat/completions");
    await ask(page, "What are these?");
    const { messages } = (await asked).postDataJSON();
    assert.equal(
      messages[0].content,
      `What are these?\n\nnotes.txt:\n\`\`\`\none\ntwo\n\`\`\`\n\ncode.md:\n\`\`\`\`\`\n${tricky}\n\`\`\`\`\``,
    );
    await finished(page);
    assert.equal(await page.locator(".attached").count(), 0);
    // Text that is dragged goes where the browser puts it.
    const text = `(() => {
      const data = new DataTransfer();
      data.setData("text/plain", "some words");
      const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data });
      document.querySelector("#ask").dispatchEvent(event);
      return event.defaultPrevented;
    })()`;
    assert.equal(await page.evaluate(text), false);
  });
});

// What an answer looks like and what can be taken from it: code, formulas, tables, half-written marks, and how it is told aloud.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { answerWith, STEPPED, tell } from "../test-answers.ts";
import { ask, finished, open, server, skip, startWindow } from "../test-window.ts";

startWindow();

const clipboard = (page: Page) => page.evaluate("navigator.clipboard.readText()");

const CODE = `def f(x: int) -> str:
\t"""Says \\"x\\" & <b>, $5 and **all**.

\t\`\`\`
\tnot the end
\t\`\`\`
\t"""

    return f"{x}"  \n`;

test("Copy puts exactly the code, or exactly the answer, into the clipboard", { skip }, async () => {
  const answer = `Here it is:\n\n\`\`\`python\n${CODE}\`\`\`\n\n1. In a list:\n\n   \`\`\`\n   a\n     b\n   \`\`\`\n\nThe **end**.`;
  await open(async (page) => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await answerWith(page, { content: answer });
    await ask(page, "Code, please");
    await finished(page);
    const copies = page.locator(".code figcaption button");
    const copied = async (button: Locator): Promise<unknown> => {
      await button.click();
      await button.getByText("Copied").waitFor();
      return clipboard(page);
    };
    const code = CODE.replace(/\n$/, "");
    assert.equal(await copied(copies.first()), code);
    assert.equal(await copied(copies.last()), "a\n  b");
    // Of the buttons at the answer's foot this one has a name that changes.
    assert.equal(await copied(page.locator(".answer > .actions button:has([aria-live])")), answer);
    // As on a page that came by plain HTTP from another machine.
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })");
    await copies.first().getByText("Copy", { exact: true }).waitFor();
    await copies.first().click();
    await copies.first().getByText("Copied").waitFor();
    await page.evaluate("delete navigator.clipboard");
    assert.equal(await clipboard(page), code);
  });
});

test("formulas are drawn in lines and on their own, with fonts of this server", { skip }, async () => {
  await open(async (page, asked) => {
    const content =
      "So $\\frac{a}{b}$ and \\(x^2\\), $5 to $6:\n\n$$\n\\sum_{k=1}^n k\n$$\n\n\\[ \\int x \\]\n\nbut $\\nonsense{$ stays.";
    await answerWith(page, { thinking: "Then $y_1$ and $$z^2$$.", content });
    await ask(page, "Formulas, please");
    await finished(page);
    const drawn = page.locator(".answer > .markdown .formula:has(.katex)");
    while ((await drawn.count()) < 4) await page.waitForTimeout(50);
    assert.equal(await page.locator(".answer > .markdown .formula.display .katex-display").count(), 2);
    assert.equal(await page.locator(".markdown .formula:not(.display) .mfrac").count(), 1);
    const text = await page.locator(".markdown").innerText();
    assert.match(text, /\$5 to \$6/);
    assert.match(text, /\\nonsense/);
    await page.getByRole("button", { name: /Thought for/ }).click();
    await page.locator(".trace .katex-display").waitFor();
    await page.evaluate("document.fonts.ready");
    const fonts = asked.filter((url) => /\.(woff2?|ttf)$/.test(url));
    assert.ok(
      fonts.some((url) => url.includes("KaTeX_Math")),
      String(fonts),
    );
    assert.ok(asked.every((url) => url.startsWith(server.url)));
    assert.equal(await page.evaluate("document.fonts.check('16px KaTeX_Math')"), true);
  });
});

test("tables have heads, and cells with marks of their own", { skip }, async () => {
  await open(async (page) => {
    await answerWith(page, {
      content: "The values:\n| n | `f` | a\\|b |\n|--:|:-:|---|\n| 1 | **one** | $x$ |\n| 2 | two |\n\nafter",
    });
    await ask(page, "A table, please");
    await finished(page);
    assert.deepEqual(await page.locator("th[scope=col]").allInnerTexts(), ["n", "f", "a|b"]);
    assert.deepEqual((await page.locator("td").allInnerTexts()).map((text) => text.split("\n")[0]).slice(3), [
      "2",
      "two",
      "",
    ]);
    assert.equal(await page.locator("td strong").innerText(), "one");
    await page.locator("td .katex").waitFor();
    assert.deepEqual(await page.locator(".markdown p").allInnerTexts(), ["The values:", "after"]);
  });
});

test("marks half written are never seen as marks", { skip }, async () => {
  const steps: readonly (readonly [string, string, string])[] = [
    ["It is **bo", "strong", "bo"],
    ["ld** and [a li", "strong", "bold"],
    ["nk](https://exa", "p", "It is bold and a link"],
    ["mple.com/).\n\n`co", "p > code", "co"],
    ["de` and $x^2 +", ".formula:not(.display)", "x^2 +"],
    [" 1$.\n\n| a | b", "th >> nth=1", "b"],
    [" |\n|-", "th >> nth=1", "b"],
    ["|-|\n| 1 | 2", "td >> nth=1", "2"],
    [" |\n\n```js\nlet x", "pre", "let x"],
    [" = 1;\n``", "pre", "let x = 1;"],
    ["`\n\n$$\n\\frac{1}{2", ".formula.display", "\\frac{1}{2"],
    ["}\n$$\n", ".formula.display .katex", "12"],
  ];
  await open(async (page) => {
    await ask(page, "Slowly, please");
    await page.locator(".thinking.live").waitFor();
    for (const [text, place, shown] of steps) {
      await tell(page, "content", text);
      const found = page.locator(`.answer > .markdown ${place}`).last();
      while (!(await shows(found, shown))) await page.waitForTimeout(20);
      const all = (await page.locator(".answer > .markdown").innerText()).replaceAll("\\frac{1}{2", "");
      assert.doesNotMatch(all, /\*|`|\]\(|https|\||\$/, text);
    }
    await tell(page, "end");
    await finished(page);
    assert.equal(await page.locator(".markdown a").getAttribute("href"), "https://example.com/");
  }, STEPPED);
});

/** KaTeX draws even half a formula where it can, so only what both forms have is compared. */
async function shows(place: Locator, wanted: string): Promise<boolean> {
  const plain = (text: string): string => [...text.replaceAll(/[\\{}\s^\u200b]|frac/g, "")].sort().join("");
  if ((await place.count()) === 0) return false;
  const drawn = place.locator(".katex-html");
  return plain(await ((await drawn.count()) > 0 ? drawn : place).innerText()) === plain(wanted);
}

/** Run in the page: notes what each live region says, as a screen reader would read it. */
const LISTENING = `{
  window.heard = [];
  const note = (region) => {
    const text = region.textContent.trim();
    if (text !== "" && window.heard.at(-1) !== text) window.heard.push(text);
  };
  new MutationObserver((records) => {
    for (const { target } of records) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      const region = element?.closest("[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off]), output");
      if (region) note(region);
      for (const inner of element?.querySelectorAll?.("[role=alert]") ?? []) note(inner);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
}`;

test("a screen reader hears that the model thinks, answers and has ended, not the tokens", { skip }, async () => {
  await open(async (page) => {
    await ask(page, "Aloud, please");
    await page.locator(".thinking.live").waitFor();
    for (let at = 0; at < 30; at++) await tell(page, "thinking", `step ${at} `);
    await page.locator(".trace", { hasText: "step 29" }).waitFor();
    for (let at = 0; at < 30; at++) await tell(page, "content", `word ${at} `);
    await page.locator(".markdown", { hasText: "word 29" }).waitFor();
    await tell(page, "end");
    await finished(page);
    const words = Array.from({ length: 30 }, (_, at) => `word ${at}`).join(" ");
    assert.deepEqual(await page.evaluate("heard"), [
      "The model is thinking.",
      "The model is answering.",
      `The answer is complete: ${words.slice(0, 200)}…`,
    ]);
    await page.evaluate("heard.length = 0");
    await page.getByRole("button", { name: "Regenerate" }).click();
    await page.locator(".thinking.live").waitFor();
    await tell(page, "thinking", "hm");
    await page.locator(".trace", { hasText: "hm" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Stopped.").waitFor();
    assert.deepEqual(await page.evaluate("heard"), ["The model is thinking.", "Stopped, as you asked."]);
    await page.evaluate("heard.length = 0");
    await page.getByRole("button", { name: "Earlier version" }).click();
    await page.locator(".markdown", { hasText: "word 29" }).waitFor();
    assert.deepEqual(await page.evaluate("heard"), []);
  }, `${STEPPED}${LISTENING}`);
});

test("nothing moves by itself where less motion is wanted", { skip }, async () => {
  await open(async (page) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    const still = async (): Promise<void> => {
      assert.equal(await page.evaluate("document.getAnimations().length"), 0);
      const moving = `[...document.querySelectorAll("*")].filter((one) => {
        const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(one);
        return animationName !== "none" || parseFloat(transitionDuration) > 0 || scrollBehavior === "smooth";
      }).length`;
      assert.equal(await page.evaluate(moving), 0);
    };
    await ask(page, "Still, please");
    await page.locator(".thinking.live").waitFor();
    await tell(page, "thinking", "so $x^2$");
    await page.locator(".trace .katex").waitFor();
    await still();
    await tell(page, "content", "done");
    await tell(page, "end");
    await finished(page);
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("button", { name: "History" }).click();
    await still();
  }, STEPPED);
});

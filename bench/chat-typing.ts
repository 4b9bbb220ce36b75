/**
 * What a key costs in the chat where thousands of lines stand in the box it is typed into: a part of `reckon bench chat`, or
 *
 *   node bench/chat-typing.ts
 *
 * 5,000 lines are pasted fifty at a time, since the page attaches more than that; then they are sent, and typed on in the box that
 * edits the question. Told are, for both boxes and for keys at their beginning and end, the processor's time a key takes of the page's
 * main thread, and the time from the key to the next frame, at the median and the longest. A busy machine lengthens the second alone.
 */
import type { CDPSession, Page } from "playwright-core";
import { noChromium, startChromium } from "../src/browser/chromium.ts";
import { startServer } from "../src/serve/server.ts";

const LINES = 5000;
const AT_ONCE = 50;
const KEYS = "and what is wrong with these lines? ";

/** The most that a key may take, in ms. */
const BAR = 50;

export interface TypingFigure {
  readonly during: string;
  readonly measure: string;
  readonly value: number;
}

/** @param page a page with an empty chat */
export async function measureTyping(
  page: Page,
  tell: (figure: TypingFigure & { readonly bar: number }) => void,
): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
  await cdp.send("Performance.enable");
  await page.evaluate(NOTE_KEYS);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("textbox", { name: "Question" }).focus();
  const line = "2026-11-26 12:00:00 a line of a log, as long as such lines are\n";
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(line.repeat(AT_ONCE))})`);
  for (let lines = 0; lines < LINES; lines += AT_ONCE) await page.keyboard.press("Control+V");
  await typeAtBothEnds("the question", page, cdp, tell);

  await page.route("**/v1/chat/completions", (route) => route.abort());
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Edit" }).click();
  await typeAtBothEnds("the question being edited", page, cdp, tell);
}

async function typeAtBothEnds(
  what: string,
  page: Page,
  cdp: CDPSession,
  tell: (figure: TypingFigure & { readonly bar: number }) => void,
): Promise<void> {
  const lines = await page.evaluate("document.activeElement.value.split('\\n').length");
  for (const [place, key] of [
    ["beginning", "Control+Home"],
    ["end", "Control+End"],
  ]) {
    await page.keyboard.press(key);
    await pause(1000);
    const before = await busy(cdp);
    await page.evaluate("typed.length = 0");
    for (const one of KEYS) {
      await page.keyboard.type(one);
      await pause(20);
    }
    await pause(1000);
    const took = (await busy(cdp)) - before;
    const frames = ((await page.evaluate("typed")) as number[]).sort((a, b) => a - b);
    const during = `typing at the ${place} of ${lines} lines of ${what}`;
    const figure = (measure: string, ms: number): void => tell({ during, measure, value: ms, bar: BAR });
    figure("processor time a key, ms", (1000 * took) / KEYS.length);
    figure("key to frame, median, ms", frames[frames.length >> 1] ?? Number.NaN);
    figure("key to frame, longest, ms", frames.at(-1) ?? Number.NaN);
  }
}

/** Run in the page: how long each key is before the frame that shows it. */
const NOTE_KEYS = `
  window.typed = [];
  document.addEventListener("keydown", ({ timeStamp }) => {
    requestAnimationFrame(() => {
      // After this frame's painting.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.typed.push(performance.now() - timeStamp);
      port2.postMessage(null);
    });
  }, true);`;

/** Seconds of processor time of the page's main thread so far. */
async function busy(cdp: CDPSession): Promise<number> {
  const { metrics } = (await cdp.send("Performance.getMetrics")) as { metrics: { name: string; value: number }[] };
  return metrics.find(({ name }) => name === "TaskDuration")!.value;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

if (import.meta.main) {
  const missing = noChromium();
  if (missing !== false) throw new Error(missing);
  const server = await startServer({ port: 0, logLevel: "silent", threads: 1 });
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(0);
    await page.goto(server.url);
    await measureTyping(page, (figure) => process.stdout.write(`${JSON.stringify(figure)}\n`));
  } finally {
    await browser.close();
    await server.stop();
  }
}

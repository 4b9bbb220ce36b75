/**
 * The chat's page in Chromium while a model thinks for 30,000 tokens of LaTeX: `reckon bench chat`, or
 *
 *   node bench/chat.ts [--decode 30000]
 *
 * A server writes the stream as fast as 1,500 tokens a second, each with its five alternatives, as the chat asks for them; everything else
 * on the page is what `reckon serve` sends. Told are the bytes of the page as compressed and its first paint; then, from the question to
 * the end of the answer, the longest task, the frames, and the memory; then the same of opening what was written anew, unfolded, of its
 * tokens, and of pasting thousands of lines and typing on, then what a key costs where they stand in the box (chat-typing.ts). Each
 * figure stands beside its bar; `ratio` is the figure through the bar, so that all but the frames' should be below 1. Where the machine
 * is busy, the processor's time of the longest task still says what the page does.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import type { CDPSession } from "playwright-core";
import { noChromium, startChromium } from "../src/browser/chromium.ts";
import { startServer } from "../src/serve/server.ts";
import { measureTyping } from "./chat-typing.ts";

export interface ChatBenchOptions {
  readonly tokens?: number;
  readonly emit?: (line: Readonly<Record<string, unknown>>) => void;
}

/** Tokens a second, more than a large model writes. */
const RATE = 1500;

const BARS = {
  "page, compressed KB": 400,
  "first paint, ms": 1000,
  "longest task, ms": 100,
  "longest task's processor time, ms": 100,
  "frames a second": 60,
  "memory at its most, MB": 100,
} as const;

/** Lines pasted into the box; the page attaches so many. */
const PASTED = 5000;

/** Lines as reasoning models write them, of about 40 tokens each. */
const LINES = [
  "So the sum is $\\sum_{k=1}^{n} k^2 = \\frac{n(n+1)(2n+1)}{6}$, and with $n = 12$ that gives $\\frac{12 \\cdot 13 \\cdot 25}{6} = 650$.\n",
  "Wait, let me check that again: if $x^2 - 5x + 6 = 0$ then \\((x-2)(x-3) = 0\\), so $x \\in \\{2, 3\\}$.\n",
  "$$\\int_0^{\\pi} \\sin^2(x)\\,dx = \\left[\\frac{x}{2} - \\frac{\\sin 2x}{4}\\right]_0^{\\pi} = \\frac{\\pi}{2}$$\n",
  "Hmm, but the problem says that $a_{n+1} = \\sqrt{2 + a_n}$, so the limit $L$ satisfies $L^2 = 2 + L$.\n\n",
];

export async function run({ tokens = 30_000, emit = printLine }: ChatBenchOptions): Promise<void> {
  const missing = noChromium();
  if (missing !== false) {
    emit({ chat: `not measured: ${missing}` });
    return;
  }
  const tell = (during: string, measure: keyof typeof BARS, value: number): void =>
    emit({
      during,
      measure,
      value: round(value),
      bar: BARS[measure],
      ratio: Math.round((100 * value) / BARS[measure]) / 100,
    });
  const real = await startServer({ port: 0, logLevel: "silent", threads: 1 });
  const front = await serveInFront(real.url, tokens);
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(0);
    await page.addInitScript(watch);
    const cdp = await page.context().newCDPSession(page);
    await page.goto(front.url);
    await page.getByRole("textbox", { name: "Question" }).waitFor();
    await pause(500);
    const loaded = (await page.evaluate("watched.loaded()")) as { bytes: number; paint: number };
    tell("loading", "page, compressed KB", loaded.bytes / 1000);
    tell("loading", "first paint, ms", loaded.paint);

    const during = async (what: string, act: () => Promise<void>): Promise<void> => {
      await browser.startTracing(page, { categories: ["toplevel"] });
      const before = await heap(cdp);
      const peak = watchHeap(cdp);
      await page.evaluate("watched.start()");
      await act();
      const told = (await page.evaluate("watched.told()")) as { longest: number; rate: number };
      const most = await peak();
      tell(what, "longest task, ms", told.longest);
      tell(what, "longest task's processor time, ms", longestTask(await browser.stopTracing()));
      tell(what, "frames a second", told.rate);
      tell(what, "memory at its most, MB", most);
      emit({ during: what, measure: "memory kept, MB", value: round((await heap(cdp)) - before) });
    };
    await page.getByRole("textbox", { name: "Question" }).fill("How many?");
    await during(`${tokens} tokens of thinking`, async () => {
      await page.keyboard.press("Enter");
      // Playwright's own waiting would search the page at every frame.
      while (!(await page.evaluate("document.querySelector('.answer .actions') !== null"))) await pause(500);
    });
    await pause(1000);
    await page.reload();
    await page.locator(".side li button").first().click();
    const thought = page.getByRole("button", { name: /Thought for/ });
    await thought.waitFor();
    await during("the same opened anew and scrolled through", async () => {
      await thought.click();
      for (let times = 0; times < 20; times++) {
        await page.mouse.wheel(0, 900);
        await pause(50);
      }
    });
    await thought.click();
    await during("its tokens opened", async () => {
      await page.getByRole("button", { name: "Tokens", exact: true }).click();
      await pause(1000);
    });
    await during(`${PASTED} lines pasted, 40 keys typed`, async () => {
      await page.getByRole("textbox", { name: "Question" }).focus();
      await page.evaluate(`watched.paste("a line of a log\\n".repeat(${PASTED}))`);
      await page.keyboard.type("and what is wrong with these lines now? ");
    });
    const another = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    another.setDefaultTimeout(0);
    await another.goto(front.url);
    await measureTyping(another, ({ value, bar, ...figure }) =>
      emit({ ...figure, value: round(value), bar, ratio: Math.round((100 * value) / bar) / 100 }),
    );
  } finally {
    await browser.close();
    await front.close();
    await real.stop();
  }
}

/** Of a trace: the most processor time that one task of a page's main thread took, in ms. Unlike its length it is not that of a busy machine. */
function longestTask(trace: Buffer): number {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: readonly TraceEvent[] };
  const pages = new Set(
    traceEvents.filter(({ args }) => args?.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const times = traceEvents
    .filter(({ name, pid, tid }) => name.endsWith("RunTask") && pages.has(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000);
  return times.reduce((most, time) => Math.max(most, time), 0);
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of processor time. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Run in the page: notes long tasks and frames. */
const watch = `
  window.watched = (() => {
    let [started, longest, frames] = [0, 0, 0];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        if (startTime < started) continue;
        longest = Math.max(longest, duration);
      }
    }).observe({ type: "longtask" });
    const frame = () => {
      frames++;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    return {
      loaded: () => ({
        bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
          .filter(({ name }) => !name.includes("/v1/"))
          .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
        paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
      }),
      paste: (text) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", text);
        const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
        document.activeElement.dispatchEvent(event);
      },
      start: () => {
        [started, longest, frames] = [performance.now(), 0, 0];
      },
      told: () => ({ longest, rate: (1000 * frames) / (performance.now() - started) }),
    };
  })();`;

/** Megabytes that are in use once what is not needed is gone. */
async function heap(cdp: CDPSession): Promise<number> {
  await cdp.send("HeapProfiler.collectGarbage");
  return ((await cdp.send("Runtime.getHeapUsage")) as { usedSize: number }).usedSize / 1e6;
}

/** What is in use from now on, garbage and all, looked at ten times a second; the largest when asked. */
function watchHeap(cdp: CDPSession): () => Promise<number> {
  let [most, over] = [0, false];
  const watching = (async () => {
    while (!over) {
      const { usedSize } = (await cdp.send("Runtime.getHeapUsage")) as { usedSize: number };
      most = Math.max(most, usedSize / 1e6);
      await pause(100);
    }
  })();
  return async () => {
    over = true;
    await watching;
    return most;
  };
}

/** The real server, but that chat requests are answered with the stream that is measured. */
async function serveInFront(
  real: string,
  tokens: number,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = http.createServer((request, response) => {
    if (request.url === "/v1/chat/completions") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      void write(response, tokens);
      return;
    }
    const asked = http.request(real + request.url, { method: request.method, headers: request.headers }, (given) => {
      response.writeHead(given.statusCode ?? 500, given.headers);
      given.pipe(response);
    });
    asked.on("error", () => response.destroy());
    request.pipe(asked);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function write(response: http.ServerResponse, tokens: number): Promise<void> {
  const started = performance.now();
  const pieces = LINES.flatMap((line) => line.match(/[\s\S]{1,4}/g)!);
  for (let at = 0; at < tokens && !response.destroyed; at++) {
    response.write(chunk({ reasoning_content: pieces[at % pieces.length] }));
    if (at % 15 === 0) {
      const due = (at / RATE) * 1000 - (performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due)));
    }
  }
  response.write(chunk({ content: "650" }));
  response.end(`${chunk({}, "stop")}data: [DONE]\n\n`);
}

function chunk(delta: { reasoning_content?: string; content?: string }, finish_reason: string | null = null): string {
  const text = delta.reasoning_content ?? delta.content;
  const top_logprobs = ["a", "b", "c", "d"].map((token, rank) => ({ token, logprob: -2 - rank, bytes: [97 + rank] }));
  const token = {
    token: text,
    logprob: -0.2,
    bytes: [],
    top_logprobs: [{ token: text, logprob: -0.2 }, ...top_logprobs],
  };
  const logprobs =
    text === undefined
      ? null
      : delta.content === undefined
        ? { content: [], reasoning_content: [token] }
        : { content: [token] };
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta, logprobs, finish_reason }], usage: null })}\n\n`;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const round = (value: number): number => Math.round(value * 10) / 10;

const printLine = (line: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

if (import.meta.main) {
  const { values } = parseArgs({ options: { decode: { type: "string" } } });
  await run({ tokens: values.decode === undefined ? undefined : Number(values.decode) });
}

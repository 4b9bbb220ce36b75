/**
 * A million samples in the training window: `reckon bench runs`, or
 *
 *   node bench/runs.ts [--requests 1000000]
 *
 * Makes a run of that many samples in a temporary folder (some 400 bytes each, a thousand steps), then tells how long the server takes to
 * take them in, to answer a filter or an order it has not seen and a page of one it has, and how the table scrolls in Chromium: frames
 * and longest task while the wheel turns, and the time until rows are there after a jump to anywhere.
 * Bars: a page of a known order within 100 ms, 60 frames a second, no task over 100 ms.
 */
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { noChromium, startChromium } from "../src/browser/chromium.ts";
import { Random } from "../src/random.ts";
import { startServer } from "../src/serve/server.ts";

type Emit = (line: Readonly<Record<string, unknown>>) => void;

export interface RunsBenchOptions {
  readonly samples?: number;
  readonly emit?: Emit;
}

export async function run({ samples = 1_000_000, emit = printLine }: RunsBenchOptions): Promise<void> {
  const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-bench-runs-"));
  try {
    const bytes = writeRun(path.join(place, "runs", "large"), samples);
    emit({ samples, "MB of rollouts": round(bytes / 1e6) });
    const server = await startServer({
      port: 0,
      logLevel: "silent",
      threads: 1,
      runs: path.join(place, "runs"),
      cache: path.join(place, "cache"),
    });
    try {
      await askServer(server.url, samples, emit);
      const missing = noChromium();
      if (missing === false) await scroll(server.url, samples, emit);
      else emit({ scrolling: `not measured: ${missing}` });
    } finally {
      await server.stop();
    }
  } finally {
    fs.rmSync(place, { recursive: true, force: true });
  }
}

/** Groups of eight; every question comes ten times. */
function writeRun(folder: string, samples: number): number {
  fs.mkdirSync(path.join(folder, "rollouts"), { recursive: true });
  fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify({ recipe: "r1-zero", preset: "bench", seed: 0 }));
  fs.writeFileSync(path.join(folder, "metrics.jsonl"), '{"step":1,"reward":0}\n');
  const random = Random.from(0, "bench runs");
  const steps = Math.min(1000, Math.ceil(samples / 8));
  const questions = Math.max(1, Math.round(samples / 80));
  let [bytes, made] = [0, 0];
  for (let step = 1; step <= steps; step++) {
    const lines: string[] = [];
    for (const end = Math.round((samples * step) / steps); made < end; made++) {
      const group = Math.floor(made / 8);
      const question = group % questions;
      const reward = random.next() < step / steps ? 1.2 : 0.2 * Math.round(random.next());
      const tokens = 4 + random.int(0, 11);
      const list = <T>(of: () => T): T[] => Array.from({ length: tokens }, of);
      lines.push(
        JSON.stringify({
          ...{
            step,
            group: group % 1000,
            task: `task-${question % 10}`,
            prompt: `What is ${question} + ${question % 97}?`,
          },
          ...{ response: `${question}+${question % 97}=${made}</think>${made}`, prompt_ids: [0, 1, 2], reward },
          completion_ids: list(() => random.int(0, 99)),
          logps: list(() => -Math.round(1e6 * random.next()) / 1e6),
          entropies: list(() => Math.round(1e6 * random.next()) / 1e6),
          ...{ truncated: random.next() < 0.1, rewards: { accuracy: reward > 1 ? 1 : 0 }, advantage: reward - 0.6 },
        }),
      );
    }
    const text = `${lines.join("\n")}\n`;
    bytes += text.length;
    fs.writeFileSync(path.join(folder, "rollouts", `${String(step).padStart(6, "0")}.jsonl`), text);
  }
  return bytes;
}

async function askServer(url: string, samples: number, emit: Emit): Promise<void> {
  const ask = async (query: string): Promise<{ ms: number; total: number; version: number }> => {
    const began = performance.now();
    const response = await fetch(`${url}/v1/runs/samples?run=large&count=100&${query}`);
    const told = (await response.json()) as { total: number; version: number };
    return { ms: performance.now() - began, ...told };
  };
  const first = await ask("");
  emit({ "taken in, s": round(first.ms / 1000), "samples a second": round(first.total / (first.ms / 1000)) });
  const { version } = first;
  for (const query of [
    "sort=reward",
    "sort=entropy&task=task-3",
    "text=97&sort=tokens",
    "response=999&sort=reward",
    "least=1&most=2&sort=advantage&truncated=false",
  ]) {
    const fresh = await ask(`${query}&version=${version}`);
    const pages: number[] = [];
    for (let i = 0; i < 20; i++) {
      const from = Math.floor((fresh.total * i) / 20);
      pages.push((await ask(`${query}&version=${version}&from=${from}`)).ms);
    }
    pages.sort((a, b) => a - b);
    emit({
      query,
      found: fresh.total,
      "new, ms": round(fresh.ms),
      "a page, ms": round(pages[10]!),
      "slowest page, ms": round(pages[19]!),
    });
  }
  if (first.total !== samples) throw new Error(`${first.total} of ${samples} samples were found`);
}

async function scroll(url: string, samples: number, emit: Emit): Promise<void> {
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(0);
    await page.addInitScript(watch);
    await page.goto(`${url}/runs?run=large&view=samples`);
    await page.locator("[data-row='0'] a").waitFor();
    await page.mouse.move(600, 500);
    await page.evaluate("watched.start()");
    for (let i = 0; i < 300; i++) {
      await page.mouse.wheel(0, 240);
      await page.waitForTimeout(10);
    }
    emit({ scrolled: "300 turns of the wheel", ...((await page.evaluate("watched.told()")) as object) });
    const jumps: number[] = [];
    for (let i = 1; i <= 10; i++) jumps.push(await jump(page, i / 10));
    jumps.sort((a, b) => a - b);
    emit({ "jump to anywhere, ms": round(jumps[5]!), "slowest, ms": round(jumps[9]!) });
    await page.locator(`[data-row='${samples - 1}'] a`).waitFor();
  } finally {
    await browser.close();
  }
}

/** Drags the scroll bar to a share of the way; the time until the rows there are drawn. */
async function jump(page: Page, share: number): Promise<number> {
  return (await page.evaluate(`new Promise((resolve) => {
    const body = document.querySelector(".virtual-body");
    const began = performance.now();
    const first = document.querySelector("[data-row]").dataset.row;
    body.scrollTop = ${share} * (body.scrollHeight - body.clientHeight);
    const look = () => {
      const rows = [...document.querySelectorAll("[data-row]")];
      if (rows[0].dataset.row !== first && rows.every((row) => row.querySelector("a"))) resolve(performance.now() - began);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  })`)) as number;
}

/** Runs in the page: counts frames and long tasks. */
const watch = `window.watched = (() => {
  let [frames, slowest, task, began, last, on] = [0, 0, 0, 0, 0, false];
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) if (on) task = Math.max(task, duration); }).observe({ type: "longtask" });
  const frame = (now) => { if (!on) return; frames++; slowest = Math.max(slowest, now - last); last = now; requestAnimationFrame(frame); };
  return {
    start() { [frames, slowest, task, on] = [0, 0, 0, true]; began = last = performance.now(); requestAnimationFrame(frame); },
    told() { on = false; const s = (performance.now() - began) / 1000; return { "frames a second": Math.round(frames / s), "slowest frame, ms": Math.round(slowest), "longest task, ms": Math.round(task) }; },
  };
})();`;

const round = (value: number): number => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));

function printLine(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { requests: { type: "string" } } });
  await run({ samples: values.requests === undefined ? undefined : Number(values.requests) });
}

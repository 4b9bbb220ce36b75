/**
 * Inference in Chromium with the wasm of Node, beside a peer that runs in a browser too: `reckon bench browser --model M.gguf`, or
 *
 *   node bench/browser.ts MODEL.gguf [--threads 1,2] [--prefill 512] [--decode 128] [--runs 3] [--peer "COMMAND"]
 *
 * As bench/infer.ts times it (a prompt of `prefill` tokens; `decode` tokens one by one after 64), in a worker of an isolated page. A peer's
 * command gets MODEL THREADS PREFILL DECODE RUNS appended and prints one JSON line with prefill_tok_s and decode_tok_s, numbers or {median};
 * runs of both alternate. CHROMIUM names another browser than Debian's.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { bundleEngine, bundleScripts } from "../src/browser/bundle.ts";
import { serveFolders, startChromium } from "../src/browser/chromium.ts";
import type { BenchRequest } from "./browser-worker.ts";
import { againstPeer, askPeer, type InferOptions, type PeerSpeeds, round, spread } from "./infer.ts";
import { inferArguments } from "./infer-arguments.ts";

/** Runs the benchmark and emits a line for every number of threads. */
export async function run(options: InferOptions): Promise<void> {
  const { model, prefill = 512, decode = 128, runs = 3, emit = printLine } = options;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-bench-browser-"));
  await bundleEngine(folder);
  await bundleScripts(folder, { bench: path.join(import.meta.dirname, "browser-worker.ts") });
  fs.writeFileSync(path.join(folder, "index.html"), "<!doctype html><title>bench</title>");
  const server = await serveFolders(folder, path.dirname(path.resolve(model)));
  const browser = await startChromium();
  try {
    for (const threads of options.threads ?? [1, 2]) {
      const page = await browser.newPage();
      page.setDefaultTimeout(0);
      await page.goto(`${server.url}/isolated/`);
      await page.evaluate(`globalThis.worker = new Worker("bench.js", { type: "module" }); 0`);
      const ask = <T>(request: BenchRequest): Promise<T> =>
        page.evaluate(`new Promise((resolve, reject) => {
          worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.value));
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.postMessage(${JSON.stringify(request)});
        })`);
      const url = `${server.url}/isolated/${encodeURIComponent(path.basename(model))}`;
      const { loadMs } = await ask<{ loadMs: number }>({ kind: "load", url, threads, prefill, decode });
      const [ours, peers]: [PeerSpeeds[], PeerSpeeds[]] = [[], []];
      for (let i = 0; i < runs; i++) {
        ours.push(await ask({ kind: "time" }));
        if (options.peer !== undefined) peers.push(askPeer(options.peer, model, threads, prefill, decode));
      }
      const [prefills, decodes] = [ours.map((one) => one.prefill), ours.map((one) => one.decode)];
      emit({
        ...{ model: path.basename(model), browser: `Chromium ${browser.version()}`, threads, load_ms: round(loadMs) },
        ...{ prefill_tokens: prefill, decode_tokens: decode },
        ...spread("prefill_tok_s", prefills),
        ...spread("decode_tok_s", decodes),
        ...(peers.length > 0 ? againstPeer(prefills, decodes, peers) : {}),
      });
      await page.close();
    }
  } finally {
    await browser.close();
    await server.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const printLine = (line: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify(line)}\n`);

if (import.meta.main) await run(inferArguments());

/** The engine in a real Chromium gives the tokens it gives in Node, on threads where the page is isolated and on one where it is not. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { testData } from "../checkpoint/test-data.ts";
import type { Answer } from "../generate/answer.ts";
import { BUNDLED_MODEL, ModelSession } from "../generate/session.ts";
import { bundleEngine } from "./bundle.ts";
import { noChromium, serveFolders, startChromium, type TestServer } from "./chromium.ts";
import type { BrowserEngine } from "./client.ts";
import type { LoadedInfo } from "./protocol.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-browser-"));
const smol = testData("weights/SmolLM2-135M-Instruct.Q4_1.gguf");
let browser: Browser;
let server: TestServer;
const skip = noChromium();
before(async () => {
  if (skip) return;
  await bundleEngine(path.join(folder, "engine"));
  fs.writeFileSync(path.join(folder, "index.html"), "<!doctype html><title>engine</title>");
  server = await serveFolders(folder, path.dirname(BUNDLED_MODEL), path.dirname(smol.file));
  browser = await startChromium();
});
after(async () => {
  await browser?.close();
  await server?.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const PRODUCT = [{ role: "user", content: "What is 37 * 48?" }];

test("a page without isolation answers on one thread with the tokens of Node, whatever went wrong before", {
  skip,
}, async () => {
  const page = await openPage("/");
  const missing = { name: "none", files: { "config.json": "missing.json" } };
  assert.match(await failure(page, missing), /missing\.json cannot be fetched \(HTTP 404\)/);
  assert.match(await failure(page, { name: "none", files: {} }), /No files of a model were given/);
  assert.match(await failure(page, { name: "bad", files: { "bad.gguf": "index.html" } }), /is not a valid GGUF file/);
  assert.match(await failure(page, { base: "nowhere/" }), /files\.json cannot be fetched/);
  assert.equal((await loadedIn(page, modelFiles())).threads, 1);
  const { ids, answer, reasoning, deltas } = await ask(page, PRODUCT);
  assert.deepEqual(ids, (await inNode(BUNDLED_MODEL, PRODUCT)).ids);
  assert.deepEqual(deltas, { reasoning, content: answer });
  await page.close();
});

test("an isolated page answers on two threads with the tokens of Node", { skip }, async () => {
  const page = await openPage("/isolated/");
  assert.equal((await loadedIn(page, modelFiles(), 2)).threads, 2);
  assert.deepEqual((await ask(page, PRODUCT)).ids, (await inNode(BUNDLED_MODEL, PRODUCT)).ids);
  await page.close();
});

test("SmolLM2 in 4 bits writes the tokens of Node", { skip: skip || smol.skip }, async () => {
  const question = [{ role: "user", content: "What is the capital of France?" }];
  const page = await openPage("/isolated/");
  await loadedIn(page, { name: "smol", files: { "smol.gguf": path.basename(smol.file) } }, 2);
  const { ids } = await ask(page, question, 8);
  assert.deepEqual(ids, (await inNode(smol.file, question, 8)).ids);
  await page.close();
});

type Addresses =
  | { readonly base: string }
  | { readonly name: string; readonly files: Readonly<Record<string, string>> };

/** Addresses of the bundled model's files. */
function modelFiles(): Addresses {
  const names = [
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
  ];
  const files = [...names, "chat_template.jinja"].map((name) => [name, `reckon-nano/${name}`]);
  return { name: "reckon-nano", files: Object.fromEntries(files) };
}

interface TestWindow {
  engine: BrowserEngine;
}

async function openPage(at: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(0); // however busy the machine is
  await page.goto(server.url + at);
  await page.evaluate(`import("./engine/client.js").then(({ BrowserEngine }) => {
    globalThis.engine = new BrowserEngine(new URL("engine/engine.js", document.baseURI));
  })`);
  return page;
}

const loadedIn = (page: Page, model: Addresses, threads?: number): Promise<LoadedInfo> =>
  page.evaluate(([wanted, count]) => (globalThis as unknown as TestWindow).engine.load(wanted, { threads: count }), [
    model,
    threads,
  ] as const);

const failure = (page: Page, model: Addresses): Promise<string> =>
  page.evaluate(
    (wanted) =>
      (globalThis as unknown as TestWindow).engine.load(wanted).then(
        () => "nothing failed",
        (error: Error) => error.message,
      ),
    model,
  );

type Message = { readonly role: string; readonly content: string };

const ask = (page: Page, messages: readonly Message[], maxTokens = 200) =>
  page.evaluate(
    async ({ messages, maxTokens }) => {
      const deltas = { reasoning: "", content: "" };
      const { engine } = globalThis as unknown as TestWindow;
      const answer = await engine.ask({ messages }, { temperature: 0, maxTokens }, ({ reasoning, content }) => {
        deltas.reasoning += reasoning;
        deltas.content += content;
      });
      return { ids: [...answer.ids], answer: answer.answer, reasoning: answer.reasoning, deltas };
    },
    { messages, maxTokens },
  );

async function inNode(model: string, messages: readonly Message[], maxTokens = 200): Promise<Answer> {
  const session = await ModelSession.open({ model, threads: 1 });
  try {
    const answer = await session.complete({ messages }, { temperature: 0, maxTokens });
    return { ...answer, ids: [...answer.ids] };
  } finally {
    await session.close();
  }
}

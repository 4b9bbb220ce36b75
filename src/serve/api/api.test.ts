// What is said of the API is so: the document names routes there are, docs/api.md is up to date, and its examples run.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { createApp } from "../app.ts";
import { type RunningServer, startServer } from "../server.ts";
import { call } from "../test-server.ts";
import { operations } from "./catalogue.ts";
import { apiMarkdown, EXAMPLE_URL } from "./markdown.ts";

const run = promisify(execFile);
let server: RunningServer;
before(async () => {
  server = await startServer({ port: 0, logLevel: "silent", threads: 1 });
});
after(() => server.stop());

const fences = (language: string): string[] =>
  [...apiMarkdown().matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\``, "g"))].map(([, text]) =>
    text.replaceAll(EXAMPLE_URL, server.url),
  );

test("docs/api.md is what `npm run docs` writes", () => {
  const written = readFileSync(new URL("../../../docs/api.md", import.meta.url), "utf8");
  assert.ok(written === apiMarkdown(), "docs/api.md is out of date: run `npm run docs`");
});

test("every operation told of is one of the server's", async () => {
  const routes = new Set(createApp(server.core).routes.map(({ method, path }) => `${method} ${path}`));
  for (const { method, path } of operations) {
    const route = `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
    assert.ok(routes.has(route), route);
  }
  const document = (await call(`${server.url}/openapi.json`)).body;
  assert.equal(document.openapi, "3.1.0");
  const { schema } = document.paths["/v1/chat/completions"].post.requestBody.content["application/json"];
  assert.deepEqual(schema.required, ["messages"]);
});

test("the examples with curl run, and what they give is an answer", async () => {
  for (const command of fences("sh")) {
    const { stdout } = await run("sh", ["-c", command]);
    assert.ok(stdout.length > 0, command);
  }
});

test("the examples with OpenAI's, Anthropic's and Ollama's clients run", async () => {
  for (const program of fences("js")) {
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program]);
    assert.ok(stdout.trim().length > 0);
  }
});

test("the page to try it takes nothing from elsewhere", async () => {
  const response = await fetch(`${server.url}/docs`);
  const page = await response.text();
  assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  assert.doesNotMatch(page, /https?:\/\//);
});

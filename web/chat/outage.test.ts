// The server is killed while it answers, and started again: Chromium, `reckon serve` as a process, a model that writes for minutes.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tinyModelFolder } from "../../src/serve/test-server.ts";
import { ASSISTANT, bundledTokenizer, THINK, USER } from "../../src/text/character-tokenizer.ts";
import { ask, open, skip, startBrowser } from "../test-window.ts";

startBrowser();

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** Keeps a model that writes at random from writing the template's marks. */
const MARKS = Object.fromEntries(
  [USER, ASSISTANT, THINK].map((mark) => [bundledTokenizer().idOf(mark), -100] as const),
);

async function serve(folder: string, port: number): Promise<{ child: ChildProcess; url: string }> {
  const args = ["serve", "--model", folder, "--port", String(port), "--threads", "1", "--json"];
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(child.stdout!, "data");
  return { child, url: JSON.parse(String(line)).url };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  assert.ok(child.kill("SIGKILL"), "the server has ended by itself");
  await gone;
}

/** The tiny model may write this much: minutes, whatever the machine. */
function lengthen(folder: string): void {
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, max_position_embeddings: 60_000 }));
}

test("a server killed while it answers is told of in words; started again, it answers on from what had come", {
  skip,
}, async () => {
  const model = await tinyModelFolder();
  lengthen(model.folder);
  let running = await serve(model.folder, 0);
  const { port } = new URL(running.url);
  const settings = JSON.stringify({ temperature: "0", maxTokens: "50000" });
  try {
    await open(
      async (page) => {
        await page.route("**/v1/chat/completions", (route) =>
          // So that nothing ends the answer but what this test does, and that it can be gone on with: of plain text alone.
          route.continue({
            postData: JSON.stringify({ ...route.request().postDataJSON(), ignore_eos: true, logit_bias: MARKS }),
          }),
        );
        const written = async (): Promise<number> =>
          (await page.locator(".answer .trace, .answer .markdown").allTextContents()).join("").length;
        const writtenAfter = async (had: number): Promise<void> => {
          while ((await written()) <= had) await page.waitForTimeout(20);
        };
        await ask(page, "What is 2 + 3?");
        await writtenAfter(0);
        await kill(running.child);
        await page.getByText("The server is gone. Trying to reach it again…").waitFor();
        running = await serve(model.folder, Number(port));
        // The page finds it started anew, or had given up before a slow machine had started it.
        await page
          .getByRole("alert")
          .getByText(/^The server (no longer has this answer|has gone while it answered)/)
          .waitFor();
        await page.getByRole("button", { name: "Retry" }).waitFor();
        const had = await written();
        await page.getByRole("button", { name: "Go on", exact: true }).click();
        await writtenAfter(had);
        await page.keyboard.press("Escape");
        await page.getByText("Stopped.").waitFor();
        await page.getByRole("button", { name: "Regenerate" }).click();
        await writtenAfter(0);
        await page.keyboard.press("Escape");
        await page.getByText("Stopped.").waitFor();
        await page.getByText("2/2").waitFor();

        await kill(running.child);
        await ask(page, "What is 3 + 4?");
        await page
          .getByText("The server cannot be reached. It may have been stopped; start it again and retry.")
          .waitFor();
        await page.getByRole("button", { name: "Retry" }).last().waitFor();
      },
      `localStorage.setItem("reckon.settings", ${JSON.stringify(settings)});`,
      running.url,
    );
  } finally {
    running.child.kill("SIGKILL");
    model.remove();
  }
});

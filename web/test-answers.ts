/** For tests: answers that say what a test wants, whole or a piece at a time, in the place of the server's. */
import type { Page } from "playwright-core";

export interface Said {
  readonly thinking?: string;
  readonly content?: string;
  readonly usage?: object | null;
  readonly finish?: string;
}

/** Every question is answered with this, at once. */
export async function answerWith(page: Page, said: Said): Promise<void> {
  await page.route("**/v1/chat/completions", (route) =>
    route.fulfill({ status: 200, contentType: "text/event-stream", body: `${chunksOf(said)}data: [DONE]\n\n` }),
  );
}

function chunksOf({ thinking, content, usage = null, finish = "stop" }: Said): string {
  const chunk = (delta: object, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, logprobs: null, finish_reason }], usage: null })}\n\n`;
  return [
    thinking === undefined ? "" : chunk({ reasoning_content: thinking }),
    content === undefined ? "" : chunk({ content }),
    chunk({}, finish),
    usage === null ? "" : `data: ${JSON.stringify({ choices: [], usage })}\n\n`,
  ].join("");
}

/** Run in the page before its scripts: answers come as `tell` says. */
export const STEPPED = `{
  const real = window.fetch;
  window.fetch = (path, options) => {
    if (!String(path).endsWith("/chat/completions")) return real(path, options);
    const body = new ReadableStream({
      start(control) {
        window.answer = control;
        options.signal.addEventListener("abort", () => {
          try { control.error(options.signal.reason); } catch {}
        });
      },
    });
    return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
  };
}`;

/** Writes on at the answer under way; without a text it ends. */
export async function tell(page: Page, kind: "thinking" | "content" | "end", text = ""): Promise<void> {
  const delta = kind === "thinking" ? { reasoning_content: text } : kind === "content" ? { content: text } : {};
  const finish_reason = kind === "end" ? "stop" : null;
  const chunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta, logprobs: null, finish_reason }], usage: null })}\n\n`;
  await page.evaluate(
    `(() => {
      window.answer.enqueue(new TextEncoder().encode(${JSON.stringify(chunk)}));
      if (${kind === "end"}) {
        window.answer.enqueue(new TextEncoder().encode("data: [DONE]\\n\\n"));
        window.answer.close();
      }
    })()`,
  );
}

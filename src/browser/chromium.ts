/** For tests and benchmarks: Debian's Chromium without a window, and a server of folders that may isolate its pages. */
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type Browser, chromium } from "playwright-core";

/** The Chromium that CHROMIUM names, else Debian's. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** The reason to skip where there is none; CI installs it. */
export const noChromium = (): string | false =>
  !fs.existsSync(executablePath) &&
  `SKIPPED: ${executablePath} is not there (apt-get install chromium, or set CHROMIUM)`;

export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu"],
  });

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export interface TestServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Serves the files of folders, the first that has one; below /isolated/ the same with the headers that isolate a page. */
export async function serveFolders(...folders: readonly string[]): Promise<TestServer> {
  const server = http.createServer((request, response) => {
    let name = decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname);
    if (name.startsWith("/isolated/")) {
      name = name.slice("/isolated".length);
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    if (name.endsWith("/")) name += "index.html";
    const file = folders.map((folder) => path.join(folder, name)).find((one) => fs.existsSync(one));
    if (file === undefined) response.writeHead(404).end();
    else {
      response.writeHead(200, {
        "content-type": TYPES[path.extname(name)] ?? "application/octet-stream",
        "content-length": fs.statSync(file).size,
      });
      fs.createReadStream(file).pipe(response);
    }
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

// A small hub on this machine: repositories as objects, over real HTTP, with the ways a real one fails.
import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";

export interface Repository {
  readonly commit: string;
  /** By path. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** What the list says instead of the truth, by path. */
  readonly lies?: Readonly<Record<string, Record<string, unknown>>>;
  /** Only with this token. */
  readonly token?: string;
}

export interface TestHub {
  readonly endpoint: string;
  readonly repositories: Record<string, Repository>;
  /** Requests for bytes: path, and the position asked for. */
  readonly asked: { readonly path: string; readonly from: number; readonly authorization: string | undefined }[];
  /** Gets each request for bytes first; true: it answered. */
  intercept: ((request: http.IncomingMessage, response: http.ServerResponse) => boolean) | null;
}

/** Starts one, and closes it after the file's tests. Large files are redirected to another port, as hubs do. */
export async function startHub(): Promise<TestHub> {
  const bytes = http.createServer((request, response) => serveFile(hub, request, response));
  const pages = http.createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://hub");
    const list = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(url.pathname);
    if (list !== null) return serveList(hub, list[1], list[2], request, response);
    if (hub.intercept?.(request, response)) return;
    response.writeHead(302, { location: `${addressOf(bytes)}${url.pathname}` }).end();
  });
  const hub: TestHub = { endpoint: "", repositories: {}, asked: [], intercept: null };
  for (const server of [bytes, pages]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    after(() => {
      server.closeAllConnections();
      server.close();
    });
  }
  Object.assign(hub, { endpoint: addressOf(pages) });
  return hub;
}

const addressOf = (server: http.Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function serveList(
  { repositories }: TestHub,
  repo: string,
  revision: string,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  const one = repositories[repo];
  if (one === undefined) return void response.writeHead(401).end('{"error":"Repository not found"}');
  if (revision !== "main" && revision !== one.commit) return void response.writeHead(404).end();
  if (one.token !== undefined && request.headers.authorization !== `Bearer ${one.token}`) {
    return void response.writeHead(403).end();
  }
  const siblings = Object.entries(one.files).map(([rfilename, content]) => {
    const size = content.length;
    const blobId = createHash("sha1").update(`blob ${size}\0`).update(content).digest("hex");
    const sha256 = createHash("sha256").update(content).digest("hex");
    // weights lie in large file storage, and their Git hash is that of a pointer to it
    const lfs = /\.(gguf|safetensors)$/.test(rfilename) ? { blobId: "0".repeat(40), lfs: { sha256, size } } : {};
    return { rfilename, size, blobId, ...lfs, ...one.lies?.[rfilename] };
  });
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ id: repo, sha: one.commit, siblings }));
}

function serveFile(hub: TestHub, request: http.IncomingMessage, response: http.ServerResponse): void {
  const [, repo, , path] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(decodeURI(request.url ?? "")) ?? [];
  const content = hub.repositories[repo]?.files[path];
  if (content === undefined) return void response.writeHead(404).end();
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  hub.asked.push({ path, from, authorization: request.headers.authorization });
  if (from > 0) response.writeHead(206, { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` });
  response.end(content.subarray(from));
}

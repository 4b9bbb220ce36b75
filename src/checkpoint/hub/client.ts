/**
 * What a Hugging Face-compatible hub is asked: which files a model has at a revision, and their bytes from a position on. Two requests of
 * its HTTP interface (huggingface.co/docs/hub/api): /api/models/REPO/revision/REVISION?blobs=true and /REPO/resolve/COMMIT/PATH.
 */
import { reasonOf, UserError } from "../../error.ts";

export interface Hub {
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly token: string | null;
}

export interface HubFile {
  /** Inside the repository, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Of files in large file storage; null: the hub tells a Git hash, or nothing. */
  readonly sha256: string | null;
  /** Git's: SHA-1 of "blob BYTES\0" and the content. Null where sha256 is there, or where the hub tells nothing. */
  readonly gitHash: string | null;
}

export interface HubModel {
  /** The commit that the revision means now: all files are fetched from this one. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** The hub of HF_ENDPOINT (huggingface.co without it), asked with HF_TOKEN. @throws UserError for an address that is none */
export function hubOf(environment: Readonly<Record<string, string | undefined>> = process.env): Hub {
  const endpoint = (environment.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new UserError(
      `HF_ENDPOINT is "${endpoint}", which is not an address; set it to one such as https://huggingface.co, or unset it.`,
      {
        param: "HF_ENDPOINT",
        exitCode: 2,
      },
    );
  }
  return { endpoint, token: environment.HF_TOKEN || null };
}

/** Lists a model's files. @throws UserError where there is no such model or revision, it is closed, or the hub cannot be reached */
export async function listModel(hub: Hub, repo: string, revision: string, signal?: AbortSignal): Promise<HubModel> {
  const url = `${hub.endpoint}/api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const response = await request(hub, url, {}, signal);
  if (!response.ok) throw await refusal(hub, response, `${repo} at ${revision}`);
  let json: unknown;
  try {
    json = await response.json();
  } catch (error) {
    signal?.throwIfAborted();
    throw strange(hub, `it is not JSON (${reasonOf(error)})`);
  }
  return readModel(hub, json);
}

/** Opens a file's bytes from `from` on. The answer may begin at 0 all the same: look at its status. @throws UserError */
export async function openFile(
  hub: Hub,
  repo: string,
  commit: string,
  file: string,
  from: number,
  signal?: AbortSignal,
): Promise<Response> {
  const url = `${hub.endpoint}/${repo}/resolve/${commit}/${file.split("/").map(encodeURIComponent).join("/")}`;
  const response = await request(hub, url, from === 0 ? {} : { range: `bytes=${from}-` }, signal);
  if (response.ok) return response;
  throw await refusal(hub, response, `${file} of ${repo}`);
}

/** A failure that may pass by itself: the connection, a busy or broken server. */
export class Passing extends UserError {
  /** Seconds the server asks to wait; null: it does not say. */
  readonly retryAfter: number | null;

  constructor(message: string, retryAfter: number | null, cause?: unknown) {
    super(message, { type: "hub_unreachable", param: "HF_ENDPOINT", cause });
    this.retryAfter = retryAfter;
  }
}

async function request(
  hub: Hub,
  url: string,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Response> {
  // redirects to another host go without the key: fetch sees to that
  const key = hub.token === null ? {} : { authorization: `Bearer ${hub.token}` };
  try {
    // bytes as they are stored: their count is the file's
    return await fetch(url, { headers: { ...headers, ...key, "accept-encoding": "identity" }, signal });
  } catch (error) {
    signal?.throwIfAborted();
    const cause = (error as { cause?: unknown }).cause ?? error;
    throw new Passing(
      `The hub ${hub.endpoint} cannot be reached (${reasonOf(cause)}); check the network, or name another with HF_ENDPOINT.`,
      null,
      error,
    );
  }
}

async function refusal(hub: Hub, response: Response, what: string): Promise<UserError> {
  await response.body?.cancel().catch(() => undefined);
  const { status } = response;
  const fail = (message: string): UserError => new UserError(message, { type: "hub_refused", param: "name" });
  const token = hub.token === null ? "set HF_TOKEN to a token that may read it" : "HF_TOKEN's token may not read it";
  if (status === 401) return fail(`${what} is not on ${hub.endpoint}, or closed: check the name; if closed, ${token}.`);
  if (status === 403)
    return fail(`${what} is closed on ${hub.endpoint}: accept its conditions on its page, and ${token}.`);
  if (status === 404) return fail(`${what} is not on ${hub.endpoint}: check the name and --revision.`);
  if (status === 416)
    return fail(`${what} is shorter on ${hub.endpoint} than its list of files says; try again later.`);
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  if (status === 429 || status >= 500) {
    return new Passing(
      `The hub ${hub.endpoint} answers ${status} for ${what}; try again later, what is fetched already is kept.`,
      Number.isFinite(after) && after >= 0 ? after : null,
    );
  }
  return fail(`The hub ${hub.endpoint} answers ${status} for ${what}; check HF_ENDPOINT.`);
}

function readModel(hub: Hub, json: unknown): HubModel {
  const { sha, siblings } = (json ?? {}) as { sha?: unknown; siblings?: unknown };
  if (typeof sha !== "string" || !/^[\w.-]{1,64}$/.test(sha)) throw strange(hub, "it names no commit (sha)");
  if (!Array.isArray(siblings)) throw strange(hub, "it lists no files (siblings)");
  return { commit: sha, files: siblings.map((one) => readFile(hub, one)) };
}

function readFile(hub: Hub, entry: unknown): HubFile {
  const { rfilename, size, blobId, lfs } = (entry ?? {}) as Record<string, unknown>;
  if (typeof rfilename !== "string" || !isInside(rfilename)) {
    throw strange(hub, `it lists a file by a name that leads out of the model's folder (${JSON.stringify(rfilename)})`);
  }
  const stored = (lfs ?? {}) as { size?: unknown; sha256?: unknown };
  const bytes = stored.size ?? size;
  if (!(typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0)) {
    throw strange(hub, `it does not tell the size of ${rfilename}`);
  }
  const sha256 = hash(stored.sha256, 64);
  return { path: rfilename, bytes, sha256, gitHash: sha256 === null && lfs == null ? hash(blobId, 40) : null };
}

const hash = (value: unknown, digits: number): string | null =>
  typeof value === "string" && value.length === digits && /^[0-9a-f]+$/.test(value) ? value : null;

/** No absolute path, no step upward, nothing Windows reads as one. */
const isInside = (file: string): boolean =>
  file !== "" && !/[\\:\0]/.test(file) && file.split("/").every((part) => part !== "" && part !== "." && part !== "..");

const strange = (hub: Hub, what: string): UserError =>
  new UserError(`The answer of ${hub.endpoint} is not a hub's: ${what}; check HF_ENDPOINT.`, {
    type: "hub_refused",
    param: "HF_ENDPOINT",
  });

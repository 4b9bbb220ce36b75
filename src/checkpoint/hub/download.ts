/**
 * One file fetched into its place, whatever breaks on the way: what is there already is kept and counted, a broken connection goes on
 * from where it broke, and in the end the bytes are those the hub's list names, by their hash.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { reasonOf, UserError } from "../../error.ts";
import { writeError } from "../atomic.ts";
import { type Hub, type HubFile, openFile, Passing } from "./client.ts";

export interface DownloadOptions {
  readonly hub: Hub;
  readonly repo: string;
  readonly commit: string;
  /** Told of every piece: how many bytes of the file are there now. */
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
  /** Failures in a row, with no byte between them, before it gives up. Default 5. */
  readonly tries?: number;
  /** Milliseconds before the first new try, doubled each time. Default 1000. */
  readonly delay?: number;
  /** Milliseconds without a byte after which a connection counts as broken. Default 60,000. */
  readonly silence?: number;
}

/**
 * Fetches a file, or the rest of one.
 * @returns its SHA-256
 * @throws UserError; what came so far stays, except where its hash was wrong
 */
export async function download(file: HubFile, to: string, options: DownloadOptions): Promise<string> {
  await fs.mkdir(path.dirname(to), { recursive: true });
  // what was there may be of another commit: then all is fetched once more
  const resumed = (await sizeOf(to)) > 0;
  const sha256 = await attempt(file, to, options);
  if (sha256 !== null) return sha256;
  await fs.rm(to, { force: true });
  const again = resumed ? await attempt(file, to, options) : null;
  if (again !== null) return again;
  await fs.rm(to, { force: true });
  throw new UserError(
    `${file.path} of ${options.repo} came with other bytes than the hub's list says (its hash is another); it was removed, pull again.`,
    { type: "wrong_checksum", param: file.path },
  );
}

/** Appends what is missing. Null: the hash is wrong. */
async function attempt(file: HubFile, to: string, options: DownloadOptions): Promise<string | null> {
  const { signal, tries = 5, delay = 1000 } = options;
  const digest = new Digest(file);
  let done = Math.min(await sizeOf(to), file.bytes);
  if (done > 0) await digest.addFile(to, done, signal);
  const handle = await fs.open(to, done > 0 ? "r+" : "w").catch((error: unknown) => {
    throw writeError(error, to);
  });
  try {
    await handle.truncate(done);
    for (let failed = 0; done < file.bytes; ) {
      const before = done;
      try {
        for await (const piece of pieces(file, done, options)) {
          if (piece.restart) {
            done = 0;
            digest.restart();
            await handle.truncate(0);
          }
          await write(handle, piece.bytes, done, to);
          digest.add(piece.bytes);
          done += piece.bytes.length;
          options.onBytes?.(done);
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Passing)) throw error;
        failed = done > before ? 1 : failed + 1;
        if (failed >= tries) throw error;
        await wait((error.retryAfter ?? 0) * 1000 || delay * 2 ** (failed - 1), undefined, { signal });
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  options.onBytes?.(done);
  return digest.result();
}

interface Piece {
  readonly bytes: Uint8Array;
  /** The server ignored the position: this piece is the file's first. */
  readonly restart: boolean;
}

/** The rest of a file as it comes. @throws Passing where the connection breaks, is silent, or ends early */
async function* pieces(file: HubFile, from: number, options: DownloadOptions): AsyncGenerator<Piece> {
  const { hub, repo, commit, signal, silence = 60_000 } = options;
  const quiet = new AbortController();
  const alarm = setTimeout(() => quiet.abort(new Error(`no byte came for ${silence / 1000} s`)), silence);
  const both = AbortSignal.any([quiet.signal, ...(signal === undefined ? [] : [signal])]);
  const broken = (error: unknown): Passing =>
    new Passing(
      `The connection to ${hub.endpoint} broke while ${file.path} was fetched (${reasonOf(error)}); pull again to go on from there.`,
      null,
      error,
    );
  let come = from;
  try {
    const response = await openFile(hub, repo, commit, file.path, from, both);
    let restart = from > 0 && response.status !== 206;
    if (restart) come = 0;
    if (response.body === null) throw broken("no content");
    for await (const bytes of response.body) {
      alarm.refresh();
      come += bytes.length;
      if (come > file.bytes) {
        throw new UserError(
          `${file.path} of ${repo} is longer on ${hub.endpoint} than its list of files says; try again later.`,
          {
            type: "hub_refused",
            param: file.path,
          },
        );
      }
      yield { bytes, restart };
      restart = false;
    }
    if (come < file.bytes) throw broken(`${file.bytes - come} bytes are missing`);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UserError && !quiet.signal.aborted) throw error;
    throw broken(quiet.signal.aborted ? quiet.signal.reason : ((error as { cause?: unknown }).cause ?? error));
  } finally {
    clearTimeout(alarm);
  }
}

async function write(handle: fs.FileHandle, bytes: Uint8Array, at: number, file: string): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    }
  } catch (error) {
    throw writeError(error, file);
  }
}

const sizeOf = async (file: string): Promise<number> => (await fs.stat(file).catch(() => null))?.size ?? 0;

/** SHA-256, and Git's hash beside it where that is what the hub tells. */
class Digest {
  readonly #file: HubFile;
  #sha256!: Hash;
  #git!: Hash | null;

  constructor(file: HubFile) {
    this.#file = file;
    this.restart();
  }

  restart(): void {
    this.#sha256 = createHash("sha256");
    this.#git = this.#file.gitHash === null ? null : createHash("sha1").update(`blob ${this.#file.bytes}\0`);
  }

  add(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#git?.update(bytes);
  }

  async addFile(file: string, bytes: number, signal?: AbortSignal): Promise<void> {
    for await (const piece of createReadStream(file, { end: bytes - 1, signal, highWaterMark: 1 << 20 }))
      this.add(piece);
  }

  /** The SHA-256, or null where it, or Git's hash, is not what the hub says. */
  result(): string | null {
    const sha256 = this.#sha256.digest("hex");
    const git = this.#git?.digest("hex") ?? null;
    const { sha256: wanted, gitHash } = this.#file;
    return (wanted ?? sha256) === sha256 && gitHash === git ? sha256 : null;
  }
}

/** A model's files into memory: fetched one after the other with progress, or given as bytes. */
import { UserError } from "../error.ts";
import { putFile, removeFolder } from "./platform/fs.ts";
import type { BrowserModel } from "./protocol.ts";

/** Where models lie among the files in memory. */
const MODELS = "/models";

/** A file of a folder that `reckon export --web` wrote, as its files.json lists it. */
export interface ListedFile {
  readonly name: string;
  readonly bytes: number;
}

/** Called with the bytes that are there and those there will be; the total is 0 while a server does not tell. */
export type OnProgress = (loaded: number, total: number) => void;

/**
 * Brings a model's files into memory and returns the path to open; `release` forgets them, once the weights are on the device.
 * @throws UserError where a file is not given, or is cut short
 */
export async function fetchModel(
  model: BrowserModel,
  onProgress: OnProgress,
): Promise<{ readonly path: string; readonly release: () => void }> {
  const { name, files } = "base" in model ? await listed(model.base) : given(model);
  const folder = `${MODELS}/${name.replaceAll("/", "-")}`;
  const release = (): void => removeFolder(folder);
  release(); // of a loading that failed
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let loaded = 0;
  for (const file of files) {
    const bytes = await contentOf(file, (count) => onProgress(loaded + count, total));
    loaded += bytes.length;
    putFile(`${folder}/${file.name}`, bytes);
  }
  const ggufs = files.filter((file) => /\.gguf$/i.test(file.name)).map((file) => file.name);
  const path =
    ggufs.length > 0 && !files.some((file) => file.name === "config.json") ? `${folder}/${ggufs.sort()[0]}` : folder;
  return { path, release };
}

interface WantedFile {
  readonly name: string;
  /** 0 where it is not known before. */
  readonly bytes: number;
  readonly from: string | ArrayBuffer | Blob;
}

async function listed(base: string): Promise<{ name: string; files: WantedFile[] }> {
  const url = new URL("files.json", base);
  const text = new TextDecoder().decode(await contentOf({ name: "files.json", bytes: 0, from: url.href }, () => {}));
  try {
    const { name, files } = JSON.parse(text) as { name: string; files: readonly ListedFile[] };
    return { name, files: files.map((file) => ({ ...file, from: new URL(file.name, url).href })) };
  } catch (cause) {
    throw new UserError(`${url} is not a list of a model's files; copy the exported folder whole.`, { cause });
  }
}

function given(model: Exclude<BrowserModel, { base: string }>): { name: string; files: WantedFile[] } {
  const files = Object.entries(model.files).map(([name, from]): WantedFile => {
    const bytes = typeof from === "string" ? 0 : from instanceof Blob ? from.size : from.byteLength;
    return { name, bytes, from };
  });
  if (files.length === 0) {
    throw new UserError(
      "No files of a model were given; give a GGUF file, or config.json, *.safetensors and tokenizer.json.",
    );
  }
  return { name: model.name, files };
}

async function contentOf({ name, bytes, from }: WantedFile, onLoaded: (count: number) => void): Promise<Uint8Array> {
  if (from instanceof ArrayBuffer) return new Uint8Array(from);
  if (from instanceof Blob) return new Uint8Array(await from.arrayBuffer());
  const answer = await fetch(from).catch((cause: unknown) => {
    throw new UserError(`${from} cannot be fetched (${String(cause)}); check the address and the connection.`, {
      cause,
    });
  });
  if (!answer.ok || answer.body === null) {
    throw new UserError(`${from} cannot be fetched (HTTP ${answer.status}); check the address.`, { param: name });
  }
  // a compressed answer's length is not that of its content
  const told = answer.headers.has("content-encoding") ? 0 : Number(answer.headers.get("content-length") ?? 0);
  const content = await collected(answer.body, bytes || told, onLoaded);
  if (bytes > 0 && content.length !== bytes) {
    throw new UserError(`${from} has ${content.length} bytes, not ${bytes}; copy the exported folder again.`, {
      param: name,
      type: "invalid_checkpoint",
    });
  }
  return content;
}

/** A stream as one array: into room of the expected size, so that a large file is not held twice. */
async function collected(
  stream: AsyncIterable<Uint8Array>,
  expected: number,
  onLoaded: (count: number) => void,
): Promise<Uint8Array> {
  let room = new Uint8Array(expected > 0 ? expected : 1 << 16);
  let length = 0;
  for await (const piece of stream) {
    if (length + piece.length > room.length) {
      const grown = new Uint8Array(Math.max(2 * room.length, length + piece.length));
      grown.set(room.subarray(0, length));
      room = grown;
    }
    room.set(piece, length);
    length += piece.length;
    onLoaded(length);
  }
  return room.subarray(0, length);
}

/**
 * Files in memory, under the names of node:fs that reading a model uses: the bundle for the browser has this in its place, so that the
 * code that opens folders, safetensors and GGUF files runs there unchanged. Nothing can be written but by `putFile`.
 */

const files = new Map<string, Uint8Array>();
const open = new Map<number, Uint8Array>();
let nextFd = 3;

/** Puts a file where the functions below find it; the bytes are not copied. @param path absolute, such as /model/config.json */
export function putFile(path: string, bytes: Uint8Array): void {
  files.set(path, bytes);
}

/** Forgets everything in a folder. */
export function removeFolder(folder: string): void {
  for (const path of files.keys()) if (path.startsWith(`${folder}/`)) files.delete(path);
}

export const existsSync = (path: string): boolean => files.has(path) || isFolder(path);

export function statSync(path: string, options?: { readonly throwIfNoEntry?: boolean }): FileStatus | undefined {
  const bytes = files.get(path);
  if (bytes !== undefined) return status(bytes.length, true);
  if (isFolder(path)) return status(0, false);
  if (options?.throwIfNoEntry === false) return undefined;
  throw missing(path);
}

export function readdirSync(folder: string): string[] {
  if (!isFolder(folder)) throw missing(folder);
  const inside = [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
  return [...new Set(inside.map((path) => path.slice(folder.length + 1).split("/")[0]))].sort();
}

export function readFileSync(path: string, encoding?: "utf8"): Uint8Array | string {
  const bytes = files.get(path);
  if (bytes === undefined) throw missing(path);
  return encoding === undefined ? bytes.slice() : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

export function openSync(path: string): number {
  const bytes = files.get(path);
  if (bytes === undefined) throw missing(path);
  open.set(nextFd, bytes);
  return nextFd++;
}

export const fstatSync = (fd: number): FileStatus => status(opened(fd).length, true);

/** Copies up to `length` bytes from `position` on and says how many there were. */
export function readSync(fd: number, into: Uint8Array, offset: number, length: number, position: number): number {
  const part = opened(fd).subarray(position, position + length);
  into.set(part, offset);
  return part.length;
}

export function closeSync(fd: number): void {
  open.delete(fd);
}

interface FileStatus {
  readonly size: number;
  readonly isFile: () => boolean;
  readonly isDirectory: () => boolean;
}

const status = (size: number, file: boolean): FileStatus => ({ size, isFile: () => file, isDirectory: () => !file });

function isFolder(path: string): boolean {
  const prefix = path === "/" ? "/" : `${path}/`;
  for (const file of files.keys()) if (file.startsWith(prefix)) return true;
  return false;
}

function opened(fd: number): Uint8Array {
  const bytes = open.get(fd);
  if (bytes === undefined) throw new Error(`EBADF: no open file ${fd}`);
  return bytes;
}

const missing = (path: string): Error =>
  Object.assign(new Error(`ENOENT: no such file or directory, ${path}`), { code: "ENOENT" });

export default { existsSync, statSync, readdirSync, readFileSync, openSync, fstatSync, readSync, closeSync };

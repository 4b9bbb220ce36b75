// What the text commands read: standard input, JSON files, and the model whose tokenizer and template they use.
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { UserError } from "../error.ts";

/** Where a MODEL argument lies where only the text side is needed: a folder or a GGUF file; nothing is the bundled model. */
export function textModelPath(model: string | undefined): string {
  return model ?? fileURLToPath(new URL("../../models/reckon-nano", import.meta.url));
}

/** All of standard input as text, nothing cut off. @throws UserError where it is not UTF-8 */
export async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return decodeUtf8(Buffer.concat(chunks), "standard input");
}

/** A text file. @throws UserError where it cannot be read or is not UTF-8 */
export function readTextFile(file: string, flag: string): string {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new UserError(`${flag} ${file} cannot be read (${(error as NodeJS.ErrnoException).code}); check the path`, {
      param: flag,
      cause: error,
    });
  }
  return decodeUtf8(bytes, file);
}

/** A JSON file, parsed by `parse` where given. @throws UserError */
export function readJsonFile(file: string, flag: string, parse: (text: string) => unknown = JSON.parse): unknown {
  try {
    return parse(readTextFile(file, flag));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${flag} ${file} is not JSON (${(error as Error).message.replace(/\s+/g, " ")})`, {
      param: flag,
      cause: error,
    });
  }
}

function decodeUtf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`${where} is not UTF-8 text; convert it first`, { param: where });
  }
}

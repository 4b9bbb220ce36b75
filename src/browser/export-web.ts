/**
 * A static folder that chats, and learns, in the visitor's browser: the engine, a model and two small pages. Any host of files can serve
 * it. Where the host cannot send the headers that isolate a page, isolate.js, a service worker, adds them, so that threads work there too.
 */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { writeFolderAtomically } from "../checkpoint/atomic.ts";
import { checkIsFree, digestFolder, type FolderDigest, TEXT_FILES } from "../checkpoint/export.ts";
import { openModel } from "../checkpoint/open-model.ts";
import { modelPath } from "../generate/load-model.ts";
import { bundleEngine } from "./bundle.ts";
import type { ListedFile } from "./fetch-model.ts";

const PAGES = fileURLToPath(new URL("./page", import.meta.url));
/** The app's own. */
const COLOURS = fileURLToPath(new URL("../../web/colours.css", import.meta.url));

/**
 * Writes the folder, whole or not at all. `model`: as `--model` takes it; left out, the bundled one, whose base model comes along to be trained.
 * @throws UserError where the model cannot be opened, or files stand in the way
 */
export async function exportWeb(folder: string, model?: string): Promise<FolderDigest> {
  checkIsFree(folder, "--web");
  const source = openModel(modelPath(model)); // what cannot be opened here would not open there
  const { name, path: place } = source;
  source.close();
  await writeFolderAtomically(folder, async (temporary) => {
    const base = path.join(place, "base");
    const trains = fs.existsSync(path.join(base, "config.json"));
    for (const page of fs.readdirSync(PAGES)) {
      if (trains || !page.startsWith("train")) fs.copyFileSync(path.join(PAGES, page), path.join(temporary, page));
    }
    fs.copyFileSync(COLOURS, path.join(temporary, "colours.css"));
    await bundleEngine(path.join(temporary, "engine"));
    copyModel(name, place, path.join(temporary, "model"));
    if (trains) copyModel(`${name} base`, base, path.join(temporary, "base"));
  });
  return digestFolder(folder);
}

/** A model's files as they are, and files.json, which lists them for the engine. */
function copyModel(name: string, place: string, to: string): void {
  fs.mkdirSync(to);
  const folder = fs.statSync(place).isDirectory() ? place : path.dirname(place);
  const files = modelFiles(place);
  for (const file of files) fs.copyFileSync(path.join(folder, file.name), path.join(to, file.name));
  fs.writeFileSync(path.join(to, "files.json"), `${JSON.stringify({ name, files }, null, 2)}\n`);
}

/** What the engine needs of a model, a folder or a GGUF file, with sizes. */
export function modelFiles(place: string): ListedFile[] {
  const folder = fs.statSync(place).isDirectory() ? place : path.dirname(place);
  return namesOf(place).map((name) => ({ name, bytes: fs.statSync(path.join(folder, name)).size }));
}

function namesOf(place: string): string[] {
  if (fs.statSync(place).isDirectory()) {
    return fs
      .readdirSync(place)
      .filter(
        (file) => file === "config.json" || TEXT_FILES.includes(file) || /\.safetensors(\.index\.json)?$/.test(file),
      );
  }
  const part = /-00001-of-(\d{5}\.gguf)$/i.exec(place);
  if (part === null) return [path.basename(place)];
  const first = path.basename(place).slice(0, -part[0].length);
  return fs
    .readdirSync(path.dirname(place))
    .filter((file) => file.startsWith(`${first}-`) && file.endsWith(`-of-${part[1]}`))
    .sort();
}

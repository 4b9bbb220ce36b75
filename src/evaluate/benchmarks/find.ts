/** Where a benchmark's file is looked for: a folder that was named, else the usual places near the working folder. */
import fs from "node:fs";
import path from "node:path";
import { UserError } from "../../error.ts";

export interface DataPlaces {
  /** `--data`: looked in alone. */
  readonly folder?: string;
  /** RECKON_DATA: looked in first. */
  readonly variable?: string;
  readonly workingFolder: string;
  /** Of the program itself. */
  readonly checkout: string;
}

/** The folders in the order they are looked in; each also by its subfolder `benchmarks`. */
export function dataFolders({ folder, variable, workingFolder, checkout }: DataPlaces): string[] {
  const bases =
    folder !== undefined
      ? [folder]
      : [
          ...(variable === undefined || variable === "" ? [] : [variable]),
          ...[workingFolder, checkout].flatMap((own) => [
            path.join(own, "data"),
            path.join(own, "../data"),
            path.join(own, "../shared/data"),
          ]),
        ];
  return [...new Set(bases.map((base) => path.resolve(workingFolder, base)))].flatMap((base) => [
    base,
    path.join(base, "benchmarks"),
  ]);
}

/** The first of the files there is, gzipped or not. @throws UserError saying where it looked */
export function findFile(benchmark: string, files: readonly string[], places: DataPlaces): string {
  const folders = dataFolders(places);
  for (const folder of folders)
    for (const name of files)
      for (const candidate of [path.join(folder, name), path.join(folder, `${name}.gz`)])
        if (isFile(candidate)) return candidate;
  const looked = folders.filter((folder) => fs.existsSync(folder));
  throw new UserError(
    `The benchmark ${benchmark} needs its file ${files[0]} (or ${files[0]}.gz), which is not in ${(looked.length > 0 ? looked : folders).join(", ")}; ` +
      "name the folder with --data or RECKON_DATA, or give the file itself to --benchmark.",
    { type: "not_found", param: "--data", exitCode: 2 },
  );
}

/** Whether a text names a file rather than a benchmark: it is there, or is written like one. */
export const looksLikeFile = (text: string): boolean => isFile(text) || /[/\\]|\.(jsonl?|csv)(\.gz)?$/i.test(text);

const isFile = (file: string): boolean => fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;

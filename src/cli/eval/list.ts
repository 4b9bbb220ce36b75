// `reckon eval list`: the benchmarks there are, where their files are, and what may be done with them.
import { findFile } from "../../evaluate/benchmarks/find.ts";
import { heldOut } from "../../evaluate/benchmarks/held-out.ts";
import { FILE_BENCHMARKS } from "../../evaluate/benchmarks/registry.ts";
import { formatTable } from "../humane.ts";
import { print, printJson } from "../output.ts";
import { placesOf } from "./options.ts";

export function listBenchmarks({ data, json }: { readonly data?: string; readonly json?: true }): void {
  const places = placesOf(data);
  const rows = FILE_BENCHMARKS.filter(({ files }) => files.length > 0).map(({ name, about, licence, files }) => {
    let file: string | null = null;
    try {
      file = findFile(name, files, places);
    } catch {}
    return { name, about, licence, file, wanted: files[0]! };
  });
  const all = [{ ...heldOut, file: null, wanted: null }, ...rows];
  if (json) {
    printJson({ benchmarks: all.map(({ name, about, licence, file }) => ({ name, about, licence, file })) });
    return;
  }
  const where = (file: string | null, wanted: string | null): string =>
    file ?? (wanted === null ? "made when asked" : `wants ${wanted}`);
  print(
    formatTable([
      ["benchmark", "about", "file", "licence"],
      ...all.map(({ name, about, licence, file, wanted }) => [name, about, where(file, wanted), licence]),
    ]),
  );
}

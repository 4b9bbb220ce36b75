/**
 * `reckon bench memory`: what a process takes that has opened a model, beside the size of its file and what Node takes with nothing loaded.
 * Each is measured in a process of its own, since memory once taken is not always given back.
 */
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface MemoryBenchOptions {
  readonly model: string;
  readonly threads?: number;
  readonly emit: (line: Readonly<Record<string, unknown>>) => void;
}

/** The bar: resident bytes for each byte of the file. */
const BAR = 2;

/** What a process has in memory, and had at most, in bytes. */
export interface Resident {
  readonly now: number;
  readonly most: number;
  /** Weights and what goes with them, in the device's own memory. */
  readonly device: number;
  readonly file: number;
}

export async function run({ model, threads, emit }: MemoryBenchOptions): Promise<void> {
  const bare = Number(execFileSync(process.execPath, ["-p", "process.memoryUsage().rss"]));
  const loaded = await residentOf(model, threads);
  const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  const times = (bytes: number): number => Math.round((100 * bytes) / loaded.file) / 100;
  emit({
    bench: "memory",
    file_mb: megabytes(loaded.file),
    weights_mb: megabytes(loaded.device),
    resident_mb: megabytes(loaded.now),
    most_mb: megabytes(loaded.most),
    bare_node_mb: megabytes(bare),
    "resident / file": times(loaded.now),
    "resident without bare Node / file": times(loaded.now - bare),
    bar: BAR,
  });
}

/** Opens a model in a process of its own and says what that takes. `threads` left out: as many as help the model. */
export async function residentOf(model: string, threads?: number, env = process.env): Promise<Resident> {
  const args = [model, ...(threads === undefined ? [] : [String(threads)])];
  const execArgv = ["--disable-warning=ExperimentalWarning"];
  const child = fork(fileURLToPath(import.meta.url), args, { execArgv, env });
  // it keeps its compiled code as it ends: before that the next process would compile anew, which takes 20 MB
  const ended = once(child, "exit");
  const [resident] = await once(child, "message");
  await ended;
  return resident;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , model, threads] = process.argv;
  const { ModelSession } = await import("../src/generate/session.ts");
  const opened = await ModelSession.open({ model, threads: threads === undefined ? undefined : Number(threads) });
  const { rss } = process.memoryUsage();
  const most = process.resourceUsage().maxRSS * 1024;
  const device = opened.decoder.device.usage().bytes;
  process.send?.({ now: rss, most, device, file: opened.about.fileBytes } satisfies Resident, () => process.exit());
}

/** A run as it trains, as server-sent events: its files are looked at twice a second, nobody has to tell the server anything. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { summarizeRun } from "../../train/run-reader.ts";
import { type StreamSource, sseFrame } from "../stream/sse.ts";
import type { FoundRun } from "./places.ts";
import { statusWithPause } from "./process.ts";
import { readTail } from "./tail.ts";

export interface LiveFrom {
  /** Bytes of metrics.jsonl and evaluations.jsonl that the reader has. */
  readonly metrics: number;
  readonly evaluations: number;
}

/** Frames: {kind: "metrics" | "evaluations", rows, next, again} and {kind: "status", status, rollouts}. It never ends by itself. */
export function liveFrames({ folder }: FoundRun, from: LiveFrom, everyMs = 500): StreamSource {
  const at = { ...from };
  const gone = new AbortController();
  let status = "";
  return {
    async next() {
      while (!gone.signal.aborted) {
        const frames: string[] = [];
        for (const kind of ["metrics", "evaluations"] as const) {
          const { rows, next, again } = readTail(join(folder, `${kind}.jsonl`), at[kind]);
          at[kind] = next;
          if (rows.length > 0 || again) frames.push(sseFrame(JSON.stringify({ kind, rows, next, again })));
        }
        const now = JSON.stringify({
          kind: "status",
          status: statusWithPause(summarizeRun(folder)),
          rollouts: changed(folder),
        });
        if (now !== status) frames.push(sseFrame(now));
        status = now;
        if (frames.length > 0) return frames;
        await sleep(everyMs, undefined, { signal: gone.signal }).catch(() => {});
      }
      return null;
    },
    cancel: () => gone.abort(),
  };
}

/** When rollouts last appeared, in milliseconds since 1970. */
const changed = (folder: string): number => statSync(join(folder, "rollouts"), { throwIfNoEntry: false })?.mtimeMs ?? 0;

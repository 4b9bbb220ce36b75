/** A run's metrics, all there are and then as they are written. */
import { useEffect, useRef, useState } from "react";
import { request } from "../api/client.ts";
import { loadSettings } from "../chat/settings.ts";
import { ask, pathOf, type Row, type Status } from "./api.ts";

export interface LiveRun {
  readonly metrics: readonly Row[];
  /** Those that came after the page asked for the run. */
  readonly evaluations: readonly Row[];
  readonly status: Status | null;
  /** Changes when samples were written. */
  readonly rollouts: number;
  readonly failure: string | null;
}

const NOTHING: LiveRun = { metrics: [], evaluations: [], status: null, rollouts: 0, failure: null };

interface Tail {
  readonly rows: readonly Row[];
  readonly next: number;
  readonly again: boolean;
}

/** @param follows false: read once, for runs that are only compared with */
export function useLive(run: string | null, follows: boolean): LiveRun {
  const [live, setLive] = useState<LiveRun>(NOTHING);
  const at = useRef(0);
  useEffect(() => {
    setLive(NOTHING);
    at.current = 0;
    if (run === null) return;
    const gone = new AbortController();
    const take = ({ rows, next, again }: Tail): void => {
      at.current = next;
      setLive((was) => ({ ...was, metrics: again ? rows : [...was.metrics, ...rows], failure: null }));
    };
    const work = async (): Promise<void> => {
      for (;;) {
        const tail = await ask<Tail>("/v1/runs/metrics", { run, from: at.current }, gone.signal);
        take(tail);
        if (tail.rows.length === 0) break;
      }
      if (follows) await listen(run, gone.signal);
    };
    const listen = async (id: string, signal: AbortSignal): Promise<void> => {
      const path = pathOf("/v1/runs/live", { run: id, metrics: at.current, evaluations: 0 });
      const response = await request(path, loadSettings().key, undefined, signal);
      for await (const told of eventsOf(response)) {
        if (told.kind === "metrics") take(told as unknown as Tail);
        else if (told.kind === "evaluations") {
          const { rows, again } = told as unknown as Tail;
          setLive((was) => ({ ...was, evaluations: again ? rows : [...was.evaluations, ...rows] }));
        } else setLive((was) => ({ ...was, status: told.status as Status, rollouts: Number(told.rollouts) }));
      }
    };
    // A server gone is asked again until it is back.
    const keepTrying = async (): Promise<void> => {
      while (!gone.signal.aborted) {
        try {
          await work();
          if (!follows) return;
        } catch (error) {
          if (gone.signal.aborted) return;
          setLive((was) => ({ ...was, evaluations: [], failure: (error as Error).message }));
        }
        await new Promise((resolve) => setTimeout(resolve, 2000));
      }
    };
    void keepTrying();
    return () => gone.abort();
  }, [run, follows]);
  return live;
}

async function* eventsOf(response: Response): AsyncGenerator<Row> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    held += value;
    for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n")) {
      const frame = held.slice(0, end);
      held = held.slice(end + 2);
      if (frame.startsWith("data: ")) yield JSON.parse(frame.slice(6));
    }
  }
}

/** The training window's questions to the server. */
import { useCallback, useEffect, useState } from "react";
import type { Reading } from "../../src/serve/training/samples/row.ts";
import { request } from "../api/client.ts";
import { loadSettings } from "../chat/settings.ts";

export type Status = "training" | "paused" | "finished" | "unfinished";
export type Row = Readonly<Record<string, unknown>>;

export interface RunBrief {
  readonly id: string;
  readonly recipe: string | null;
  readonly preset: string | null;
  readonly seed: number | null;
  readonly created: string | null;
  readonly status: Status;
  readonly step: number | null;
  readonly reward: number | null;
  readonly loss: number | null;
  readonly warnings: number;
  readonly seconds: number | null;
  readonly usd: number | null;
  readonly has_rollouts: boolean;
  /** Seconds since 1970. */
  readonly updated: number;
}

export interface RunList {
  readonly root: string;
  readonly may_train: boolean;
  readonly recipes: readonly string[];
  readonly presets: readonly { readonly name: string; readonly about: string }[];
  readonly runs: readonly RunBrief[];
}

export interface Run extends RunBrief {
  readonly config: Row | null;
  readonly report: Row | null;
  readonly last: Row | null;
  readonly checkpoints: readonly string[];
  readonly stages: readonly RunBrief[];
  readonly evaluations: readonly Row[];
  readonly evaluations_next: number;
}

export type Query = Readonly<Record<string, string | number | null | undefined>>;

export function pathOf(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

/** @throws ApiFailure */
export async function ask<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return (await request(pathOf(path, query), loadSettings().key, undefined, signal)).json();
}

/** @throws ApiFailure */
export async function send<T>(path: string, body: unknown): Promise<T> {
  return (await request(path, loadSettings().key, body)).json();
}

/**
 * Asks until the server is up to the run's files.
 * @param told how far it is meanwhile; null once it is there
 * @throws ApiFailure
 */
export async function askSamples<T extends object>(
  path: string,
  query: Query,
  signal: AbortSignal,
  told: (reading: Reading | null) => void,
): Promise<T> {
  for (;;) {
    const answer = await ask<T | { readonly reading: Reading }>(path, { ...query, wait: "false" }, signal);
    if (!("reading" in answer)) {
      told(null);
      return answer;
    }
    told(answer.reading);
  }
}

export interface Answer<T> {
  /** The last answer there was, also while the next is on its way. */
  readonly data: T | null;
  readonly failure: string | null;
  readonly again: () => void;
  /** Of samples: how far the server is with the run's files, where it is not there yet. */
  readonly reading: Reading | null;
}

/** Asks when the page shows it, and again whenever the question changes. @param everyMs also asks again and again */
export function useAnswer<T extends object>(path: string | null, query: Query = {}, everyMs = 0): Answer<T> {
  const question = path === null ? null : pathOf(path, query);
  const [state, setState] = useState<{ data: T | null; failure: string | null }>({ data: null, failure: null });
  const [reading, setReading] = useState<Reading | null>(null);
  const [count, setCount] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: question is path and query; count asks again
  useEffect(() => {
    if (question === null) return;
    const gone = new AbortController();
    const load = (): Promise<void> =>
      (path!.startsWith("/v1/runs/samples")
        ? askSamples<T>(path!, query, gone.signal, setReading)
        : ask<T>(path!, query, gone.signal)
      )
        .then((data) => setState({ data, failure: null }))
        .catch((error: Error) => {
          if (!gone.signal.aborted) setState((was) => ({ ...was, failure: error.message }));
        });
    void load();
    const timer = everyMs > 0 ? setInterval(load, everyMs) : undefined;
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [question, everyMs, count]);
  return { ...state, reading, again: useCallback(() => setCount((n) => n + 1), []) };
}

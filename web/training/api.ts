/** The training window's questions to the server. */
import { useCallback, useEffect, useState } from "react";
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

export interface Sample {
  readonly id: number;
  readonly step: number;
  readonly group: number;
  readonly task: string;
  readonly prompt_id: number;
  readonly reward: number | null;
  readonly advantage: number | null;
  readonly tokens: number;
  readonly entropy: number | null;
  readonly logp: number | null;
  readonly truncated: boolean;
  readonly prompt: string;
  readonly response: string;
  readonly rewards: Readonly<Record<string, number | null>> | null;
  readonly reason: string | null;
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

export interface Answer<T> {
  /** The last answer there was, also while the next is on its way. */
  readonly data: T | null;
  readonly failure: string | null;
  readonly again: () => void;
}

/** Asks when the page shows it, and again whenever the question changes. @param everyMs also asks again and again */
export function useAnswer<T>(path: string | null, query: Query = {}, everyMs = 0): Answer<T> {
  const question = path === null ? null : pathOf(path, query);
  const [state, setState] = useState<{ of: string | null; data: T | null; failure: string | null }>({
    of: null,
    data: null,
    failure: null,
  });
  const [count, setCount] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: count asks again
  useEffect(() => {
    if (question === null) return;
    const gone = new AbortController();
    const load = (): Promise<void> =>
      request(question, loadSettings().key, undefined, gone.signal)
        .then((response) => response.json())
        .then((data: T) => setState({ of: question, data, failure: null }))
        .catch((error: Error) => {
          if (!gone.signal.aborted) setState((was) => ({ ...was, of: question, failure: error.message }));
        });
    void load();
    const timer = everyMs > 0 ? setInterval(load, everyMs) : undefined;
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [question, everyMs, count]);
  return { data: state.data, failure: state.failure, again: useCallback(() => setCount((n) => n + 1), []) };
}

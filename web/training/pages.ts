/** The rows of a question that is answered page by page: only pages that are looked at are asked for. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Reading } from "../../src/serve/training/samples/row.ts";
import { askSamples, type Query } from "./api.ts";

const PAGE = 100;
/** Pages kept: what one scrolls back to is there at once. */
const KEPT = 60;
/** Whoever scrolls fast passes many pages: only those in view so often are asked for. */
const EVERY_MS = 50;
/** Rows before and after those in view that are asked for too. */
const AHEAD = 40;

interface PageOf<T> {
  readonly total: number;
  readonly version: number;
  readonly rows: readonly T[];
}

/** What is known of one question's rows. */
interface Known<T> {
  readonly asking: Asking;
  readonly total: number;
  readonly pages: ReadonlyMap<number, readonly T[]>;
}

interface Asking {
  /** Names the state of the table that all its pages are of. */
  version: number | undefined;
  total: number;
  /** Those there are, and those on their way with what stops them. */
  readonly pages: Map<number, AbortController>;
}

/**
 * Rows of a question that is answered page by page.
 * @param changed other: there may be more rows; taken up by one who looks at the first
 */
export function usePages<T>(path: string, query: Query, changed: number) {
  const [known, setKnown] = useState<Known<T> | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [reading, setReading] = useState<Reading | null>(null);
  const current = useRef<Asking>({ version: undefined, total: 0, pages: new Map() });
  const seen = useRef({ first: 0, count: 0 });
  const taken = useRef(changed);
  if (seen.current.first < 1) taken.current = changed;

  const fetchPage = useCallback(
    async (page: number): Promise<void> => {
      const own = current.current;
      if (own.pages.has(page)) return;
      const gone = new AbortController();
      own.pages.set(page, gone);
      try {
        const asked = { ...query, from: page * PAGE, count: PAGE, version: own.version };
        const { total, version, rows } = await askSamples<PageOf<T>>(path, asked, gone.signal, setReading);
        const isFirst = own.version === undefined;
        own.version ??= version;
        own.total = total;
        setFailure(null);
        setKnown((was) => {
          const before = was?.asking === own ? [...was.pages] : [];
          for (const [old] of before.slice(0, -KEPT)) own.pages.delete(old);
          return { asking: own, total, pages: new Map([...before.slice(-KEPT), [page, rows]]) };
        });
        // Whoever scrolled on before the first answer came waits for other rows.
        if (isFirst) for (const other of pagesOf(seen.current, total)) void fetchPage(other);
      } catch (error) {
        own.pages.delete(page);
        if (!gone.signal.aborted) setFailure((error as Error).message);
      }
    },
    [path, query],
  );
  const newest = taken.current;
  // biome-ignore lint/correctness/useExhaustiveDependencies: newest asks again
  useEffect(() => {
    const own: Asking = { version: undefined, total: 0, pages: new Map() };
    current.current = own;
    const wait = setTimeout(() => void fetchPage(0), 100); // one typed word is one question
    return () => {
      clearTimeout(wait);
      for (const gone of own.pages.values()) gone.abort();
    };
  }, [fetchPage, newest]);

  const pause = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(pause.current), []);
  const view = useCallback(
    (first: number, count: number): void => {
      seen.current = { first, count };
      const own = current.current;
      if (own.version === undefined) return; // the first page says how many there are
      const wanted = pagesOf(seen.current, own.total);
      if (wanted.every((page) => own.pages.has(page))) return;
      pause.current ??= setTimeout(() => {
        pause.current = undefined;
        const now = pagesOf(seen.current, own.total);
        // An answer that is there already is not stopped by this.
        for (const [page, gone] of current.current.pages) if (!now.includes(page)) gone.abort();
        for (const page of now) void fetchPage(page);
      }, EVERY_MS);
    },
    [fetchPage],
  );
  const row = useCallback(
    (index: number): T | undefined => known?.pages.get(Math.floor(index / PAGE))?.[index % PAGE],
    [known],
  );
  return { total: known?.total ?? null, row, view, failure, reading };
}

function pagesOf({ first, count }: { readonly first: number; readonly count: number }, total: number): number[] {
  const from = Math.floor(Math.max(0, first - AHEAD) / PAGE);
  const to = Math.floor(Math.max(0, Math.min(total - 1, first + count + AHEAD)) / PAGE);
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

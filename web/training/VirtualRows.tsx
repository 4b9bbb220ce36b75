/**
 * A table of any length of which only the rows in view exist. Browsers make nothing higher than some 30 million pixels, so beyond
 * that the scroll bar stands for the share of the way, and the wheel and the keys move by rows.
 */
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { ask, type Query } from "./api.ts";

const ROW = 32;
const HIGHEST = 8_000_000;

export interface VirtualRowsProps<T> {
  readonly label: string;
  readonly total: number;
  /** Another order or selection: shown from its beginning. */
  readonly order: string;
  readonly head: ReactNode;
  /** Undefined: on its way. */
  readonly row: (index: number) => T | undefined;
  readonly onView: (first: number, count: number) => void;
  readonly children: (row: T) => ReactNode;
}

export function VirtualRows<T>({ label, total, order, head, row, onView, children }: VirtualRowsProps<T>) {
  const place = useRef<HTMLDivElement>(null);
  const [first, setFirst] = useState(0);
  const [visible, setVisible] = useState(20);
  const height = Math.min(total * ROW, HIGHEST);
  const scaled = total * ROW > HIGHEST;
  const last = Math.max(0, total - visible);
  const at = Math.min(first, last);

  useLayoutEffect(() => {
    const element = place.current!;
    const measure = (): void => setVisible(Math.max(1, Math.floor(element.clientHeight / ROW)));
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => onView(Math.floor(at), visible + 1), [at, visible, onView]);

  const moveTo = useCallback(
    (index: number): void => {
      const element = place.current!;
      const wanted = Math.max(0, Math.min(last, index));
      setFirst(wanted);
      const way = element.scrollHeight - element.clientHeight;
      element.scrollTop = scaled ? (last === 0 ? 0 : (wanted / last) * way) : wanted * ROW;
    },
    [last, scaled],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: to the top for another order
  useLayoutEffect(() => {
    setFirst(0);
    place.current!.scrollTop = 0;
  }, [order]);
  const now = useRef(at);
  now.current = at;
  useEffect(() => {
    const element = place.current!;
    const turn = (event: WheelEvent): void => {
      if (!scaled || event.ctrlKey || event.deltaY === 0) return;
      event.preventDefault();
      moveTo(now.current + event.deltaY / ROW);
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => element.removeEventListener("wheel", turn);
  }, [scaled, moveTo]);

  const scrolled = (): void => {
    const element = place.current!;
    const way = element.scrollHeight - element.clientHeight;
    const index = scaled ? (way === 0 ? 0 : (element.scrollTop / way) * last) : element.scrollTop / ROW;
    // What moveTo set comes back as the same place, up to the rounding of pixels.
    if (!scaled || Math.abs(index - now.current) > (2 * last) / Math.max(1, way)) setFirst(index);
  };
  const keys = (event: React.KeyboardEvent): void => {
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + visible - 1,
      PageUp: at - visible + 1,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined || event.target !== place.current) return;
    event.preventDefault();
    moveTo(to);
  };

  const start = Math.floor(at);
  const indices = Array.from({ length: Math.min(visible + 1, total - start) }, (_, index) => start + index);
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows that come and go while one scrolls are no table's
    <div className="virtual" role="table" aria-label={label} aria-rowcount={total + 1}>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: its buttons are */}
      <div className="virtual-head" role="row" aria-rowindex={1}>
        {head}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div
        className="virtual-body"
        role="rowgroup"
        aria-label={`${label}, scrolled by arrow and page keys`}
        ref={place}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll it
        tabIndex={0}
        onScroll={scrolled}
        onKeyDown={keys}
      >
        <div className="virtual-space" style={{ height }}>
          <div className="virtual-rows">
            {indices.map((index) => {
              const own = row(index);
              return (
                // biome-ignore lint/a11y/useSemanticElements: as above
                // biome-ignore lint/a11y/useFocusableInteractive: its link is
                <div key={index} className="virtual-row" role="row" aria-rowindex={index + 2} data-row={index}>
                  {/* biome-ignore lint/a11y/useSemanticElements: as above */}
                  {own === undefined ? <span role="cell">…</span> : children(own)}
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

const PAGE = 100;
/** Pages kept: what one scrolls back to is there at once. */
const KEPT = 60;

interface PageOf<T> {
  readonly total: number;
  readonly version: number;
  readonly rows: readonly T[];
}

/** What is known of one question's rows; `version` names the state of the table that all its pages are of. */
interface Known<T> {
  readonly asking: Asking;
  readonly total: number;
  readonly pages: ReadonlyMap<number, readonly T[]>;
}

interface Asking {
  version: number | undefined;
  readonly pages: Set<number>;
  readonly gone: AbortController;
}

const asking = (): Asking => ({ version: undefined, pages: new Set(), gone: new AbortController() });

/**
 * Rows of a question that is answered page by page.
 * @param changed other: there may be more rows; taken up by one who looks at the first
 */
export function usePages<T>(path: string, query: Query, changed: number) {
  const [known, setKnown] = useState<Known<T> | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const current = useRef<Asking>(asking());
  const seen = useRef({ first: 0, count: 0 });
  const taken = useRef(changed);
  if (seen.current.first < 1) taken.current = changed;

  const fetchPage = useCallback(
    async (page: number): Promise<void> => {
      const own = current.current;
      if (own.pages.has(page)) return;
      own.pages.add(page);
      try {
        const asked = { ...query, from: page * PAGE, count: PAGE, version: own.version };
        const { total, version, rows } = await ask<PageOf<T>>(path, asked, own.gone.signal);
        const isFirst = own.version === undefined;
        own.version ??= version;
        setFailure(null);
        setKnown((was) => {
          const before = was?.asking === own ? [...was.pages] : [];
          for (const [old] of before.slice(0, -KEPT)) own.pages.delete(old);
          return { asking: own, total, pages: new Map([...before.slice(-KEPT), [page, rows]]) };
        });
        // Whoever scrolled on before the first answer came waits for other rows.
        if (isFirst) for (const other of pagesOf(seen.current)) void fetchPage(other);
      } catch (error) {
        own.pages.delete(page);
        if (!own.gone.signal.aborted) setFailure((error as Error).message);
      }
    },
    [path, query],
  );
  const newest = taken.current;
  // biome-ignore lint/correctness/useExhaustiveDependencies: newest asks again
  useEffect(() => {
    const own = asking();
    current.current = own;
    const wait = setTimeout(() => void fetchPage(0), 100); // one typed word is one question
    return () => {
      clearTimeout(wait);
      own.gone.abort();
    };
  }, [fetchPage, newest]);
  const view = useCallback(
    (first: number, count: number): void => {
      seen.current = { first, count };
      if (current.current.version === undefined) return; // the first page says how many there are
      for (const page of pagesOf(seen.current)) void fetchPage(page);
    },
    [fetchPage],
  );
  const row = useCallback(
    (index: number): T | undefined => known?.pages.get(Math.floor(index / PAGE))?.[index % PAGE],
    [known],
  );
  return { total: known?.total ?? null, row, view, failure };
}

function pagesOf({ first, count }: { readonly first: number; readonly count: number }): number[] {
  const from = Math.floor(first / PAGE);
  return Array.from({ length: Math.floor((first + count) / PAGE) - from + 1 }, (_, index) => from + index);
}

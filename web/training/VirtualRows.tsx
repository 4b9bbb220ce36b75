/**
 * A table of any length of which only the rows in view exist. Browsers make nothing higher than some 30 million pixels, so beyond
 * that the scroll bar stands for the share of the way, and the wheel and the keys move by rows.
 */
import { memo, type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

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
  /** Kept from when it last changed: asking the page while it scrolls makes it lay itself out again. */
  const inside = useRef(0);
  const height = Math.min(total * ROW, HIGHEST);
  const scaled = total * ROW > HIGHEST;
  const last = Math.max(0, total - visible);
  const at = Math.min(first, last);

  useLayoutEffect(() => {
    const element = place.current!;
    const measure = (): void => {
      inside.current = element.clientHeight;
      setVisible(Math.max(1, Math.floor(element.clientHeight / ROW)));
    };
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
      const way = Math.max(0, height - inside.current);
      element.scrollTop = scaled ? (last === 0 ? 0 : (wanted / last) * way) : wanted * ROW;
    },
    [last, scaled, height],
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
    let [turned, frame] = [0, 0];
    const move = (): void => {
      moveTo(now.current + turned);
      [turned, frame] = [0, 0];
    };
    const turn = (event: WheelEvent): void => {
      if (!scaled || event.ctrlKey || event.deltaY === 0) return;
      event.preventDefault();
      turned += event.deltaY / ROW;
      if (frame === 0) frame = requestAnimationFrame(move); // a mouse turns more often than the screen is drawn
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("wheel", turn);
    };
  }, [scaled, moveTo]);

  const scrolled = (): void => {
    const element = place.current!;
    const way = Math.max(0, height - inside.current);
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
            {indices.map((index) => (
              <OneRow key={index} index={index} own={row(index)} draw={children as (row: unknown) => ReactNode} />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

/** Drawn once, however often the rows around it change. */
const OneRow = memo(function OneRow(props: {
  readonly index: number;
  readonly own: unknown;
  readonly draw: (row: unknown) => ReactNode;
}) {
  const { index, own, draw } = props;
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows that come and go while one scrolls are no table's
    // biome-ignore lint/a11y/useFocusableInteractive: its link is
    <div className="virtual-row" role="row" aria-rowindex={index + 2} data-row={index}>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {own === undefined ? <span role="cell">…</span> : draw(own)}
    </div>
  );
});

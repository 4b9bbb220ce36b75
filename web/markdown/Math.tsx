/**
 * A formula. KaTeX comes when the first one is near the view; until then, and where a formula cannot be read, its source stands there.
 * A long text holds thousands: those far from the view wait, and those near are drawn a few at a time, so that the page never stands still.
 */
import { useEffect, useRef } from "react";

export function Formula({ source, display }: { readonly source: string; readonly display: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const element = place.current!;
    wanted.set(element, { source, display });
    watcher().observe(element);
    return () => {
      wanted.delete(element);
      waiting.delete(element);
      watcher().unobserve(element);
    };
  }, [source, display]);
  return (
    <span className={display ? "formula display" : "formula"} ref={place}>
      {source}
    </span>
  );
}

interface Wanted {
  readonly source: string;
  readonly display: boolean;
}

const wanted = new WeakMap<Element, Wanted>();
const waiting = new Set<HTMLElement>();
let observer: IntersectionObserver | null = null;
let drawing = false;

function watcher(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting) waiting.add(target as HTMLElement);
        else waiting.delete(target as HTMLElement);
      }
      if (!drawing && waiting.size > 0) void draw();
    },
    { rootMargin: "400px" },
  );
  return observer;
}

/** Milliseconds of a frame that drawing may take. */
const SHARE = 6;

/** Milliseconds until KaTeX is asked for again where it did not come: the server may be gone, and come back. */
const AGAIN = 3000;

async function draw(): Promise<void> {
  drawing = true;
  const katex = await import("./katex.ts").catch(() => null);
  if (katex === null) {
    setTimeout(() => void draw(), AGAIN);
    return;
  }
  const { drawFormula } = katex;
  while (waiting.size > 0) {
    const started = performance.now();
    const drawn: HTMLElement[] = [];
    for (const element of waiting) {
      waiting.delete(element);
      const formula = wanted.get(element);
      if (formula) drawFormula(formula.source, formula.display, element);
      drawn.push(element);
      observer?.unobserve(element);
      if (performance.now() - started > SHARE) break;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    // Laid out by now, and asked for all at once.
    for (const element of drawn.filter(isTooWide)) {
      element.classList.add("wide");
      // What scrolls sideways must be reachable by keyboard.
      element.tabIndex = 0;
    }
  }
  drawing = false;
}

/** Wider than what it stands in: it then scrolls by itself, as one on lines of its own does. */
function isTooWide(element: HTMLElement): boolean {
  if (element.classList.contains("display")) return element.scrollWidth > element.clientWidth;
  const around = element.closest("p, li, td, .trace-piece, .markdown");
  return around !== null && element.offsetWidth > around.clientWidth;
}

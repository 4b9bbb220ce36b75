/** Thinking as it was written, with its formulas drawn. A finished piece is parsed once; one out of view is plain text that is not laid out. */
import { memo, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { useGrowing } from "./growing.ts";
import { Formula } from "./Math.tsx";
import { parseTrace, splitTrace } from "./trace.ts";
import { visible } from "./visible.ts";

export function Trace({ text }: { readonly text: string }) {
  const pieces = useGrowing(text, splitTrace, 1);
  return (
    <div className="trace" dir="auto">
      {pieces.map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces only ever grow at the end
        <Piece key={index} text={piece} />
      ))}
    </div>
  );
}

/** Formulas are drawn only near the view: a long trace has thousands, and drawing, keeping and removing them all would hold the page up. */
const Piece = memo(function Piece({ text }: { readonly text: string }) {
  const place = useRef<HTMLDivElement>(null);
  const near = useNear(place);
  const parts = useMemo(() => (near ? parseTrace(visible(text)) : null), [near, text]);
  return (
    <div className="trace-piece" ref={place}>
      {parts === null
        ? visible(text)
        : parts.map(({ kind, text: part }, index) =>
            kind === "text" ? (
              part
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: parts only ever grow at the end
              <Formula key={index} source={part} display={kind === "display"} />
            ),
          )}
    </div>
  );
});

/** Whether an element is in view or soon will be. */
function useNear(place: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    const element = place.current!;
    listeners.set(element, setNear);
    watcher().observe(element);
    return () => {
      watcher().unobserve(element);
      listeners.delete(element);
    };
  }, [place]);
  return near;
}

const listeners = new WeakMap<Element, (near: boolean) => void>();
let observer: IntersectionObserver | null = null;

function watcher(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) listeners.get(target)?.(isIntersecting);
    },
    { rootMargin: "600px" },
  );
  return observer;
}

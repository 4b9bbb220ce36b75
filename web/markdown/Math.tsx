/** A formula. KaTeX comes when the first one is shown; until then, and where a formula cannot be read, its source stands there. */
import { useEffect, useRef } from "react";

const loadKatex = () => import("./katex.ts");

export function Formula({ source, display }: { readonly source: string; readonly display: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let wanted = true;
    loadKatex().then(({ drawFormula }) => {
      if (wanted && place.current) drawFormula(source, display, place.current);
    });
    return () => {
      wanted = false;
    };
  }, [source, display]);
  return (
    <span className={display ? "formula display" : "formula"} ref={place}>
      {source}
    </span>
  );
}

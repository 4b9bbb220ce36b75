/** Thinking as it was written, with its formulas drawn. A finished piece is parsed and drawn once; one out of view is not laid out. */
import { memo, useMemo } from "react";
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

const Piece = memo(function Piece({ text }: { readonly text: string }) {
  const parts = useMemo(() => parseTrace(visible(text)), [text]);
  return (
    <div className="trace-piece">
      {parts.map(({ kind, text: part }, index) =>
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

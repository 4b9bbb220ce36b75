/** The whole trace as one strip, dark where the model was unsure, with ticks where it turned back; the slider below goes anywhere in it. */
import { memo, useMemo } from "react";
import type { Token } from "../api/stream.ts";
import { type Measure, type Moment, strips } from "./tokens.ts";

const STRIPS = 240;

interface Props {
  readonly tokens: readonly Token[];
  readonly moments: readonly Moment[];
  readonly measure: Measure;
  readonly at: number;
  readonly onChoose: (at: number) => void;
}

export function TokenMap({ tokens, moments, measure, at, onChoose }: Props) {
  return (
    <div className="token-map">
      <Strips tokens={tokens} moments={moments} measure={measure} />
      <input
        type="range"
        min={0}
        max={Math.max(0, tokens.length - 1)}
        value={at}
        aria-label="Place in the trace"
        aria-valuetext={`token ${at + 1} of ${tokens.length}`}
        onChange={(event) => onChoose(Number(event.target.value))}
      />
    </div>
  );
}

const Strips = memo(function Strips({ tokens, moments, measure }: Pick<Props, "tokens" | "moments" | "measure">) {
  const values = useMemo(() => strips(tokens, measure, STRIPS), [tokens, measure]);
  return (
    <svg viewBox={`0 0 ${Math.max(1, values.length)} 10`} preserveAspectRatio="none" aria-hidden="true">
      {values.map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: strips have no names and never move
        <rect key={index} x={index} y={2} width={1.05} height={8} data-unsure={value} />
      ))}
      {moments.map(({ at, word }) => (
        <path key={at} className="tick" d={`M${((at + 0.5) * values.length) / tokens.length} 0v10`}>
          <title>{word}</title>
        </path>
      ))}
    </svg>
  );
});

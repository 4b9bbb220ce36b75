/** Every question that changed sides between two evaluations, with both answers. */
import { visible } from "../markdown/visible.ts";
import { addressWith, follow } from "../training/address.ts";
import { count } from "../training/figures.ts";
import type { PairedComparison } from "./types.ts";

export interface FlipsProps {
  readonly data: PairedComparison;
  readonly to: "" | "right" | "wrong";
  readonly onChoose: (to: "" | "right" | "wrong") => void;
}

export function Flips({ data, to, onChoose }: FlipsProps) {
  return (
    <>
      <div className="filters flips">
        <h2>Questions that changed sides</h2>
        <label>
          Show
          <select value={to} onChange={(event) => onChoose(event.target.value as typeof to)}>
            <option value="">all</option>
            <option value="right">became right</option>
            <option value="wrong">became wrong</option>
          </select>
        </label>
        <output className="quiet figure">
          {count(data.flips)}
          {data.flips > data.flipped.length && `, the first ${count(data.flipped.length)} shown`}
        </output>
      </div>
      <ul className="flip-list">
        {data.flipped.map((flip) => (
          <li key={flip.id}>
            <span className={`verdict ${flip.to}`}>became {flip.to}</span>
            <a href={addressWith({ item: flip.id })} onClick={follow}>
              {visible(flip.prompt)}
            </a>
            <span className="quiet">
              gold {visible(flip.gold)}: {visible(flip.answers[0][0] ?? "–")} → {visible(flip.answers[1][0] ?? "–")}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

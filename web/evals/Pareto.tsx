/** Accuracy against cost on one benchmark: dots with their 95 % intervals, and the line of those that nothing beats for less. */
import { useEffect, useRef, useState } from "react";
import { paretoFront } from "../../src/evaluate/cost/pareto.ts";
import { addressWith, follow } from "../training/address.ts";
import { dollars, figure, percent } from "../training/figures.ts";
import { logTicks, ticks } from "./ticks.ts";
import type { Evaluation } from "./types.ts";

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [320, 48, 12, 16, 40];

/** Of a name beside its dot, about. */
const LETTER = 7;

export function Pareto({
  evaluations,
  by,
}: {
  readonly evaluations: readonly Evaluation[];
  readonly by: "tokens" | "usd";
}) {
  const place = useRef<HTMLElement>(null);
  const width = useWidth(place);
  const offers = evaluations.flatMap((one) => {
    const cost = one[by];
    return cost === null || cost <= 0 ? [] : [{ ...one, cost }];
  });
  if (offers.length === 0) return <p className="quiet">No evaluation of this benchmark says what its answers cost.</p>;
  const front = paretoFront(offers);
  const costs = offers.map(({ cost }) => cost);
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  const margin = Math.max(1.25, (most / least) ** 0.08);
  const [from, to] = [Math.log(least / margin), Math.log(most * margin)];
  const low = Math.max(0, Math.min(...offers.map((one) => one.low)) - 0.03);
  const high = Math.min(1, Math.max(...offers.map((one) => one.high)) + 0.03);
  const x = (cost: number): number => LEFT + ((Math.log(cost) - from) / (to - from)) * (width - LEFT - RIGHT);
  const y = (share: number): number =>
    HEIGHT - BOTTOM - ((share - low) / Math.max(1e-9, high - low)) * (HEIGHT - BOTTOM - TOP);
  const shown = by === "usd" ? dollars : (value: number) => figure(Number(value.toPrecision(3)));
  const path = front.map(({ cost, accuracy }, index) =>
    index === 0 ? `M${x(cost)} ${y(accuracy)}` : `H${x(cost)}V${y(accuracy)}`,
  );
  return (
    <figure className="pareto" ref={place}>
      {/* biome-ignore lint/a11y/useSemanticElements: a picture with links in it is no set of fields */}
      <svg width={width} height={HEIGHT} aria-label="Accuracy against cost" role="group">
        {ticks(low, high, 5).map((share) => (
          <g key={share} className="axis">
            <path d={`M${LEFT} ${y(share)}H${width - RIGHT}`} />
            <text x={LEFT - 6} y={y(share) + 4} textAnchor="end">
              {Math.round(1000 * share) / 10} %
            </text>
          </g>
        ))}
        {logTicks(Math.exp(from), Math.exp(to), Math.max(2, Math.floor(width / 110))).map((cost) => (
          <g key={cost} className="axis">
            <path d={`M${x(cost)} ${HEIGHT - BOTTOM}v5`} />
            <text x={x(cost)} y={HEIGHT - BOTTOM + 18} textAnchor="middle">
              {shown(cost)}
            </text>
          </g>
        ))}
        <text className="axis-name" x={(LEFT + width) / 2} y={HEIGHT - 6} textAnchor="middle">
          {by === "usd" ? "US dollars an answer" : "new tokens an answer"}
        </text>
        <path className="front" d={path.join("")} />
        {offers.map((one) => {
          const name = one.id.replace(/\.jsonl$/, "");
          const fits = x(one.cost) + 9 + LETTER * name.length < width;
          return (
            <a
              key={one.id}
              href={addressWith({ eval: one.id }, false)}
              onClick={(event) => follow(event as unknown as React.MouseEvent<HTMLAnchorElement>)}
              aria-label={`${one.id}: ${percent(one.accuracy)} for ${shown(one.cost)}`}
            >
              <path className="interval" d={`M${x(one.cost)} ${y(one.low)}V${y(one.high)}`} />
              <circle className={front.includes(one) ? "best" : ""} cx={x(one.cost)} cy={y(one.accuracy)} r={5} />
              <text
                x={x(one.cost) + (fits ? 9 : -9)}
                y={y(one.accuracy) + 15}
                textAnchor={fits ? "start" : "end"}
                className="name"
              >
                {name}
              </text>
            </a>
          );
        })}
      </svg>
      <figcaption className="quiet">
        Up is better, left is cheaper. The line joins those that none beats for less; an upright bar is the 95 %
        interval, the questions drawn again.
      </figcaption>
    </figure>
  );
}

/** Of an element, in pixels; what it is drawn with before it is known suits a phone. */
function useWidth(place: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(340);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, [place]);
  return width;
}

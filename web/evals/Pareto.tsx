/** Accuracy against cost on one benchmark: dots with their 95 % intervals, and the line of those that nothing beats for less. */
import { useEffect, useState } from "react";
import { paretoFront } from "../../src/evaluate/cost/pareto.ts";
import { addressWith, follow } from "../training/address.ts";
import { dollars, figure, percent } from "../training/figures.ts";
import { placeLabels } from "./labels.ts";
import { shortName } from "./names.ts";
import { logTicks, ticks } from "./ticks.ts";
import type { Evaluation } from "./types.ts";

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [320, 48, 12, 16, 40];

export function Pareto({
  evaluations,
  by,
}: {
  readonly evaluations: readonly Evaluation[];
  readonly by: "tokens" | "usd";
}) {
  const [place, setPlace] = useState<HTMLElement | null>(null);
  const width = useWidth(place);
  const offers = evaluations.flatMap((one) => {
    const cost = one[by];
    return cost === null || cost <= 0 ? [] : [{ ...one, cost }];
  });
  const unknown = evaluations.filter((one) => !offers.some(({ id }) => id === one.id)).map(({ id }) => shortName(id));
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
  const labels = placeLabels(
    offers.map(({ id, cost, accuracy }) => ({ x: x(cost), y: y(accuracy), name: shortName(id) })),
    width,
    TOP - 4,
    HEIGHT - BOTTOM - 3,
    LEFT,
  );
  const rates = [...new Set(offers.flatMap(({ rate }) => (rate === null ? [] : [rate])))];
  const mostGroups = Math.max(...offers.map(({ groups }) => groups.length));
  const fewer = offers.filter(({ groups }) => groups.length > 0 && groups.length < mostGroups);
  const path = front.map(({ cost, accuracy }, index) =>
    index === 0 ? `M${x(cost)} ${y(accuracy)}` : `H${x(cost)}V${y(accuracy)}`,
  );
  return (
    <figure className="pareto" ref={setPlace}>
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
        {offers.map((one, index) => {
          const label = labels[index];
          const told = `${percent(one.accuracy)} for ${shown(one.cost)}`;
          return (
            <a
              key={one.id}
              href={addressWith({ eval: one.id }, false)}
              onClick={(event) => follow(event as unknown as React.MouseEvent<HTMLAnchorElement>)}
              aria-label={`${one.id}: ${told}`}
            >
              <title>{`${shortName(one.id)}: ${told}`}</title>
              <path className="interval" d={`M${x(one.cost)} ${y(one.low)}V${y(one.high)}`} />
              <circle className={front.includes(one) ? "best" : ""} cx={x(one.cost)} cy={y(one.accuracy)} r={5} />
              {label && (
                <text x={label.x} y={label.y} textAnchor={label.anchor} className="name">
                  {shortName(one.id)}
                </text>
              )}
            </a>
          );
        })}
      </svg>
      <figcaption className="quiet">
        Up is better, left is cheaper. The line joins those that none beats for less; an upright bar is the 95 %
        interval, the questions drawn again.
        {by === "usd" && rates.length === 1 && ` Dollars at ${rates[0]}.`}
        {by === "usd" &&
          rates.length > 1 &&
          ` Not all dollars are counted alike: ${named(
            offers.map((one) => `${shortName(one.id)} at ${one.rate ?? "a price not noted"}`),
            "; ",
          )}.`}
        {unknown.length > 0 && ` Not in the picture, since nobody noted what an answer cost: ${named(unknown)}.`}
        {fewer.length > 0 &&
          ` Asked about fewer groups than the others: ${named(fewer.map((one) => `${shortName(one.id)} (${one.groups.length} of ${mostGroups})`))}.`}
        {labels.includes(null) && " Dots too close for their names have them on pointing at them, and in the table."}
      </figcaption>
    </figure>
  );
}

/** A caption is no list of everything. */
const NAMED = 6;
const named = (names: readonly string[], between = ", "): string =>
  names.slice(0, NAMED).join(between) + (names.length > NAMED ? ` and ${names.length - NAMED} more` : "");

/** Of an element, in pixels; what it is drawn with before it is known suits a phone. */
function useWidth(element: HTMLElement | null): number {
  const [width, setWidth] = useState(340);
  useEffect(() => {
    if (element === null) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, [element]);
  return width;
}

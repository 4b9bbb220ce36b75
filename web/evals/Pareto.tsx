/** Accuracy against cost on one benchmark: dots with their 95 % intervals, and the line of those that nothing beats for less. */
import { paretoFront } from "../../src/evaluate/cost/pareto.ts";
import { addressWith, follow } from "../training/address.ts";
import { dollars, figure, percent } from "../training/figures.ts";
import type { Evaluation } from "./types.ts";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [760, 320, 60, 24, 16, 40];

export function Pareto({
  evaluations,
  by,
}: {
  readonly evaluations: readonly Evaluation[];
  readonly by: "tokens" | "usd";
}) {
  const offers = evaluations.flatMap((one) => {
    const cost = one[by];
    return cost === null || cost <= 0 ? [] : [{ ...one, cost }];
  });
  if (offers.length === 0) return <p className="quiet">No evaluation of this benchmark says what its answers cost.</p>;
  const front = paretoFront(offers);
  const logs = offers.map(({ cost }) => Math.log(cost));
  const spread = Math.max(Math.log(1.5), Math.max(...logs) - Math.min(...logs));
  const from = Math.min(...logs) - 0.08 * spread;
  const to = Math.max(...logs) + 0.3 * spread;
  const least = Math.max(0, Math.min(...offers.map(({ low }) => low)) - 0.03);
  const most = Math.min(1, Math.max(...offers.map(({ high }) => high)) + 0.03);
  const x = (cost: number): number => LEFT + ((Math.log(cost) - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
  const y = (share: number): number =>
    HEIGHT - BOTTOM - ((share - least) / Math.max(1e-9, most - least)) * (HEIGHT - BOTTOM - TOP);
  const shown = by === "usd" ? dollars : (value: number) => figure(Number(value.toPrecision(3)));
  const path = front.map(({ cost, accuracy }, index) =>
    index === 0 ? `M${x(cost)} ${y(accuracy)}` : `H${x(cost)}V${y(accuracy)}`,
  );
  return (
    <figure className="pareto">
      {/* biome-ignore lint/a11y/useSemanticElements: a picture with links in it is no set of fields */}
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-label="Accuracy against cost" role="group">
        {[0, 0.25, 0.5, 0.75, 1].map((part) => {
          const share = least + part * (most - least);
          const cost = Math.exp(from + part * (to - from));
          return (
            <g key={part} className="axis">
              <path d={`M${LEFT} ${y(share)}H${WIDTH - RIGHT}`} />
              <text x={LEFT - 6} y={y(share) + 4} textAnchor="end">
                {percent(share)}
              </text>
              <text x={x(cost)} y={HEIGHT - BOTTOM + 18} textAnchor="middle">
                {shown(cost)}
              </text>
            </g>
          );
        })}
        <text className="axis-name" x={(LEFT + WIDTH) / 2} y={HEIGHT - 6} textAnchor="middle">
          {by === "usd" ? "US dollars an answer" : "new tokens an answer"}
        </text>
        <path className="front" d={path.join("")} />
        {offers.map((one) => (
          <a
            key={one.id}
            href={addressWith({ eval: one.id }, false)}
            onClick={(event) => follow(event as unknown as React.MouseEvent<HTMLAnchorElement>)}
            aria-label={`${one.id}: ${percent(one.accuracy)} for ${shown(one.cost)}`}
          >
            <path className="interval" d={`M${x(one.cost)} ${y(one.low)}V${y(one.high)}`} />
            <circle className={front.includes(one) ? "best" : ""} cx={x(one.cost)} cy={y(one.accuracy)} r={5} />
            <text x={x(one.cost) + 9} y={y(one.accuracy) + 15}>
              {one.id.replace(/\.jsonl$/, "")}
            </text>
          </a>
        ))}
      </svg>
      <figcaption className="quiet">
        Bars: 95 % of the questions drawn again. The line joins those that none beats for less.
      </figcaption>
    </figure>
  );
}

/** Two evaluations on the questions both answered: how sure the difference is, and every question that changed sides. */
import { useState } from "react";
import { visible } from "../markdown/visible.ts";
import { addressWith, follow } from "../training/address.ts";
import { useAnswer } from "../training/api.ts";
import { count, percent } from "../training/figures.ts";
import { Failure } from "../training/Shell.tsx";
import type { Comparison } from "./types.ts";

const points = (share: number): string => `${share >= 0 ? "+" : "−"}${Math.abs(100 * share).toFixed(1)}`;
const short = (id: string): string => id.replace(/\.jsonl$/, "");

export function Compared({ first, second }: { readonly first: string; readonly second: string }) {
  const [to, setTo] = useState<"" | "right" | "wrong">("");
  const { data, failure, again } = useAnswer<Comparison>("/v1/evals/compare", { first, second, to });
  return (
    <>
      <div className="title-row">
        <a className="back" href="/evals" onClick={follow}>
          Evaluations
        </a>
        <h1>
          {short(first)} and {short(second)}
        </h1>
        <a href={addressWith({ eval: second, second: first }, false)} onClick={follow}>
          The other way round
        </a>
      </div>
      <Failure text={failure} again={again} />
      {data && (
        <>
          <dl className="noted">
            {(
              [
                [short(first), percent(data.accuracy[0])],
                [short(second), percent(data.accuracy[1])],
                [
                  "difference, points",
                  `${points(data.difference)} (95 %: ${points(data.difference_interval.low)} to ${points(data.difference_interval.high)})`,
                ],
                ["p, paired bootstrap", data.bootstrap_p.toPrecision(2)],
                ["p, McNemar", data.mcnemar.p.toPrecision(2)],
                ["questions", count(data.n)],
                ["both right", count(data.mcnemar.both)],
                ["neither", count(data.mcnemar.neither)],
                ["became right", count(data.mcnemar.second_only)],
                ["became wrong", count(data.mcnemar.first_only)],
              ] as const
            ).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd className="figure">{value}</dd>
              </div>
            ))}
          </dl>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <section className="scrolled" tabIndex={0} aria-label="Groups">
            <table className="data">
              <thead>
                <tr>
                  <th>Group</th>
                  <th className="number">{short(first)}</th>
                  <th className="number">{short(second)}</th>
                  <th className="number">Difference</th>
                  <th className="number">Questions</th>
                </tr>
              </thead>
              <tbody>
                {data.groups.map(({ group, n, accuracy: [was, is] }) => (
                  <tr key={group}>
                    <th scope="row">{group}</th>
                    <td className="number">{percent(was)}</td>
                    <td className="number">{percent(is)}</td>
                    <td className="number">{points(is - was)}</td>
                    <td className="number">{count(n)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          <div className="filters flips">
            <h2>Questions that changed sides</h2>
            <label>
              Show
              <select value={to} onChange={(event) => setTo(event.target.value as typeof to)}>
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
      )}
    </>
  );
}

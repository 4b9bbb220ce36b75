/** Two evaluations: on the questions both answered where their answers are there, else figure beside figure. */

import { useState } from "react";
import { addressWith, follow } from "../training/address.ts";
import { useAnswer } from "../training/api.ts";
import { count, dollars, figure, percent } from "../training/figures.ts";
import { Failure } from "../training/Shell.tsx";
import { Flips } from "./Flips.tsx";
import { shortName } from "./names.ts";
import type { Comparison, SeparateComparison } from "./types.ts";

const points = (share: number): string => `${share >= 0 ? "+" : "−"}${Math.abs(100 * share).toFixed(1)}`;

export function Compared({ first, second }: { readonly first: string; readonly second: string }) {
  const [to, setTo] = useState<"" | "right" | "wrong">("");
  const { data, failure, again } = useAnswer<Comparison>("/v1/evals/compare", { first, second, to });
  const names = [shortName(first), shortName(second)] as const;
  return (
    <>
      <div className="title-row">
        <a className="back" href="/evals" onClick={follow}>
          Evaluations
        </a>
        <h1>
          {names[0]} and {names[1]}
        </h1>
        <a href={addressWith({ eval: second, second: first }, false)} onClick={follow}>
          The other way round
        </a>
      </div>
      <Failure text={failure} again={again} />
      {data && (
        <>
          {!data.paired && <Alone data={data} />}
          <dl className="noted">
            {factsOf(data, names).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd className="figure">{value}</dd>
              </div>
            ))}
          </dl>
          {data.paired && (
            <p className="quiet">
              p is how often models equally good would differ this much by chance: below 0.05 the difference is usually
              taken for one.
            </p>
          )}
          <Groups data={data} names={names} />
          {data.paired && <Flips data={data} to={to} onChoose={setTo} />}
        </>
      )}
    </>
  );
}

/** Why there are no questions, and what the figures can say without. */
function Alone({ data }: { readonly data: SeparateComparison }) {
  const [one, other] = data.without_answers;
  return (
    <p className="figures-alone">
      {other === undefined ? (
        <>
          <b>{shortName(one!)}</b> holds
        </>
      ) : (
        "Both hold"
      )}{" "}
      figures and no answers, so no question can be set beside its other answer: the difference is that of two separate
      measurements, less sure than one on the same questions.
      {!data.same_groups &&
        " They did not ask about the same groups: compare them in the table, group by group, rather than as a whole."}
    </p>
  );
}

function factsOf(data: Comparison, [first, second]: readonly [string, string]): readonly (readonly [string, string])[] {
  const { accuracy, difference, difference_interval: interval } = data;
  const shared = [
    [first, percent(accuracy[0])],
    [second, percent(accuracy[1])],
    ["difference, points", `${points(difference)} (95 %: ${points(interval.low)} to ${points(interval.high)})`],
  ] as const;
  if (data.paired) {
    return [
      ...shared,
      ["p, paired bootstrap", data.bootstrap_p.toPrecision(2)],
      ["p, McNemar", data.mcnemar.p.toPrecision(2)],
      ["questions", count(data.n)],
      ["both right", count(data.mcnemar.both)],
      ["neither", count(data.mcnemar.neither)],
      ["became right", count(data.mcnemar.second_only)],
      ["became wrong", count(data.mcnemar.first_only)],
    ];
  }
  const both = <T,>(values: readonly [T, T], told: (value: T) => string) => `${told(values[0])} and ${told(values[1])}`;
  const rounded = (value: number | null): string =>
    value === null ? "not noted" : figure(Math.round(10 * value) / 10);
  return [
    ...shared,
    ["questions", both(data.questions, count)],
    ["new tokens an answer", both(data.tokens, rounded)],
    ["thinking tokens an answer", both(data.thinking, rounded)],
    ["cost an answer", both(data.usd, (usd) => (usd === null ? "not noted" : dollars(usd)))],
  ];
}

function Groups({ data, names }: { readonly data: Comparison; readonly names: readonly [string, string] }) {
  if (data.groups.length === 0) return null;
  const share = (value: number | null): string => (value === null ? "not asked" : percent(value));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scrolled compared-groups" tabIndex={0} aria-label="Groups">
      <table className="data">
        <thead>
          <tr>
            <th>Group</th>
            <th className="number">{names[0]}</th>
            <th className="number">{names[1]}</th>
            <th className="number">Difference</th>
            <th className="number">Questions</th>
          </tr>
        </thead>
        <tbody>
          {data.groups.map(({ group, n, accuracy: [was, is] }) => (
            <tr key={group}>
              <th scope="row">{group}</th>
              <td className="number">{share(was)}</td>
              <td className="number">{share(is)}</td>
              <td className="number">{was === null || is === null ? "–" : points(is - was)}</td>
              <td className="number">
                {n[0] === n[1] ? count(n[0]!) : n.map((one) => (one === null ? "–" : count(one))).join(" and ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Every evaluation as a row, and above them accuracy against what an answer costs. */
import { useState } from "react";
import { addressWith, follow, go, useAddress } from "../training/address.ts";
import { ago, count, dollars, figure, percent } from "../training/figures.ts";
import { Failure } from "../training/Shell.tsx";
import { failureOf, shortName } from "./names.ts";
import { Pareto } from "./Pareto.tsx";
import type { Evaluation } from "./types.ts";

export function EvalList({
  root,
  evaluations,
}: {
  readonly root: string;
  readonly evaluations: readonly Evaluation[];
}) {
  const address = useAddress();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const read = evaluations.filter(({ failure }) => failure === undefined);
  const benchmarks = [...new Set(read.map(({ benchmark }) => benchmark))];
  const benchmark = address.get("benchmark") ?? benchmarks[0] ?? "";
  const by = address.get("by") === "usd" ? "usd" : "tokens";
  const choose = (id: string): void =>
    setChosen((was) => (was.includes(id) ? was.filter((one) => one !== id) : [...was, id].slice(-2)));
  return (
    <>
      <div className="title-row">
        <h1>Evaluations</h1>
        {read.length > 1 && (
          <button
            type="button"
            className="primary"
            disabled={chosen.length < 2}
            title="Tick two in the table below"
            onClick={() => go(addressWith({ eval: chosen[0]!, second: chosen[1]! }, false))}
          >
            {chosen.length < 2 ? "Tick two to compare" : "Compare the two"}
          </button>
        )}
      </div>
      {read.every(({ kind }) => kind === "published") && (
        <p className="quiet">
          {read.length > 0
            ? "These figures were published with the models. What is measured here comes beside them: "
            : "Nothing has been measured yet: "}
          <code>npx reckon eval --benchmark held-out --out {root}/held-out.jsonl</code> makes an evaluation, with every
          answer to look at.
        </p>
      )}
      <div className="filters">
        <label>
          Benchmark
          <select value={benchmark} onChange={(event) => go(addressWith({ benchmark: event.target.value }), true)}>
            {benchmarks.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label>
          Cost
          <select value={by} onChange={(event) => go(addressWith({ by: event.target.value }), true)}>
            <option value="tokens">new tokens an answer</option>
            <option value="usd">US dollars an answer</option>
          </select>
        </label>
      </div>
      <Pareto evaluations={read.filter((one) => one.benchmark === benchmark)} by={by} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="scrolled" tabIndex={0} aria-label="All evaluations">
        <table className="data evaluations">
          <thead>
            <tr>
              <th>
                <span className="unseen">Compare</span>
              </th>
              <th>Evaluation</th>
              <th className="number">Accuracy</th>
              <th className="number">95 %</th>
              <th className="number">Tokens each</th>
              <th className="number">Cost each</th>
              <th>Benchmark</th>
              <th>Model</th>
              <th className="number">Questions</th>
              <th className="number">Answers</th>
              <th>Changed</th>
            </tr>
          </thead>
          <tbody>
            {read.map((one) => (
              <tr key={one.id}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={`Compare ${one.id}`}
                    checked={chosen.includes(one.id)}
                    onChange={() => choose(one.id)}
                  />
                </td>
                <th scope="row">
                  <a href={addressWith({ eval: one.id }, false)} onClick={follow}>
                    {shortName(one.id)}
                  </a>{" "}
                  {one.kind !== "samples" && <span className="quiet kind">figures alone</span>}
                </th>
                <td className="number" data-label="accuracy">
                  {percent(one.accuracy)}
                </td>
                <td className="number quiet" data-label="95 %:">
                  {percent(one.low)} to {percent(one.high)}
                </td>
                <td className="number" data-label="tokens each">
                  {figure(one.tokens === null ? null : Math.round(10 * one.tokens) / 10)}
                </td>
                <td className="number" data-label="cost each" title={one.rate === null ? undefined : `at ${one.rate}`}>
                  {one.usd === null ? "not noted" : dollars(one.usd)}
                </td>
                <td data-label="of">{one.benchmark}</td>
                <td data-label="by">{one.model ?? "–"}</td>
                <td className="number" data-label="questions">
                  {count(one.questions)}
                </td>
                <td className="number" data-label="answers">
                  {count(one.answers)}
                </td>
                <td className="quiet">{ago(one.updated)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {evaluations
        .filter(({ failure }) => failure !== undefined)
        .map(({ id, failure }) => (
          <Failure key={id} text={failureOf(id, failure!)} />
        ))}
    </>
  );
}

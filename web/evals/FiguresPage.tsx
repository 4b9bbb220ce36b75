/** An evaluation of which there are figures and no answers: a report, or what a published model's folder says of it. */
import { visible } from "../markdown/visible.ts";
import { follow } from "../training/address.ts";
import { count, dollars, figure, percent } from "../training/figures.ts";
import { CompareWith } from "./CompareWith.tsx";
import { shortName } from "./names.ts";
import type { Evaluation } from "./types.ts";

const WHY = {
  report: "This is a report of reckon eval, which holds figures and no answers",
  published: "These figures came with the published model, whose folder holds no answers",
  samples: "",
};

export function FiguresPage({
  evaluation,
  all,
}: {
  readonly evaluation: Evaluation;
  readonly all: readonly Evaluation[];
}) {
  const { id, kind, benchmark, model, questions, answers, temperature, divisions, settings } = evaluation;
  const rounded = (value: number | null): string => figure(value === null ? null : Math.round(10 * value) / 10);
  const facts: readonly (readonly [string, string])[] = [
    ["accuracy", `${percent(evaluation.accuracy)} (95 %: ${percent(evaluation.low)} to ${percent(evaluation.high)})`],
    ["questions", count(questions)],
    ["answers", count(answers)],
    ["temperature", temperature === null ? "–" : temperature === 0 ? "0 (greedy)" : figure(temperature)],
    ["new tokens an answer", rounded(evaluation.tokens)],
    ["thinking tokens an answer", rounded(evaluation.thinking)],
    [
      "cost an answer",
      evaluation.usd === null
        ? "not noted"
        : `${dollars(evaluation.usd)}${evaluation.rate === null ? "" : ` at ${evaluation.rate}`}`,
    ],
    ...Object.entries(settings)
      .filter(([name]) => name !== "temperature")
      .map(([name, value]) => [name.replaceAll("_", " "), visible(String(value))] as const),
  ];
  return (
    <>
      <div className="title-row">
        <a className="back" href="/evals" onClick={follow}>
          Evaluations
        </a>
        <h1>{shortName(id)}</h1>
      </div>
      <p className="quiet facts">
        {visible(benchmark)} · {visible(model ?? "–")}
      </p>
      <p className="figures-alone">
        {WHY[kind]}: there are no questions to look through here. <code>npx reckon eval --out FILE.jsonl</code> keeps
        every answer.
      </p>
      <div className="filters">
        <CompareWith id={id} evaluation={evaluation} all={all} />
      </div>
      <dl className="noted">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="figure">{value}</dd>
          </div>
        ))}
      </dl>
      {divisions.map(({ by, parts }) => (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section key={by} className="scrolled division" tabIndex={0} aria-label={`By ${by}`}>
          <table className="data">
            <thead>
              <tr>
                <th>{by[0]!.toUpperCase() + by.slice(1)}</th>
                <th className="number">Accuracy</th>
                <th className="number">Thinking tokens</th>
                <th className="number">Questions</th>
              </tr>
            </thead>
            <tbody>
              {parts.map(({ group, n, accuracy, thinking }) => (
                <tr key={group}>
                  <th scope="row">{visible(group)}</th>
                  <td className="number">{percent(accuracy)}</td>
                  <td className="number">{rounded(thinking)}</td>
                  <td className="number">{count(n)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </>
  );
}

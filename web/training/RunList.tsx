/** All runs, last changed first; several can be chosen to compare their curves. */
import { useState } from "react";
import { visible } from "../markdown/visible.ts";
import { addressWith, follow, go } from "./address.ts";
import { type RunBrief, type RunList as Runs, useAnswer } from "./api.ts";
import { ago, count, dollars, duration, figure } from "./figures.ts";
import { Failure } from "./Shell.tsx";
import { StartForm } from "./StartForm.tsx";

export function RunList() {
  const { data, failure, again } = useAnswer<Runs>("/v1/runs", {}, 3000);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [starting, setStarting] = useState(false);
  const choose = (id: string): void =>
    setChosen((was) => (was.includes(id) ? was.filter((one) => one !== id) : [...was, id]));
  return (
    <>
      <div className="title-row">
        <h1>Training runs</h1>
        {(data?.runs.length ?? 0) > 1 && (
          <button
            type="button"
            className="primary"
            disabled={chosen.length < 2}
            onClick={() => go(addressWith({ run: chosen[0]!, with: chosen.slice(1).join(",") }, false))}
          >
            {chosen.length < 2 ? "Tick two to compare" : `Compare ${chosen.length}`}
          </button>
        )}
        {data?.may_train && (
          <button
            type="button"
            className={data.runs.length === 0 ? "primary" : undefined}
            aria-expanded={starting}
            onClick={() => setStarting(!starting)}
          >
            Start a run
          </button>
        )}
      </div>
      <Failure text={failure} again={again} />
      {starting && data && <StartForm list={data} />}
      {data && data.runs.length === 0 && (
        <div className="first">
          <p>
            A run is a model in training. Here you see whether it gets better while it trains: its curves, every answer
            with what it earned, what each stage cost.
          </p>
          <p>
            There are none in <code>{data.root}</code> yet.{" "}
            {data.may_train && (
              <>
                <b>Start a run</b> trains on this machine; the preset <b>quick</b> is R1-Zero from the bundled base, and
                the curve rises within three minutes. In a terminal the same is:
              </>
            )}
          </p>
          <p>
            <code>npx reckon train r1-zero --preset quick</code>
          </p>
          <p>
            Or let a model <a href="/learn/">learn in this tab</a>: nothing to install, nothing kept.
          </p>
        </div>
      )}
      {data && data.runs.length > 0 && <Table runs={inOrder(data.runs)} chosen={chosen} choose={choose} />}
    </>
  );
}

/** Last changed first, as the server has them; stages behind their chain in the order they were begun. */
function inOrder(runs: readonly RunBrief[]): readonly RunBrief[] {
  const chainOf = ({ id }: RunBrief): string => id.split("/")[0]!;
  const place = new Map(runs.map((run, index) => [chainOf(run), index]).reverse() as [string, number][]);
  return runs.toSorted(
    (a, b) =>
      place.get(chainOf(a))! - place.get(chainOf(b))! ||
      Number(a.id.includes("/")) - Number(b.id.includes("/")) ||
      ((a.created ?? "") < (b.created ?? "") ? -1 : 1),
  );
}

function Table(props: {
  readonly runs: readonly RunBrief[];
  readonly chosen: readonly string[];
  readonly choose: (id: string) => void;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scrolled" tabIndex={0} aria-label="Runs">
      <table className="data cards">
        <thead>
          <tr>
            <th>
              <span className="unseen">Compare</span>
            </th>
            {["Run", "Status", "Recipe", "Steps", "Reward", "Loss", "Time", "Cost", "Changed"].map((name) => (
              <th key={name} className={["Steps", "Reward", "Loss", "Time", "Cost"].includes(name) ? "number" : ""}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.runs.map((run) => (
            <tr key={run.id}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Compare ${run.id}`}
                  checked={props.chosen.includes(run.id)}
                  onChange={() => props.choose(run.id)}
                />
              </td>
              <th scope="row" className={run.id.includes("/") ? "stage" : ""}>
                <a href={addressWith({ run: run.id }, false)} onClick={follow}>
                  {visible(run.id.slice(run.id.indexOf("/") + 1))}
                </a>
                {run.warnings > 0 && (
                  <span className="warned">
                    {" "}
                    {run.warnings} warning{run.warnings > 1 ? "s" : ""}
                  </span>
                )}
              </th>
              <td>
                <span className={`status ${run.status}`}>{run.status}</span>
              </td>
              <td>
                {visible(run.recipe ?? "–")}{" "}
                {run.preset !== null && <span className="quiet">{visible(run.preset)}</span>}
              </td>
              <td className="number" data-label="steps">
                {run.step === null ? "–" : count(run.step)}
              </td>
              <td className="number" data-label="reward">
                {figure(run.reward)}
              </td>
              <td className="number" data-label="loss">
                {figure(run.loss)}
              </td>
              <td className="number">{duration(run.seconds)}</td>
              <td className="number" data-label="cost">
                {dollars(run.usd)}
              </td>
              <td className="quiet">{ago(run.updated)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

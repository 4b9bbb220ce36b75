/** The samples of one question at one step beside each other: what each earned, part by part, and what advantage that gave it. */
import { useEffect } from "react";
import type { SampleRow } from "../../src/serve/training/samples/row.ts";
import { visible } from "../markdown/visible.ts";
import { addressWith, follow, go, useAddress } from "./address.ts";
import { useAnswer } from "./api.ts";
import { figure, signed } from "./figures.ts";
import { Reward } from "./Samples.tsx";
import { Failure, Progress } from "./Shell.tsx";

interface Group {
  readonly group: number;
  readonly prompt_id: number;
  readonly prompt: string;
  readonly samples: number;
  readonly reward: number;
  readonly least: number;
  readonly most: number;
}

export function Groups({ id, changed }: { readonly id: string; readonly changed: number }) {
  const address = useAddress();
  const facets = useAnswer<{ steps: readonly number[] }>("/v1/runs/samples/facets", { run: id });
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when samples were written
  useEffect(() => facets.again(), [changed, facets.again]);
  const steps = facets.data?.steps ?? [];
  const asked = Number(address.get("step") ?? Number.NaN);
  // A curve has every step, samples may have been kept of some.
  const step = Number.isNaN(asked) ? steps.at(-1) : (steps.find((one) => one >= asked) ?? steps.at(-1));
  const { data, failure, again } = useAnswer<{ groups: readonly Group[] }>(
    step === undefined ? null : "/v1/runs/samples/groups",
    { run: id, step },
  );
  // A group whose answers earned different rewards shows more than one that is all alike.
  const telling = data?.groups.find(({ least, most }) => least !== most) ?? data?.groups[0];
  const group = Number(address.get("group") ?? telling?.group ?? 0);
  if (facets.data && steps.length === 0)
    return (
      <p className="quiet">
        This run kept no samples: only reinforcement learning writes them, every save_rollouts steps.
      </p>
    );
  const at = step === undefined ? -1 : steps.indexOf(step);
  const show = (to: number | undefined): void => {
    if (to !== undefined) go(addressWith({ step: to, group: null }));
  };
  return (
    <>
      <Failure text={facets.failure ?? failure} again={again} />
      <Progress reading={facets.reading} />
      <div className="filters">
        <button type="button" disabled={at <= 0} onClick={() => show(steps[at - 1])}>
          ← Step before
        </button>
        <label>
          Step
          <select value={step ?? ""} onChange={(event) => show(Number(event.target.value))}>
            {steps.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <button type="button" disabled={at < 0 || at === steps.length - 1} onClick={() => show(steps[at + 1])}>
          Step after →
        </button>
      </div>
      <p className="quiet about">
        At every step each question is answered several times: a group. An answer’s reward adds up its parts; its
        advantage says how far it stands above its group (green: made likelier) or below (red: made less likely).
      </p>
      <div className="two">
        <ol className="group-list" aria-label="Groups of the step">
          {data?.groups.map((one) => (
            <li key={one.group}>
              <a
                href={addressWith({ step: step ?? null, group: one.group })}
                onClick={follow}
                aria-current={one.group === group ? "true" : undefined}
              >
                <span className="question">{visible(one.prompt)}</span>
                <span className="spread" title={`mean reward; ${figure(one.least)} to ${figure(one.most)}`}>
                  <span className="figure">{one.reward.toFixed(2)}</span>
                  {one.least === one.most && (
                    <span className="quiet" title="All rewards are the same: nothing is learned from it">
                      {" "}
                      all alike
                    </span>
                  )}
                </span>
              </a>
            </li>
          ))}
        </ol>
        {step !== undefined && <OneGroup id={id} step={step} group={group} />}
      </div>
    </>
  );
}

function OneGroup({ id, step, group }: { readonly id: string; readonly step: number; readonly group: number }) {
  const query = { run: id, step, group, sort: "reward", order: "desc", count: 200 };
  const { data, failure, again } = useAnswer<{ rows: readonly SampleRow[] }>("/v1/runs/samples", query);
  const first = data?.rows[0];
  const most = Math.max(1e-9, ...(data?.rows.map(({ advantage }) => Math.abs(advantage ?? 0)) ?? []));
  return (
    <section className="group" aria-label="Samples of the group">
      <Failure text={failure} again={again} />
      {first && (
        <p className="prompt">
          {visible(first.prompt)}{" "}
          <a href={addressWith({ view: "question", prompt: first.prompt_id }, true)} onClick={follow}>
            this question over time
          </a>
        </p>
      )}
      {data?.rows.map((sample) => (
        <article key={sample.id} className="sample">
          <header>
            <span className="earned">
              reward <Reward value={sample.reward} />
            </span>
            <span className="parts">
              {Object.entries(sample.rewards ?? {}).map(([name, value]) => (
                <span key={name} className="part">
                  {visible(name)} <b className="figure">{figure(value)}</b>
                </span>
              ))}
            </span>
            <Advantage value={sample.advantage} most={most} />
            <span className="quiet figure">
              {sample.tokens} tokens{sample.truncated ? ", cut off" : ""}
            </span>
            <a
              href={addressWith({ view: "sample", id: sample.id })}
              onClick={follow}
              aria-label={`Tokens of sample ${sample.id}`}
            >
              Tokens
            </a>
          </header>
          <pre className="response">{visible(sample.response)}</pre>
          {sample.reason && <p className="quiet">{visible(sample.reason)}</p>}
        </article>
      ))}
    </section>
  );
}

/** Bars to the right for what is made likelier, to the left for what is made less likely. */
function Advantage({ value, most }: { readonly value: number | null; readonly most: number }) {
  const share = (50 * Math.abs(value ?? 0)) / most;
  const left = (value ?? 0) < 0 ? 50 - share : 50;
  return (
    <span className="advantage">
      <span className="quiet">advantage</span> <span className="figure">{signed(value)}</span>
      <span className="track" aria-hidden="true">
        <span className={(value ?? 0) < 0 ? "less" : "more"} style={{ left: `${left}%`, width: `${share}%` }} />
      </span>
    </span>
  );
}

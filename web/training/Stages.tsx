/** The chain of a run's stages in order: what each was for, what it cost and how good the model was after it. */
import { Fragment } from "react";
import { visible } from "../markdown/visible.ts";
import { addressWith, follow } from "./address.ts";
import type { Run, RunBrief } from "./api.ts";
import { count, dollars, duration, figure, percent } from "./figures.ts";

/** Of right answers, with its 95 % interval. */
interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** As the chain's report tells of a stage; a single recipe's stages are told by their own folders. */
interface Told {
  readonly name: string;
  readonly about?: string;
  readonly uses?: readonly string[];
  readonly cost?: { readonly seconds?: number; readonly usd?: number; readonly tokens?: number };
  readonly model?: { readonly greedy?: Share; readonly sampled?: Share } | null;
}

export function Stages({ run }: { readonly run: Run }) {
  const notes = run.report?.notes as { stages?: readonly Told[]; cost?: Told["cost"] } | undefined;
  const byName = new Map(run.stages.map((stage) => [stage.id.slice(run.id.length + 1), stage]));
  const told: readonly Told[] =
    notes?.stages ?? inOrder(run.stages).map((stage) => ({ name: stage.id.slice(run.id.length + 1) }));
  const seconds = told.map((stage) => stage.cost?.seconds ?? byName.get(stage.name)?.seconds ?? 0);
  const most = Math.max(1e-9, ...seconds);
  // Before the report, what the finished stages cost so far.
  const spent = run.stages.reduce((sum, stage) => sum + (stage.usd ?? 0), 0);
  const all: Told["cost"] = notes?.cost ?? { seconds: seconds.reduce((sum, one) => sum + one, 0), usd: spent };
  return (
    <>
      <ol className="stages">
        {told.map((stage, index) => {
          const own = byName.get(stage.name);
          const usd = stage.cost?.usd ?? own?.usd ?? null;
          return (
            <li key={stage.name}>
              <h2>
                {own ? (
                  <a href={addressWith({ run: own.id }, false)} onClick={follow}>
                    {stage.name}
                  </a>
                ) : (
                  stage.name
                )}{" "}
                {own && <span className={`status ${own.status}`}>{own.status}</span>}
              </h2>
              {stage.about && <p>{visible(stage.about)}</p>}
              {(stage.uses?.length ?? 0) > 0 && <p className="quiet">made of {stage.uses!.join(", ")}</p>}
              <p className="figure">
                <span className="time-bar" aria-hidden="true">
                  <span style={{ width: `${(100 * seconds[index]!) / most}%` }} />
                </span>
                {seconds[index]! > 0 ? `${duration(seconds[index]!)} · ${dollars(usd)}` : "not finished"}
                {(stage.cost?.tokens ?? 0) > 0 && ` · ${count(stage.cost!.tokens!)} tokens`}
                {own && own.step !== null && ` · ${count(own.step)} steps`}
                {own?.reward != null && ` · reward ${figure(own.reward)}`}
              </p>
              <Accuracy of={stage.model} />
            </li>
          );
        })}
      </ol>
      {told.length > 0 && (
        <p className="figure">
          {notes?.cost ? "In all" : "So far"} {duration(all.seconds ?? null)} · {dollars(all.usd ?? null)}
          {all.tokens !== undefined && ` · ${count(all.tokens)} tokens`}
        </p>
      )}
      {told.length === 0 && (
        <p className="quiet">
          The run is a single stage: {duration(run.seconds)}, {dollars(run.usd)}
          {typeof run.last?.num_tokens === "number" && `, ${count(run.last.num_tokens)} tokens`}. A chain of several is
          made by <code>npx reckon train r1</code>.
        </p>
      )}
    </>
  );
}

/** How often the stage's model is right on held-out questions: drawn at temperature 1, which reinforcement learning raises first, and greedily. */
function Accuracy({ of }: { readonly of: Told["model"] }) {
  const shares = [
    ["drawn", of?.sampled],
    ["greedily", of?.greedy],
  ] as const;
  if (shares.every(([, share]) => share === undefined)) return null;
  return (
    <p>
      right
      {shares.map(
        ([how, share]) =>
          share && (
            <Fragment key={how}>
              {" "}
              <span className="share">
                {how} <b className="figure">{percent(share.value)}</b>{" "}
                <span className="quiet figure">
                  {percent(share.low)} to {percent(share.high)}
                </span>
              </span>
            </Fragment>
          ),
      )}
    </p>
  );
}

const inOrder = (stages: readonly RunBrief[]): readonly RunBrief[] =>
  stages.toSorted((a, b) => ((a.created ?? "") < (b.created ?? "") ? -1 : 1));

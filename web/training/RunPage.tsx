/** One run: what it is and how it goes at the top, below that one of its views. */
import { useEffect, useState } from "react";
import { visible } from "../markdown/visible.ts";
import { addressWith, follow, useAddress } from "./address.ts";
import { type Run, send, useAnswer } from "./api.ts";
import { Config } from "./Config.tsx";
import { Curves } from "./Curves.tsx";
import { Evaluations } from "./Evaluations.tsx";
import { ago, count, duration, figure } from "./figures.ts";
import { Groups } from "./Groups.tsx";
import { useLive } from "./live.ts";
import { Question } from "./Question.tsx";
import { SamplePage } from "./SamplePage.tsx";
import { Samples } from "./Samples.tsx";
import { Failure } from "./Shell.tsx";
import { Stages } from "./Stages.tsx";

const VIEWS = [
  ["curves", "Curves"],
  ["groups", "Groups"],
  ["samples", "Samples"],
  ["stages", "Stages"],
  ["evaluations", "Evaluations"],
  ["config", "Config"],
] as const;

const OF_CHAINS: ReadonlySet<string> = new Set(["stages", "evaluations", "config"]);

export function RunPage({ id }: { readonly id: string }) {
  const address = useAddress();
  const { data: run, failure, again } = useAnswer<Run>("/v1/runs/one", { run: id });
  // A chain measures nothing by itself: its stages do.
  const isChain = run?.recipe === "r1";
  const view = address.get("view") ?? (isChain ? "stages" : run === null ? null : "curves");
  const live = useLive(id, true);
  const status = live.status ?? run?.status ?? null;
  // What the report and the stages say changes when the run ends or begins.
  useEffect(() => {
    if (live.status !== null) again();
  }, [live.status, again]);
  useEffect(() => {
    document.title = `${id} · Reckon`;
  }, [id]);
  const last = live.metrics.at(-1) ?? run?.last ?? null;
  const warnings = (Array.isArray(last?.warnings) ? last.warnings : []) as readonly (string | { message: string })[];
  return (
    <>
      <div className="title-row">
        <a className="back" href={addressWith({}, false).replace(/\?.*/, "")} onClick={follow}>
          Runs
        </a>
        <h1>{visible(id)}</h1>
        {status && <span className={`status ${status}`}>{status}</span>}
        {run && status && <Controls id={id} status={status} again={again} />}
      </div>
      <Failure text={failure ?? live.failure} again={again} />
      {run && (
        <p className="quiet facts">
          {visible(run.recipe ?? "")} {visible(run.preset ?? "")} · seed {run.seed ?? "–"} ·{" "}
          {isChain ? `${run.stages.length} stages` : stepsOf(Number(last?.step ?? 0), run)}
          {run.seconds !== null && ` · ${duration(run.seconds)}`}
          {!isChain && ` · reward ${figure(last?.reward)} · loss ${figure(last?.loss)}`} · changed {ago(run.updated)}
        </p>
      )}
      {warnings.map((warning) => {
        const text = typeof warning === "string" ? warning : warning.message;
        return (
          <p key={text} className="warning" role="note">
            <strong>Warning</strong> {visible(text)}
          </p>
        );
      })}
      <nav className="tabs" aria-label="Views of the run">
        {VIEWS.filter(([name]) =>
          isChain ? OF_CHAINS.has(name) : name !== "stages" || (run?.stages.length ?? 0) > 0 || run?.report,
        ).map(([name, title]) => (
          <a
            key={name}
            href={addressWith({ run: id, with: address.get("with"), view: name }, false)}
            onClick={follow}
            aria-current={view === name ? "page" : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      {view === "curves" && <Curves id={id} metrics={live.metrics} />}
      {view === "groups" && <Groups id={id} changed={live.rollouts} />}
      {view === "samples" && <Samples id={id} changed={live.rollouts} />}
      {view === "question" && <Question id={id} />}
      {view === "sample" && <SamplePage id={id} />}
      {view === "stages" && run && <Stages run={run} />}
      {view === "evaluations" && run && (
        <Evaluations rows={live.evaluations.length > 0 ? live.evaluations : run.evaluations} />
      )}
      {view === "config" && run && <Config run={run} />}
    </>
  );
}

/** Steps done, and of how many where the run has a number of them. */
function stepsOf(done: number, { config }: Run): string {
  const all = (config?.options as { readonly steps?: unknown } | undefined)?.steps;
  if (typeof all === "number" && done < all) return `${count(done)} of ${count(all)} steps`;
  return `${count(done)} ${done === 1 ? "step" : "steps"}`;
}

const ACTIONS = {
  training: [
    ["pause", "Pause"],
    ["stop", "Stop"],
  ],
  paused: [
    ["continue", "Continue"],
    ["stop", "Stop"],
  ],
  unfinished: [["resume", "Resume"]],
  finished: [],
} as const;

function Controls({
  id,
  status,
  again,
}: {
  readonly id: string;
  readonly status: keyof typeof ACTIONS;
  readonly again: () => void;
}) {
  const { data } = useAnswer<{ may_train: boolean }>("/v1/runs");
  const [failure, setFailure] = useState<string | null>(null);
  const [asked, setAsked] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was asked for has happened
  useEffect(() => setAsked(null), [status]);
  // A stage belongs to its chain's process.
  if (!data?.may_train || (id.includes("/") && status !== "training" && status !== "paused")) return null;
  const act = async (action: string): Promise<void> => {
    setFailure(null);
    setAsked(action);
    try {
      await send("/v1/runs/act", { run: id, action });
      again();
    } catch (error) {
      setAsked(null);
      setFailure((error as Error).message);
    }
  };
  return (
    <>
      {ACTIONS[status].map(([action, name]) => (
        <button key={action} type="button" disabled={asked === action} onClick={() => act(action)}>
          {asked === action && action === "stop" ? "Saving…" : name}
        </button>
      ))}
      <Failure text={failure} />
    </>
  );
}

/** One question over the run: how its samples fared at every step that asked it, and what they said first and last. */
import { useMemo } from "react";
import type { SampleRow } from "../../src/serve/training/samples/row.ts";
import { visible } from "../markdown/visible.ts";
import { addressWith, follow, go, useAddress } from "./address.ts";
import { useAnswer } from "./api.ts";
import { Curve } from "./Curve.tsx";
import { Reward } from "./Samples.tsx";
import { Failure, Progress } from "./Shell.tsx";

interface OverTime {
  readonly prompt: string | null;
  readonly steps: readonly {
    readonly step: number;
    readonly group: number;
    readonly samples: number;
    readonly reward: number | null;
    readonly tokens: number;
    readonly entropy: number | null;
  }[];
}

export function Question({ id }: { readonly id: string }) {
  const prompt = useAddress().get("prompt");
  const { data, failure, again, reading } = useAnswer<OverTime>("/v1/runs/samples/over-time", { run: id, prompt });
  const samples = useAnswer<{ rows: readonly SampleRow[]; total: number }>("/v1/runs/samples", {
    run: id,
    prompt,
    sort: "step",
    order: "asc",
    count: 200,
  });
  const curves = useMemo(
    () =>
      (["reward", "tokens", "entropy"] as const).map((key) => ({
        key,
        series: [
          {
            run: key,
            colour: 0,
            steps: data?.steps.map(({ step }) => step) ?? [],
            values: data?.steps.map((one) => one[key]) ?? [],
          },
        ],
      })),
    [data],
  );
  return (
    <>
      <Failure text={failure ?? samples.failure} again={again} />
      <Progress reading={reading} />
      <p className="prompt">{visible(data?.prompt ?? "")}</p>
      <p className="quiet">
        Asked at {data?.steps.length ?? 0} {data?.steps.length === 1 ? "step" : "steps"}, {samples.data?.total ?? 0}{" "}
        samples.{(data?.steps.length ?? 0) > 1 && " Means of each group:"}
      </p>
      <div className="curves">
        {(data?.steps.length ?? 0) > 1 &&
          curves.map(({ key, series }) => (
            <Curve
              key={key}
              title={key}
              series={series}
              smoothing={0}
              height={140}
              onPick={(step) => go(addressWith({ view: "groups", step, group: null, prompt: null }))}
            />
          ))}
      </div>
      {samples.data?.rows.map((sample) => (
        <article key={sample.id} className="sample">
          <header>
            <a
              href={addressWith({ view: "groups", step: sample.step, group: sample.group, prompt: null })}
              onClick={follow}
            >
              step {sample.step}
            </a>
            <span className="earned">
              reward <Reward value={sample.reward} />
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
        </article>
      ))}
    </>
  );
}

/** The run's measures as curves, with those of other runs beside them; a click on one shows the groups of that step. */
import { useMemo } from "react";
import { addressWith, go, useAddress } from "./address.ts";
import { type Row, type RunList, useAnswer } from "./api.ts";
import { Curve, type Series } from "./Curve.tsx";
import { useLive } from "./live.ts";
import { aboutMeasure, FIRST } from "./measures.ts";
import { thinned } from "./smooth.ts";

/** So few further measures are not worth folding away. */
const FEW = 3;

/** Points of a curve; more than pixels help nobody. */
const MOST = 3000;

export function Curves({ id, metrics }: { readonly id: string; readonly metrics: readonly Row[] }) {
  const address = useAddress();
  const others = address.all("with").slice(0, 4);
  const smoothing = Number(address.get("smooth") ?? 0.6);
  const wanted = address.get("find") ?? "";
  // A fixed number of hooks: at most four others.
  const compared = [
    useLive(others[0] ?? null, false),
    useLive(others[1] ?? null, false),
    useLive(others[2] ?? null, false),
    useLive(others[3] ?? null, false),
  ];
  const [one, two, three, four] = compared.map((run) => run.metrics);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names are read anew from every address
  const tables = useMemo(
    () => [
      [id, metrics] as const,
      ...[one, two, three, four].flatMap((rows, index) =>
        others[index] === undefined ? [] : [[others[index], rows!] as const],
      ),
    ],
    [id, metrics, one, two, three, four, others.join(",")],
  );
  const charts = useMemo(() => chartsOf(tables), [tables]);
  const found = charts.filter(({ key }) => `${key} ${aboutMeasure(key)}`.toLowerCase().includes(wanted.toLowerCase()));
  const further = found.filter(({ key }) => !FIRST.includes(key)).length;
  const folds = wanted === "" && further > FEW && further < found.length;
  const all = address.get("all") !== null;
  const shown = folds && !all ? found.filter(({ key }) => FIRST.includes(key)) : found;
  return (
    <>
      <div className="filters">
        <label>
          Smoothing
          <input
            type="range"
            min={0}
            max={0.98}
            step={0.02}
            value={smoothing}
            onChange={(event) => go(addressWith({ smooth: event.target.value }), true)}
          />
          <output className="figure">{smoothing.toFixed(2)}</output>
        </label>
        <label>
          Find a measure
          <input value={wanted} onChange={(event) => go(addressWith({ find: event.target.value }), true)} />
        </label>
        <Compare id={id} others={others} />
      </div>
      {metrics.length === 0 ? (
        <p className="quiet">
          No step has finished yet: a run first asks its model the held-out questions. The curves come here by
          themselves.
        </p>
      ) : (
        <p className="quiet about">
          Over the steps of training; the faint line is what was measured, the strong one smoothed. Point at a curve, or
          tap it, for its values; click a step, or tap it again, to see the answers it learned from.
        </p>
      )}
      <div className="curves">
        {shown.map(({ key, series }) => (
          <Curve
            key={key}
            title={key}
            about={aboutMeasure(key)}
            series={series}
            smoothing={smoothing}
            onPick={(step) => go(addressWith({ view: "groups", step }))}
          />
        ))}
      </div>
      {folds && (
        <button type="button" className="unfold" onClick={() => go(addressWith({ all: all ? null : "1" }), true)}>
          {all ? "Show fewer measures" : `Show ${further} more measures`}
        </button>
      )}
    </>
  );
}

function Compare({ id, others }: { readonly id: string; readonly others: readonly string[] }) {
  const { data } = useAnswer<RunList>("/v1/runs");
  const free = data?.runs.filter((run) => run.id !== id && !others.includes(run.id)) ?? [];
  const compare = (ids: readonly string[]): void => go(addressWith({ with: ids.join(",") }));
  return (
    <div className="compared">
      {others.map((other, index) => (
        <span key={other} className={`chip series-${index + 2}`}>
          {other}
          <button
            type="button"
            aria-label={`Compare no longer with ${other}`}
            onClick={() => compare(others.filter((one) => one !== other))}
          >
            ×
          </button>
        </span>
      ))}
      {others.length < 4 && free.length > 0 && (
        <label>
          Compare with
          <select value="" onChange={(event) => compare([...others, event.target.value])}>
            <option value="">…</option>
            {free.map((run) => (
              <option key={run.id}>{run.id}</option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

interface Chart {
  readonly key: string;
  readonly series: readonly Series[];
}

function chartsOf(tables: readonly (readonly [string, readonly Row[]])[]): Chart[] {
  const thin = tables.map(([run, rows]) => [run, thinned(rows, MOST)] as const);
  const keys = new Set<string>();
  for (const [, rows] of thin)
    for (const row of [...rows.slice(0, 20), ...rows.slice(-20)])
      for (const [key, value] of Object.entries(row)) if (typeof value === "number" && key !== "step") keys.add(key);
  const rank = (key: string): number => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  return [...keys]
    .map((key) => ({
      key,
      series: thin
        .map(([run, rows], colour) => {
          const own = rows.filter((row) => typeof row[key] === "number" && typeof row.step === "number");
          return {
            run,
            colour,
            steps: own.map((row) => row.step as number),
            values: own.map((row) => row[key] as number),
          };
        })
        .filter(({ steps }) => steps.length > 0),
    }))
    .sort((a, b) => rank(a.key) - rank(b.key) || (a.key < b.key ? -1 : 1));
}

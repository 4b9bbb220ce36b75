/** One measure of one or several runs over their steps: the smoothed line, and the measured one faintly behind it. */
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import { visible } from "../markdown/visible.ts";
import { figure } from "./figures.ts";
import { smoothed } from "./smooth.ts";

export interface Series {
  readonly run: string;
  /** Which of the five line colours. */
  readonly colour: number;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

export interface CurveProps {
  readonly title: string;
  /** What it measures, in a line. */
  readonly about?: string | null;
  readonly series: readonly Series[];
  /** 0: as measured; towards 1: smoother. */
  readonly smoothing: number;
  readonly x?: string;
  readonly height?: number;
  /** A point was clicked. */
  readonly onPick?: (step: number) => void;
}

/** Told apart by colour and by dashes. */
const DASHES = [[], [6, 3], [2, 2], [10, 4, 2, 4], [1, 4]];

export function Curve({ title, about = null, series, smoothing, x = "step", height = 170, onPick }: CurveProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  const shape = series.map(({ run, colour }) => `${colour} ${run}`).join("\n");

  // The plot is made anew only when other runs are shown; new points are handed to it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: shape is series by name
  useEffect(() => {
    const element = place.current!;
    const make = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element, series, x, height), dataOf(series, smoothing), element);
    };
    make();
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", make);
    let touched = -1;
    const click = (event: MouseEvent): void => {
      const index = plot.current?.cursor.idx;
      if (index === null || index === undefined) return;
      // A finger cannot point without touching: its first tap tells the values, the second goes there.
      const points = (event as PointerEvent).pointerType === "touch" && index !== touched;
      touched = index;
      if (!points) pick.current?.(plot.current!.data[0][index]!);
    };
    element.addEventListener("click", click);
    return () => {
      watch.disconnect();
      scheme.removeEventListener("change", make);
      element.removeEventListener("click", click);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, x, height]);
  useEffect(() => plot.current?.setData(dataOf(series, smoothing)), [series, smoothing]);

  return (
    <figure className="curve">
      <figcaption>
        {visible(title)}
        {about !== null && <small>{visible(about)}</small>}
      </figcaption>
      <div ref={place} role="img" aria-label={`${visible(title)}: ${series.map(spoken).join("; ")}`} />
    </figure>
  );
}

function spoken({ run, values }: Series): string {
  const known = values.filter((value) => value !== null);
  return `${run} from ${figure(known[0])} to ${figure(known.at(-1))}`;
}

function options(element: HTMLElement, shown: readonly Series[], x: string, height: number): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 0.5 }, ticks: { show: false } };
  const font = "11px system-ui, sans-serif";
  return {
    width: element.clientWidth,
    height,
    cursor: { y: false, sync: { key: "steps" }, drag: { x: true, y: false } },
    legend: { live: true, show: true },
    hooks: { ready: [toldLast], setData: [toldLast], setCursor: [toldLast] },
    scales: { x: { time: false } },
    axes: [
      { ...axis, font, size: 26 },
      { ...axis, font, size: 48, values: (_, ticks) => ticks.map(figure) },
    ],
    series: [
      { label: x },
      ...shown.flatMap(({ run, colour: index }): uPlot.Series[] => {
        const stroke = colour(`--series-${(index % 5) + 1}`);
        return [
          {
            label: "",
            stroke,
            width: 1,
            alpha: 0.25,
            points: { show: false },
            spanGaps: true,
            class: "raw",
          } as uPlot.Series,
          {
            label: run,
            stroke,
            width: 2,
            dash: DASHES[index % 5],
            spanGaps: true,
            value: (_, value) => figure(value),
            points: { show: (_, __, first, last) => last - first < 12, size: 5 },
          },
        ];
      }),
    ],
  };
}

/** While nothing is pointed at, the legend tells each run's last value. */
function toldLast(plot: uPlot): void {
  if (plot.cursor.idx !== null && plot.cursor.idx !== undefined) return;
  const idxs = plot.data.map((values) => values.findLastIndex((value) => value !== null && value !== undefined));
  plot.setLegend({ idxs }, false);
}

/** Steps of all runs together, and of each run its values, measured and smoothed. */
function dataOf(series: readonly Series[], smoothing: number): uPlot.AlignedData {
  const tables = series.map(({ steps, values }) => [
    [...steps],
    [...values],
    smoothed(values, smoothing),
  ]) as uPlot.AlignedData[];
  return tables.length === 0 ? [[]] : tables.length === 1 ? tables[0]! : uPlot.join(tables);
}

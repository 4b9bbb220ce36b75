/** Accuracy against cost as inline SVG, with the Pareto line: no script, no font, no network. */
import { escapeHtml, figure } from "../../train/curves.ts";
import { type Offer, paretoFront } from "../cost/pareto.ts";

export interface Point extends Offer {
  readonly label: string;
  /** Which evaluation it belongs to: its colour. */
  readonly series: number;
  /** 95 % of the accuracy, where known. */
  readonly low?: number;
  readonly high?: number;
  /** Needs somebody who knows the right answer (pass@k): drawn hollow and not offered. */
  readonly oracle?: boolean;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 320, 56, 90, 34, 44];
/** Of src/colours.ts, which the page brings. */
const SERIES = ["accent", "second", "third", "soft", "good"].map((name) => `var(--${name})`);

/**
 * @param unit what a unit of cost is, such as "US dollars a question"
 * @param names of the series, where there are several
 */
export function costPicture(points: readonly Point[], unit: string, names: readonly string[] = []): string {
  const shown = points.filter(({ cost, accuracy }) => cost > 0 && Number.isFinite(cost) && Number.isFinite(accuracy));
  if (shown.length === 0) return "";
  const costs = shown.map(({ cost }) => cost);
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  const [from, to] = least === most ? [least / 2, most * 2] : [least, most];
  const [bottom, top] = range(shown);
  // Costs differ by factors, not by amounts.
  const x = (cost: number): number => LEFT + (Math.log(cost / from) / Math.log(to / from)) * (WIDTH - LEFT - RIGHT);
  const y = (accuracy: number): number =>
    HEIGHT - BOTTOM - ((accuracy - bottom) / (top - bottom)) * (HEIGHT - BOTTOM - TOP);
  const front = paretoFront(shown.filter(({ oracle }) => !oracle));
  const title = `accuracy against ${unit}; the line joins what nothing else beats for less`;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" role="img" aria-label="${escapeHtml(title)}"><title>${escapeHtml(title)}</title>`,
    `<text x="${LEFT}" y="18" font-size="13" font-weight="600" fill="currentColor">accuracy against cost</text>`,
    ...ticks(bottom, top).map(
      (value) =>
        `<path d="M${LEFT} ${at(y(value))}H${WIDTH - RIGHT}" stroke="currentColor" stroke-opacity="0.15"/>` +
        label(LEFT - 6, y(value) + 4, `${Math.round(100 * value)} %`, "end"),
    ),
    `<path d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}" fill="none" stroke="currentColor" stroke-opacity="0.5"/>`,
    label(LEFT, HEIGHT - BOTTOM + 16, figure(from), "start"),
    label(WIDTH - RIGHT, HEIGHT - BOTTOM + 16, figure(to), "end"),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, `${unit} (each step to the right the same factor)`, "middle"),
    `<path d="${staircase(front.map(({ cost, accuracy }) => [x(cost), y(accuracy)]))}" fill="none" stroke="currentColor" stroke-opacity="0.55" stroke-dasharray="5 3"/>`,
    ...shown.map((point) => drawn(point, x(point.cost), y)),
    ...labels(shown, x, y),
    ...names.map((name, i) => legend(name, i)),
    "</svg>",
  ].join("");
}

function drawn(
  { label: text, accuracy, series, low, high, oracle }: Point,
  x: number,
  y: (accuracy: number) => number,
): string {
  const colour = SERIES[series % SERIES.length]!;
  const bar =
    low === undefined || high === undefined
      ? ""
      : `<path d="M${at(x)} ${at(y(low))}V${at(y(high))}" stroke="${colour}" stroke-opacity="0.5" stroke-width="2"/>`;
  const dot = `<circle cx="${at(x)}" cy="${at(y(accuracy))}" r="4" ${oracle ? `fill="none" stroke="${colour}"` : `fill="${colour}"`}><title>${escapeHtml(text)}: ${figure(100 * accuracy)} %</title></circle>`;
  return bar + dot;
}

/** Names of the points where there is room for them; a name that would lie on another is left to the pointer. */
function labels(points: readonly Point[], x: (cost: number) => number, y: (accuracy: number) => number): string[] {
  const taken: (readonly [number, number, number])[] = [];
  return points.flatMap(({ label: text, cost, accuracy }) => {
    const width = 6.2 * text.length;
    const left = x(cost) + 7 + width > WIDTH ? x(cost) - 7 - width : x(cost) + 7;
    const base = y(accuracy) - 5;
    if (taken.some(([from, to, at]) => left < to && left + width > from && Math.abs(at - base) < 11)) return [];
    taken.push([left, left + width, base]);
    return [label(left, base, text, "start")];
  });
}

function legend(name: string, series: number): string {
  const shown = name.length > 30 ? `${name.slice(0, 29)}…` : name;
  const [x, y] = [LEFT + 170, 14 + 12 * series];
  return `<circle cx="${x}" cy="${y - 4}" r="4" fill="${SERIES[series % SERIES.length]}"/>${label(x + 8, y, shown, "start")}`;
}

/** Right, then up: a cost buys nothing until the next offer. */
function staircase(points: readonly (readonly [number, number])[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  return `M${at(first[0])} ${at(first[1])}${rest.map(([x, y]) => `H${at(x)}V${at(y)}`).join("")}H${WIDTH - RIGHT}`;
}

/** The accuracies shown, with room, within 0 and 1. */
function range(points: readonly Point[]): readonly [number, number] {
  const values = points.flatMap(({ accuracy, low, high }) => [accuracy, low ?? accuracy, high ?? accuracy]);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(0.05, (most - least) * 0.15);
  return [Math.max(0, least - room), Math.min(1, most + room)];
}

function ticks(bottom: number, top: number): number[] {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25].find((one) => (top - bottom) / one <= 6) ?? 0.25;
  const all: number[] = [];
  for (let i = Math.ceil(bottom / step - 1e-9); i * step <= top + 1e-9; i++) all.push(i * step);
  return all;
}

const at = (value: number): string => value.toFixed(1);
const label = (x: number, y: number, text: string, anchor: string): string =>
  `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}" font-size="11" fill="currentColor">${escapeHtml(text)}</text>`;

// Curves as inline SVG in the colours of src/colours.ts: no script, no font, no network, so that a report opens anywhere and prints.

export interface Curve {
  readonly title: string;
  /** What the line underneath is called, such as "loss" or "rewards/accuracy/mean". */
  readonly key: string;
  /** (step, value), steps rising. */
  readonly points: readonly (readonly [number, number])[];
  /** Draw each point (few, measured) instead of a smoothed line over the raw one (many, noisy). */
  readonly sparse: boolean;
}

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [420, 200, 52, 24, 28];

/** One chart with its axes labelled at their ends. */
export function curveSvg({ title, key, points, sparse }: Curve): string {
  const kept = points.filter(([, value]) => Number.isFinite(value));
  if (kept.length === 0) return "";
  const [x0, x1] = [kept[0]![0], kept.at(-1)![0]];
  const values = kept.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (step: number) => LEFT + ((step - x0) / Math.max(1, x1 - x0)) * (WIDTH - LEFT - 10);
  const y = (value: number) => HEIGHT - BOTTOM - ((value - low) / (high - low || 1)) * (HEIGHT - BOTTOM - TOP);
  const line = (of: readonly (readonly [number, number])[], style: string) =>
    `<polyline fill="none" ${style} points="${of.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(" ")}"/>`;
  const label = (at: string, text: string) =>
    `<text ${at} font-size="11" fill="currentColor">${escapeHtml(text)}</text>`;
  const drawn = sparse
    ? line(kept, 'stroke="var(--accent)" stroke-width="2"') +
      kept
        .map(
          ([step, value]) =>
            `<circle cx="${x(step).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3" fill="var(--accent)"/>`,
        )
        .join("")
    : line(thinned(kept), 'stroke="var(--accent)" stroke-opacity="0.25"') +
      line(thinned(smoothed(kept)), 'stroke="var(--accent)" stroke-width="2"');
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" role="img" aria-label="${escapeHtml(`${title}: from ${figure(values[0]!)} to ${figure(values.at(-1)!)}`)}">`,
    `<title>${escapeHtml(key)}</title>`,
    `<text x="${LEFT}" y="16" font-size="13" font-weight="600" fill="currentColor">${escapeHtml(title)}</text>`,
    `<path d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - 10}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>`,
    label(`x="${LEFT - 5}" y="${TOP + 5}" text-anchor="end"`, figure(high)),
    label(`x="${LEFT - 5}" y="${HEIGHT - BOTTOM}" text-anchor="end"`, figure(low)),
    label(`x="${LEFT}" y="${HEIGHT - 8}"`, `step ${x0}`),
    label(`x="${WIDTH - 10}" y="${HEIGHT - 8}" text-anchor="end"`, String(x1)),
    drawn,
    "</svg>",
  ].join("");
}

/** A number for people: four digits at most. */
export const figure = (value: number): string =>
  Number.isInteger(value)
    ? String(value)
    : Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5
      ? String(Number(value.toPrecision(4)))
      : value.toExponential(2);

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Exponential moving average whose memory is a twentieth of the run, without the start's bias. */
function smoothed(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const keep = 1 - 1 / Math.max(1, points.length / 20);
  let [sum, weight] = [0, 0];
  return points.map(([step, value]) => {
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return [step, sum / weight] as const;
  });
}

/** At most some 400 points, the last one included: more than pixels help nobody. */
function thinned(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const every = Math.ceil(points.length / 400);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

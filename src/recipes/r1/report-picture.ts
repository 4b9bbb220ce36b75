/** The chain as a picture: a box a stage, arrows from what a stage uses, what its model can do and what it took written inside. */
import { escapeHtml } from "../../train/curves.ts";
import type { StageSummary } from "./summary.ts";

const [BOX, HIGH, GAP_X, GAP_Y, ARC] = [136, 46, 18, 22, 26];

export function chainPicture(summary: readonly StageSummary[]): string {
  const at = placed(summary);
  const column = (name: string) => at.get(name)![0];
  const x = (name: string) => column(name) * (BOX + GAP_X) + 1;
  const y = (name: string) => at.get(name)![1] * (HIGH + GAP_Y) + ARC;
  const width = (1 + Math.max(...summary.map(({ name }) => column(name)))) * (BOX + GAP_X) - GAP_X + 2;
  const height = (1 + Math.max(...summary.map(({ name }) => at.get(name)![1]))) * (HIGH + GAP_Y) - GAP_Y + ARC + 2;
  const arrows = summary.flatMap(({ name, uses }) =>
    uses.map((one) => {
      const far = column(name) - column(one) > 1 && y(one) === y(name);
      const [toX, toY] = [x(name), y(name) + HIGH / 2];
      const [fromX, fromY] = [x(one) + BOX, y(one) + HIGH / 2];
      // what lies further on in the same row is reached over the heads of those between
      const line = far
        ? `M${fromX - BOX / 2} ${y(one)}C${fromX - BOX / 2} ${y(one) - ARC} ${toX + BOX / 2} ${toY - HIGH / 2 - ARC} ${toX + BOX / 2} ${y(name)}`
        : `M${fromX} ${fromY}C${fromX + GAP_X} ${fromY} ${toX - GAP_X} ${toY} ${toX} ${toY}`;
      return `<path d="${line}" fill="none" stroke="currentColor" stroke-opacity="0.5" marker-end="url(#tip)"/>`;
    }),
  );
  const boxes = summary.map((stage) => {
    const { name, model, examples, comparison, cost } = stage;
    const [left, top] = [x(name), y(name)];
    const what =
      model === null ? (examples === null ? "" : `${examples} examples`) : `sampled ${model.sampled.value.toFixed(2)}`;
    const below = [what, `${cost.seconds.toFixed(0)} s`].filter((one) => one !== "").join(", ");
    return (
      `<g><title>${escapeHtml(stage.about)}</title>` +
      `<rect x="${left}" y="${top}" width="${BOX}" height="${HIGH}" rx="6" fill="${model === null ? "var(--raised)" : "color-mix(in srgb, var(--accent) 18%, var(--paper))"}" stroke="currentColor" stroke-opacity="0.5"${comparison ? ' stroke-dasharray="4 3"' : ""}/>` +
      text(left, top + 19, name, 'font-weight="600"') +
      `${text(left, top + 35, below, "")}</g>`
    );
  });
  return (
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The stages of the chain and what each uses">` +
    `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor" fill-opacity="0.6"/></marker></defs>` +
    `${arrows.join("")}${boxes.join("")}</svg>`
  );
}

function text(left: number, y: number, shown: string, style: string): string {
  const long = shown.length > 20 ? ` textLength="${BOX - 8}" lengthAdjust="spacingAndGlyphs"` : "";
  return `<text x="${left + BOX / 2}" y="${y}" text-anchor="middle" font-size="11" fill="currentColor" ${style}${long}>${escapeHtml(shown)}</text>`;
}

/** Column and row of each stage: a column after the last it uses; what uses nothing, the first apart, stands just before what it is made for. */
function placed(summary: readonly StageSummary[]): Map<string, readonly [column: number, row: number]> {
  const columns = new Map<string, number>();
  const place = () => {
    for (const { name, uses } of summary)
      if (uses.length > 0) columns.set(name, Math.max(...uses.map((one) => columns.get(one) ?? 0)) + 1);
  };
  place();
  for (const { name, uses } of summary.slice(1)) {
    const users = summary.filter((one) => one.uses.includes(name));
    if (uses.length === 0) columns.set(name, Math.max(1, ...users.map((one) => columns.get(one.name)!)) - 1);
  }
  place();
  const rows: number[] = [];
  return new Map(
    summary.map(({ name }) => {
      const column = columns.get(name) ?? 0;
      rows[column] = (rows[column] ?? -1) + 1;
      return [name, [column, rows[column]!]] as const;
    }),
  );
}

/** The chain's report.html: one file without script, font or network, so that it opens anywhere and prints. */
import { curveSvg, escapeHtml, figure } from "../../train/curves.ts";
import type { RunReport } from "../../train/report.ts";
import type { RunConfig } from "../../train/run.ts";
import type { Answer, Measured } from "./measure.ts";
import { firstReflection, type ModelSummary, type StageSummary, type Table } from "./summary.ts";

export function chainPage(
  report: RunReport,
  config: RunConfig,
  summary: readonly StageSummary[],
  measured: ReadonlyMap<string, Measured>,
  tables: readonly Table[],
): string {
  const cost = report.notes.cost as { seconds: number; core_hours: number; usd: number };
  const title = `DeepSeek-R1's chain in the small (${report.preset ?? ""}, seed ${report.seed})`;
  const machine = Object.entries(report.versions)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; font: 14px/1.45 system-ui, sans-serif; }
body { max-width: 1400px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #8883; }
td pre { margin: 0; white-space: pre-wrap; min-width: 9rem; max-width: 16rem; font-size: 12px; }
.curves { display: flex; flex-wrap: wrap; gap: 1rem; }
.wide { overflow-x: auto; }
.right { color: #1a7f37; } .wrong { color: #c33; }
pre { overflow: auto; }
</style></head><body>
<h1>${escapeHtml(title)}</h1>
<p>${figure(cost.seconds)} s, ${figure(cost.core_hours)} core-hours, $${cost.usd.toFixed(4)}, ${report.tokens} tokens learned from; ${escapeHtml(machine)}</p>
<h2>The chain</h2><div class="wide">${picture(summary)}</div>
${tables.map(tableHtml).join("\n")}
<h2>The same question at each stage</h2>${sideBySide(measured)}
<h2>When reflection is heard</h2>${reflection(summary)}
<h2>Worst failures of the last stage</h2>${failures(measured.get("all-scenarios")?.failures ?? [])}
<h2>Curves</h2>
${summary.flatMap(({ name, model }) => (model === null ? [] : [`<h3>${escapeHtml(name)}</h3><div class="curves">${curves(model)}</div>`])).join("\n")}
<h2>Config</h2><details><summary>all options</summary><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre></details>
</body></html>
`;
}

function tableHtml({ title, note, head, rows }: Table): string {
  const cells = (tag: "th" | "td", values: readonly string[]) =>
    values.map((value) => `<${tag}>${escapeHtml(value)}</${tag}>`).join("");
  return `<h2>${escapeHtml(title)}</h2><p>${escapeHtml(note)}</p><table><thead><tr>${cells("th", head)}</tr></thead><tbody>${rows
    .map((row) => `<tr>${cells("td", row)}</tr>`)
    .join("")}</tbody></table>`;
}

const [BOX, HIGH, GAP_X, GAP_Y] = [132, 46, 36, 18];

/** Boxes by how many stages stand before them, arrows from what a stage uses. */
function picture(summary: readonly StageSummary[]): string {
  const depth = new Map<string, number>();
  const rows: number[] = [];
  const at = new Map<string, readonly [number, number]>();
  for (const { name, uses } of summary) {
    const own = Math.max(0, ...uses.map((one) => depth.get(one)! + 1));
    depth.set(name, own);
    rows[own] = (rows[own] ?? 0) + 1;
    at.set(name, [own * (BOX + GAP_X) + 2, (rows[own]! - 1) * (HIGH + GAP_Y) + 2]);
  }
  const width = rows.length * (BOX + GAP_X) - GAP_X + 4;
  const height = Math.max(...rows) * (HIGH + GAP_Y) - GAP_Y + 4;
  const arrows = summary.flatMap(({ name, uses }) =>
    uses.map((one) => {
      const [[x0, y0], [x1, y1]] = [at.get(one)!, at.get(name)!];
      const [fromX, fromY, toX, toY] = [x0 + BOX, y0 + HIGH / 2, x1, y1 + HIGH / 2];
      const bend = Math.max(18, (toX - fromX) / 2);
      return `<path d="M${fromX} ${fromY}C${fromX + bend} ${fromY} ${toX - bend} ${toY} ${toX} ${toY}" fill="none" stroke="currentColor" stroke-opacity="0.35" marker-end="url(#tip)"/>`;
    }),
  );
  const boxes = summary.map((stage) => {
    const [x, y] = at.get(stage.name)!;
    const { model, examples, comparison, cost } = stage;
    const what =
      model === null ? (examples === null ? "" : `${examples} examples`) : `greedy ${model.greedy.value.toFixed(2)}`;
    const below = [what, `${cost.seconds.toFixed(0)} s`].filter((one) => one !== "").join(", ");
    return (
      `<g><title>${escapeHtml(stage.about)}</title>` +
      `<rect x="${x}" y="${y}" width="${BOX}" height="${HIGH}" rx="6" fill="${model === null ? "#8882" : "#3b6fd422"}" stroke="currentColor" stroke-opacity="0.5"${comparison ? ' stroke-dasharray="4 3"' : ""}/>` +
      `<text x="${x + BOX / 2}" y="${y + 19}" text-anchor="middle" font-size="11" font-weight="600" fill="currentColor">${escapeHtml(stage.name)}</text>` +
      `<text x="${x + BOX / 2}" y="${y + 35}" text-anchor="middle" font-size="11" fill="currentColor">${escapeHtml(below)}</text></g>`
    );
  });
  return (
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="The stages of the chain and what each uses">` +
    `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor" fill-opacity="0.5"/></marker></defs>` +
    `${arrows.join("")}${boxes.join("")}</svg>`
  );
}

const CURVES = [
  ["reward", "reward"],
  ["rewards/accuracy/mean", "right answers"],
  ["rewards/language/mean", "in the question's language"],
  ["rewards/preference/mean", "preference"],
  ["completions/mean_length", "answer length, tokens"],
  ["completions/reflecting", "answers that say wait"],
  ["entropy", "entropy, nats"],
  ["kl", "KL to the reference"],
  ["loss", "loss"],
] as const;

function curves({ recipe, metrics, evaluations }: ModelSummary): string {
  const points = (lines: readonly Readonly<Record<string, unknown>>[], key: string) =>
    lines.flatMap((line) =>
      typeof line[key] === "number" ? [[Number(line.step), line[key]] as readonly [number, number]] : [],
    );
  const drawn = CURVES.filter(([key]) => key !== "loss" || recipe !== "r1-zero").map(([key, title]) =>
    curveSvg({ title, key, points: points(metrics, key), sparse: false }),
  );
  const greedy = evaluations.filter(({ temperature }) => temperature === 0);
  return [
    curveSvg({ title: "held-out accuracy, greedy", key: "accuracy", points: points(greedy, "accuracy"), sparse: true }),
    ...drawn,
  ].join("\n");
}

function sideBySide(measured: ReadonlyMap<string, Measured>): string {
  const stages = [...measured];
  const questions = stages[0]?.[1].answers ?? [];
  return questions
    .map(
      ({ task, prompt, gold }, i) =>
        `<h3>${escapeHtml(task)}: ${escapeHtml(prompt)} (${escapeHtml(gold)})</h3><table><thead><tr>${stages
          .map(([name]) => `<th>${escapeHtml(name)}</th>`)
          .join("")}</tr></thead><tbody><tr>${stages
          .map(([, { answers }]) => `<td>${response(answers[i]!)}</td>`)
          .join("")}</tr></tbody></table>`,
    )
    .join("\n");
}

const response = ({ response: text, right, reason }: Answer): string =>
  `<pre class="${right ? "right" : "wrong"}">${escapeHtml(text)}</pre><small>${escapeHtml(reason)}</small>`;

function reflection(summary: readonly StageSummary[]): string {
  const items = summary.flatMap(({ name, model }) => {
    if (model === null || model.recipe !== "r1-zero") return [];
    const first = firstReflection(model.metrics);
    const said =
      first === null
        ? "never from one answer in a hundred"
        : `from step ${first} on; at the end ${(100 * Number(model.metrics.at(-1)?.["completions/reflecting"])).toFixed(0)} % of the answers`;
    return [`<li>${escapeHtml(name)}: ${said}</li>`];
  });
  return `<ul>${items.join("")}</ul>`;
}

function failures(answers: readonly Answer[]): string {
  if (answers.length === 0) return "<p>None: every held-out question was answered rightly.</p>";
  return `<table><thead><tr><th>family</th><th>question</th><th>right answer</th><th>response</th></tr></thead><tbody>${answers
    .map(
      (one) =>
        `<tr><td>${escapeHtml(one.task)}</td><td>${escapeHtml(one.prompt)}</td><td>${escapeHtml(one.gold)}</td><td>${response(one)}</td></tr>`,
    )
    .join("")}</tbody></table>`;
}

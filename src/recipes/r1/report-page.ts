/** The chain's report.html: one file without script, font or network, so that it opens anywhere and prints. */
import { REPORT_STYLE } from "../../colours.ts";
import { curveSvg, escapeHtml, figure } from "../../train/curves.ts";
import type { RunReport } from "../../train/report.ts";
import type { RunConfig } from "../../train/run.ts";
import type { Measured } from "./measure.ts";
import { failures, reflection, sideBySide } from "./report-answers.ts";
import { chainPicture } from "./report-picture.ts";
import { count, type ModelSummary, type StageSummary, type Table, totalCost } from "./summary.ts";

export function chainPage(
  report: RunReport,
  config: RunConfig,
  summary: readonly StageSummary[],
  measured: ReadonlyMap<string, Measured>,
  tables: readonly Table[],
): string {
  const cost = totalCost(summary.map((stage) => stage.cost));
  const title = `DeepSeek-R1's chain in the small (${report.preset ?? ""}, seed ${report.seed})`;
  const machine = Object.entries(report.versions)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head><body><main>
<h1>${escapeHtml(title)}</h1>
<p>${figure(cost.seconds)} s, ${figure(cost.core_hours)} core-hours, $${cost.usd.toFixed(4)}, ${count(cost.flops)} FLOPs, ${count(report.tokens)} tokens learned from; ${escapeHtml(machine)}</p>
<h2>The chain</h2>${scrolled("The chain", chainPicture(summary))}
<p>Solid boxes are the chain, dashed ones what the paper compares it with; grey ones are files. Accuracy is of sampled answers to held-out questions.</p>
${tables.map(tableHtml).join("\n")}
${warnings(summary)}
<h2>The same question at each stage</h2><p>Greedy answers to the first held-out question of every family.</p>${sideBySide(measured)}
<h2>When reflection is heard</h2>${reflection(summary)}
<h2>Worst failures of the last stage</h2>${failures(measured.get("all-scenarios")?.failures ?? [])}
<h2>Curves</h2>
${summary.flatMap(({ name, model }) => (model === null ? [] : [curves(name, model)])).join("\n")}
<h2>Config</h2><details><summary>all options</summary>${scrolled("All options", `<pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre>`)}</details>
</main></body></html>
`;
}

const STYLE = `${REPORT_STYLE}
body { max-width: 1400px; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; }
p { max-width: 60rem; }
.scrolled { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
tbody th { font-weight: 400; position: sticky; left: 0; background: var(--paper); }
.cards, .curves { display: grid; gap: 0.75rem; grid-template-columns: repeat(auto-fill, minmax(min(14rem, 100%), 1fr)); }
.curves { grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
.curves svg { max-width: 100%; height: auto; }
.card { border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem 0.75rem; min-width: 0; max-width: 40rem; }
.card h3 { margin: 0 0 0.25rem; font-size: 1em; }
.said { font: 12px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.thought { color: var(--soft); }
.right { color: var(--good); } .wrong { color: var(--bad); }
small { color: var(--soft); }
summary { cursor: pointer; padding: 0.35rem 0; }
`;

/** What may be wider than a phone scrolls by itself, by keyboard too. */
const scrolled = (label: string, html: string): string =>
  `<div class="scrolled" role="region" tabindex="0" aria-label="${escapeHtml(label)}">${html}</div>`;

function tableHtml({ title, note, head, rows }: Table): string {
  const headed = head.map((value) => `<th scope="col">${escapeHtml(value)}</th>`).join("");
  const lines = rows.map(([first, ...rest]) => {
    const cells = rest.map((value) => `<td>${escapeHtml(value)}</td>`).join("");
    return `<tr><th scope="row">${escapeHtml(first!)}</th>${cells}</tr>`;
  });
  const table = `<table><thead><tr>${headed}</tr></thead><tbody>${lines.join("")}</tbody></table>`;
  return `<h2>${escapeHtml(title)}</h2><p>${escapeHtml(note)}</p>${scrolled(title, table)}`;
}

function warnings(summary: readonly StageSummary[]): string {
  const items = summary.flatMap(({ name, model }) =>
    (model?.warnings ?? []).map(
      ({ step, message }) => `<li>${escapeHtml(name)}, from step ${step} on: ${escapeHtml(message)}</li>`,
    ),
  );
  return `<h2>Warnings</h2>${items.length === 0 ? "<p>None.</p>" : `<ul>${items.join("")}</ul>`}`;
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

/** A stage's curves; of held-out accuracy that was measured once, the figure alone. */
function curves(name: string, { recipe, metrics, evaluations }: ModelSummary): string {
  const points = (lines: readonly Readonly<Record<string, unknown>>[], key: string) =>
    lines.flatMap((line) =>
      typeof line[key] === "number" ? [[Number(line.step), line[key]] as readonly [number, number]] : [],
    );
  const held = (["sampled", "greedy"] as const).map((how) => ({
    how,
    points: points(
      evaluations.filter(({ temperature }) => (temperature === 0) === (how === "greedy")),
      "accuracy",
    ),
  }));
  const drawn = [
    ...held.map(({ how, points: of }) => ({
      title: `held-out accuracy, ${how}`,
      key: "accuracy",
      points: of,
      sparse: true,
    })),
    ...CURVES.filter(([key]) => key !== "loss" || recipe !== "r1-zero").map(([key, title]) => ({
      title,
      key,
      points: points(metrics, key),
      sparse: false,
    })),
  ].filter((curve) => curve.points.length > 1);
  const once = held.filter((one) => one.points.length === 1).map((one) => `${one.how} ${figure(one.points[0]![1])}`);
  return (
    `<h3>${escapeHtml(name)}</h3>${once.length > 0 ? `<p>Held-out accuracy at the end: ${once.join(", ")}.</p>` : ""}` +
    `<div class="curves">${drawn.map(curveSvg).join("\n")}</div>`
  );
}

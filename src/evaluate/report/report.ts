/** The report of an evaluation: report.json for programs, report.md for a pull request, report.html for people. */
import path from "node:path";
import { atomicWriteFile } from "../../checkpoint/atomic.ts";
import { curveOf, type Figures, type Summary, type SummaryOptions, summarize } from "../accuracy.ts";
import { countTokens, type EvaluationCost } from "../cost/cost.ts";
import { dollarsFor, PRICES } from "../cost/prices.ts";
import type { ItemResult } from "../item.ts";
import { htmlPage } from "./page.ts";
import { costPicture, type Point } from "./picture.ts";
import { htmlTable, markdownTable, markdownText, type Table } from "./table.ts";

export interface ReportInput {
  readonly title: string;
  readonly results: readonly ItemResult[];
  readonly samples: number;
  readonly cost: EvaluationCost;
  readonly summary: SummaryOptions;
  /** What `reckon eval --json` prints. */
  readonly row: Readonly<Record<string, unknown>>;
  /** How it was done: a line each. */
  readonly settings: Readonly<Record<string, string | number | null>>;
  /** What a reader must know of the figures, such as that wrong answers are not told apart. */
  readonly remarks: readonly string[];
}

/** Writes the three files beside each other; `file` is one of them, or names them without an ending. Gives their paths. */
export function writeReport(file: string, input: ReportInput): readonly string[] {
  const stem = file.replace(/\.(html|json|md)$/, "");
  const tables = reportTables(input);
  const { title, results, remarks, row, settings } = input;
  const picture = costPicture(...pointsOf(input));
  const notes = remarks.map((remark) => `<p>${escapeText(remark)}</p>`);
  const html = htmlPage({
    title,
    sections: [
      ...notes,
      ...tables.slice(0, 1).map(htmlTable),
      ...(picture === "" ? [] : [`<section>${picture}</section>`]),
      ...tables.slice(1).map(htmlTable),
    ],
    evaluations: [{ name: title, results }],
  });
  atomicWriteFile(`${stem}.json`, `${JSON.stringify({ title, ...row, settings, remarks }, null, 2)}\n`);
  atomicWriteFile(
    `${stem}.md`,
    [
      `# ${markdownText(title)}`,
      "",
      ...remarks.flatMap((one) => [markdownText(one), ""]),
      ...tables.map((table) => markdownTable(table)),
    ].join("\n"),
  );
  atomicWriteFile(`${stem}.html`, html);
  return ["html", "json", "md"].map((ending) => `${stem}.${ending}`);
}

/** Where a report goes when only the items file is named: beside it, and plainly `report` where that is called `items`. */
export function reportBeside(items: string): string {
  const stem = path.basename(items).replace(/\.jsonl?$/, "");
  return path.join(path.dirname(items), stem === "items" ? "report.html" : `${stem}.report.html`);
}

/** What a majority of k costs and gets, for the picture, with what a unit of cost is. */
export function pointsOf(
  { results, cost, summary }: Pick<ReportInput, "results" | "cost" | "summary">,
  series = 0,
): [Point[], string] {
  const { interval, accuracy } = summarize({ results, samples: 1 }, summary);
  const perAnswer = cost.per_answer.usd || cost.per_answer.tokens || 0;
  const unit = cost.per_answer.usd ? "US dollars a question" : "new tokens a question";
  const first: Point = { label: "pass@1", series, cost: perAnswer, accuracy, low: interval.low, high: interval.high };
  const rest = curveOf(results, summary.same)
    .filter(({ k }) => k > 1)
    .flatMap(({ k, pass, cons }): Point[] => [
      { label: `cons@${k}`, series, cost: k * perAnswer, accuracy: cons },
      { label: `pass@${k}`, series, cost: k * perAnswer, accuracy: pass, oracle: true },
    ]);
  return [[first, ...rest], unit];
}

/** The tables of a report, the most important first. */
export function reportTables({ results, samples, cost, summary: options, settings }: ReportInput): Table[] {
  const summary = summarize({ results, samples }, options);
  const curve = curveOf(results, options.same);
  return [
    { title: "Accuracy", head: ["what", "value"], rows: accuracyRows(summary) },
    { title: "Cost", head: ["what", "in all", "an answer", "a right answer"], rows: costRows(cost, results) },
    ...listedPrices(results),
    ...(curve.length === 0
      ? []
      : [
          {
            title: "More answers",
            head: ["k", "pass@k", "cons@k"],
            rows: curve.map(({ k, pass, cons }) => [String(k), percent(pass), percent(cons)]),
          },
        ]),
    ...breakdowns(summary).map(([title, parts]) => breakdown(title, parts)),
    {
      title: "How",
      head: ["what", "value"],
      rows: Object.entries(settings).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])),
    },
  ];
}

function accuracyRows(summary: Summary): string[][] {
  const { accuracy, stderr, interval, n, pass, cons, format, truncated } = summary;
  return [
    [
      "pass@1",
      `${percent(accuracy)} ± ${percent(stderr)} (95 %: ${percent(interval.low)} to ${percent(interval.high)})`,
    ],
    ...[...pass].filter(([k]) => k > 1).map(([k, value]) => [`pass@${k}`, percent(value)]),
    ...[...cons].filter(([k]) => k > 1).map(([k, value]) => [`cons@${k}`, percent(value)]),
    ["questions", String(n)],
    ...[...summary.parts].map(([name, share]) => [name.replaceAll("_", " "), percent(share)]),
    ["in the form asked for", percent(format)],
    ["cut off by the token limit", percent(truncated)],
    ["thinking tokens an answer", tokens(summary.thinking)],
    ["thinking tokens of right answers", tokens(summary.thinkingRight)],
    ["thinking tokens of wrong answers", tokens(summary.thinkingWrong)],
  ];
}

function costRows(cost: EvaluationCost, results: readonly ItemResult[]): string[][] {
  const { per_answer: one, per_right_answer: right } = cost;
  const counts = countTokens(results);
  const rows: [string, number | null, number | null, number | null, (value: number) => string][] = [
    ["new tokens", counts.completion, one.tokens, right?.tokens ?? null, tokens],
    ["prompt tokens", counts.prompt, null, null, tokens],
    ["of these from a cache", counts.cached, null, null, tokens],
    ["operations (FLOP)", cost.flops, null, null, amount],
    ["core-seconds", cost.core_seconds, one.core_seconds, right?.core_seconds ?? null, amount],
    ["joules (the whole machine)", cost.joules, null, null, amount],
    ["US dollars", cost.usd, one.usd, right?.usd ?? null, amount],
  ];
  const cell = (value: number | null, show: (value: number) => string): string => (value === null ? "" : show(value));
  return [
    ...rows
      .filter(([, all]) => all !== null && !Number.isNaN(all))
      .map(([name, all, each, rightOne, show]) => [name, cell(all, show), cell(each, show), cell(rightOne, show)]),
    ...(cost.rate === null ? [] : [["counted at", cost.rate, "", ""]]),
  ];
}

/** What the same tokens would have cost at every listed price: how much the price alone makes of a difference. */
function listedPrices(results: readonly ItemResult[]): Table[] {
  const counts = countTokens(results);
  const right = results.flatMap(({ responses }) => responses.filter(({ accuracy }) => accuracy === 1)).length;
  if (Number.isNaN(counts.prompt + counts.completion)) return [];
  return [
    {
      title: "These tokens at listed prices",
      head: ["model", "$ a million in, out", "of", "$ in all", "$ a right answer"],
      rows: PRICES.map((price) => {
        const usd = dollarsFor(counts, price);
        return [
          `${price.models[0]} at ${price.host}`,
          `${price.input}, ${price.output}`,
          price.date,
          amount(usd),
          right === 0 ? "none right" : amount(usd / right),
        ];
      }),
    },
  ];
}

function breakdowns(summary: Summary): (readonly [string, Readonly<Record<string, Figures>>])[] {
  const families = Object.fromEntries(summary.groups.map((one) => [one.group, one]));
  const variants = Object.keys(summary.variants).length > 1 ? [["wording", summary.variants] as const] : [];
  const labels = Object.entries(summary.labels).filter(([, values]) => Object.keys(values).length > 1);
  const covered = labels.some(([, values]) => Object.keys(values).length === summary.groups.length);
  return [...(summary.groups.length > 1 && !covered ? [["family", families] as const] : []), ...variants, ...labels];
}

function breakdown(title: string, parts: Readonly<Record<string, Figures>>): Table {
  const ks = [...(Object.values(parts)[0]?.pass.keys() ?? [])].filter((k) => k > 1);
  return {
    title: `By ${title}`,
    head: [
      title,
      "questions",
      "pass@1",
      ...ks.flatMap((k) => [`pass@${k}`, `cons@${k}`]),
      "cut off",
      "thinking tokens",
    ],
    rows: Object.entries(parts).map(([name, one]) => [
      name,
      String(one.n),
      percent(one.accuracy),
      ...ks.flatMap((k) => [percent(one.pass.get(k)!), percent(one.cons.get(k)!)]),
      percent(one.truncated),
      tokens(one.thinking),
    ]),
  };
}

const percent = (share: number): string => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "unknown");
const tokens = (value: number): string =>
  !Number.isFinite(value)
    ? "unknown"
    : value >= 1000
      ? Math.round(value).toLocaleString("en-US")
      : String(Number(value.toFixed(1)));
const amount = (value: number): string =>
  value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)));
const escapeText = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

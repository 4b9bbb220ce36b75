/**
 * A report as one HTML file that opens anywhere: no network, and nothing in it but what stands here can run. What models wrote is data:
 * it lies in a JSON block in which no "<" is left, is put on the page as text alone, and a content security policy allows only the
 * one script below, by its hash.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { REPORT_STYLE } from "../../colours.ts";
import { escapeHtml } from "../../train/curves.ts";
import { answerOf, type ItemResult } from "../item.ts";

export interface Page {
  readonly title: string;
  /** HTML made by this program, in order. */
  readonly sections: readonly string[];
  /** Evaluations whose answers are shown, side by side where there are two, with their names. */
  readonly evaluations: readonly { readonly name: string; readonly results: readonly ItemResult[] }[];
}

/** Answers beyond this many characters in all stay in the items file. */
const MOST_CHARACTERS = 40e6;

const SCRIPT = fs.readFileSync(path.join(import.meta.dirname, "items.client.js"), "utf8");

export function htmlPage({ title, sections, evaluations }: Page): string {
  const { items, left } = itemsData(evaluations);
  const data = { names: evaluations.map(({ name }) => name), items };
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash("sha256").update(SCRIPT).digest("base64")}'; base-uri 'none'; form-action 'none'`;
  const more =
    left === 0
      ? ""
      : `<p>${left} answers are left out here, as this page would grow too long; the items file has them.</p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}">
<meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${sections.join("\n")}
<section id="answers"><h2>Answers</h2>${more}
<noscript><p>The answers below are shown by a script; the items file has them too.</p></noscript>
<div id="filters"></div><p id="count" aria-live="polite"></p><div id="items"></div><button id="more" type="button" hidden>show more</button></section>
<script type="application/json" id="data">${jsonBlock(data)}</script>
<script>${SCRIPT}</script>
</body></html>
`;
}

/** JSON that ends no script element and opens no comment, whatever texts are in it. */
export const jsonBlock = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

function itemsData(evaluations: Page["evaluations"]) {
  let [room, left] = [MOST_CHARACTERS, 0];
  const byId = evaluations.map(({ results }) => new Map(results.map((result) => [result.item.id, result])));
  const items = evaluations[0]!.results.map(({ item }) => ({
    id: item.id,
    question: item.text ?? item.prompt,
    gold: item.gold,
    labels: { ...(item.group === "all" ? {} : { group: item.group }), ...item.labels },
    runs: byId.map((results) =>
      (results.get(item.id)?.responses ?? []).flatMap((one) => {
        room -= one.text.length;
        if (room < 0) left++;
        const { accuracy, reason, answer = answerOf(one.text) || null, finish, tokens } = one;
        return room < 0
          ? []
          : [{ text: one.text, accuracy, reason, answer, finish, tokens: Number.isNaN(tokens) ? null : tokens }];
      }),
    ),
  }));
  return { items, left };
}

const escapeAttribute = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

const STYLE = `${REPORT_STYLE}
body { max-width: 1200px; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2rem 0 0.4rem; font-size: 1.1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.2rem 1rem 0.2rem 0; border-bottom: 1px solid var(--line); }
.scroll { overflow-x: auto; }
svg { max-width: 100%; height: auto; }
#filters { display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; align-items: end; }
#filters label { display: grid; gap: 0.1rem; font-size: 12px; }
details { border-top: 1px solid var(--line); padding: 0.4rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.4rem 0; padding: 0.6rem; background: var(--raised); max-height: 30rem; overflow: auto; font: 12.5px/1.5 ui-monospace, monospace; }
.thinking { opacity: 0.65; }
mark { background: #f3d34a; color: #000; padding: 0 0.15em; }
.right { color: var(--good); } .wrong { color: var(--bad); }
.runs { display: grid; gap: 1rem; } .runs.two { grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); }
.verdict { font-weight: 600; margin: 0.6rem 0 0; } .reason { font-weight: 400; }
`;

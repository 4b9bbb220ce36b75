/** Tables as values, written as Markdown and as HTML alike. */
import { escapeHtml } from "../../train/curves.ts";

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function markdownTable({ title, head, rows }: Table, level = 2): string {
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [`${"#".repeat(level)} ${title}`, "", row(head), row(head.map(() => "---")), ...rows.map(row), ""].join("\n");
}

export function htmlTable({ title, head, rows }: Table): string {
  const cells = (tag: "td" | "th", own: readonly string[]): string =>
    own.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join("");
  return (
    `<section><h2>${escapeHtml(title)}</h2><div class="scroll"><table><thead><tr>${cells("th", head)}</tr></thead>` +
    `<tbody>${rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("")}</tbody></table></div></section>`
  );
}

/** A text in which Markdown finds no element of HTML and no line end. */
export const markdownText = (text: string): string =>
  text.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/\s+/g, " ");

const cell = (text: string): string => markdownText(text.replace(/[|\\]/g, "\\$&"));

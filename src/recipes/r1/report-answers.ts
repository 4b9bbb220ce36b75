/** The report's answers in full: one question at every stage, the first words of reflection, the worst failures. */
import { escapeHtml } from "../../train/curves.ts";
import { parted } from "../rewards.ts";
import type { Answer, Measured } from "./measure.ts";
import type { StageSummary } from "./summary.ts";

/** The same question answered by every stage's model, a card each; the first family is open. */
export function sideBySide(measured: ReadonlyMap<string, Measured>): string {
  const stages = [...measured];
  const questions = stages[0]?.[1].answers ?? [];
  return questions
    .map(({ task, prompt, gold }, i) => {
      const right = stages.filter(([, { answers }]) => answers[i]!.right).length;
      const cards = stages.map(
        ([name, { answers }]) =>
          `<div class="card"><h3>${escapeHtml(name)}</h3>${said(answers[i]!.response)}${verdict(answers[i]!)}</div>`,
      );
      return (
        `<details${i === 0 ? " open" : ""}><summary><b>${escapeHtml(task)}</b>: ${escapeHtml(prompt)} (${escapeHtml(gold)}; ` +
        `${right} of ${stages.length} right)</summary><div class="cards">${cards.join("")}</div></details>`
      );
    })
    .join("\n");
}

/** From when on each reinforced stage says "wait", and the first answer kept that did. */
export function reflection(summary: readonly StageSummary[]): string {
  const items = summary.flatMap(({ name, model }) => {
    if (model === null || model.recipe !== "r1-zero") return [];
    const share = (line: Readonly<Record<string, unknown>> | undefined) =>
      `${(100 * Number(line?.["completions/reflecting"] ?? 0)).toFixed(0)} %`;
    const { first_reflection: first, metrics, heard } = model;
    const when =
      first === null
        ? "never from one answer in a hundred"
        : `from step ${first} on; ${share(metrics[0])} of the answers in the first step, ${share(metrics.at(-1))} in the last`;
    const example =
      heard === null
        ? ""
        : `<div class="card"><small>kept of step ${heard.step}:</small> ${escapeHtml(heard.prompt)}${said(heard.response)}<small>${escapeHtml(heard.reason)}</small></div>`;
    return [`<li>${escapeHtml(name)}: ${when}${example}</li>`];
  });
  return `<p>Documents of one style say "wait" before they check; whether that is kept is for the rewards to decide.</p><ul>${items.join("")}</ul>`;
}

export function failures(answers: readonly Answer[]): string {
  if (answers.length === 0) return "<p>None: every held-out question was answered rightly.</p>";
  const cards = answers.map(
    (one) =>
      `<div class="card"><h3>${escapeHtml(one.task)}: ${escapeHtml(one.prompt)} (${escapeHtml(one.gold)})</h3>${said(one.response)}${verdict(one)}</div>`,
  );
  return `<div class="cards">${cards.join("")}</div>`;
}

/** Thinking and answer apart, "wait" marked. */
function said(response: string): string {
  const [thinking, answer] = parted(response);
  const marked = escapeHtml(thinking.trim()).replace(/\bwait\b/g, "<mark>wait</mark>");
  return `<p class="said"><span class="thought">${marked}</span>${marked === "" ? "" : "\n"}<b>${escapeHtml(answer)}</b></p>`;
}

const verdict = ({ right, reason }: Answer): string =>
  `<small class="${right ? "right" : "wrong"}">${right ? "✓" : "✗"} ${escapeHtml(reason)}</small>`;

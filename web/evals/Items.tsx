/** The questions of an evaluation: filtered, searched through their whole responses, and opened one by one. */
import { useMemo } from "react";
import { visible } from "../markdown/visible.ts";
import { addressWith, follow, go, useAddress } from "../training/address.ts";
import { count, figure, percent } from "../training/figures.ts";
import { usePages } from "../training/pages.ts";
import { Failure } from "../training/Shell.tsx";
import { VirtualRows } from "../training/VirtualRows.tsx";
import { CompareWith } from "./CompareWith.tsx";
import { shortName } from "./names.ts";
import type { Evaluation, ItemRow } from "./types.ts";

export interface ItemsProps {
  readonly id: string;
  readonly evaluation: Evaluation | null;
  readonly all: readonly Evaluation[];
}

export function Items({ id, evaluation, all }: ItemsProps) {
  const address = useAddress();
  const [group, verdict, text] = ["group", "verdict", "text"].map((name) => address.get(name) ?? "");
  const query = useMemo(() => ({ eval: id, group, verdict, text }), [id, group, verdict, text]);
  const pages = usePages<ItemRow>("/v1/evals/items", query, evaluation?.updated ?? 0);
  const set = (parts: Readonly<Record<string, string>>): void => go(addressWith(parts), true);
  return (
    <>
      <div className="title-row">
        <a className="back" href="/evals" onClick={follow}>
          Evaluations
        </a>
        <h1>{shortName(id)}</h1>
      </div>
      {evaluation && (
        <p className="quiet facts">
          {evaluation.benchmark} · {evaluation.model} · accuracy {percent(evaluation.accuracy)} (
          {percent(evaluation.low)} to {percent(evaluation.high)}) · {count(evaluation.answers)} answers to{" "}
          {count(evaluation.questions)} questions
        </p>
      )}
      <div className="filters">
        <label>
          Search
          <input type="search" value={text} onChange={(event) => set({ text: event.target.value })} />
        </label>
        <label>
          Group
          <select value={group} onChange={(event) => set({ group: event.target.value })}>
            <option value="">all</option>
            {evaluation?.groups.map((one) => (
              <option key={one.group} value={one.group}>
                {one.group} ({percent(one.accuracy)})
              </option>
            ))}
          </select>
        </label>
        <label>
          Verdict
          <select value={verdict} onChange={(event) => set({ verdict: event.target.value })}>
            <option value="">all</option>
            <option>right</option>
            <option>wrong</option>
            <option>mixed</option>
          </select>
        </label>
        <CompareWith id={id} evaluation={evaluation} all={all} />
        <output className="quiet figure" aria-live="polite">
          {pages.total === null ? "…" : `${count(pages.total)} questions`}
        </output>
      </div>
      <Failure text={pages.failure} />
      <div className="items">
        <VirtualRows
          label="Questions"
          total={pages.total ?? 0}
          order={JSON.stringify(query)}
          row={pages.row}
          onView={pages.view}
          head={["Verdict", "Question", "Gold", "Answers", "Tokens"].map((name) => (
            // biome-ignore lint/a11y/useSemanticElements: rows that come and go while one scrolls are no table's
            // biome-ignore lint/a11y/useFocusableInteractive: nothing to do with it
            <span key={name} role="columnheader" className={`c-${name.toLowerCase()}`}>
              {name}
            </span>
          ))}
        >
          {(item) =>
            (
              [
                [
                  "verdict",
                  <span key="verdict" className={`verdict ${item.verdict}`}>
                    {item.verdict === "mixed" ? percent(item.share) : item.verdict}
                  </span>,
                ],
                [
                  "question",
                  <a key="question" href={addressWith({ item: item.id })} onClick={follow}>
                    {visible(item.question)}
                  </a>,
                ],
                ["gold", visible(item.gold)],
                ["answers", visible(item.answers.map((answer) => answer ?? "–").join("  "))],
                ["tokens", figure(item.tokens === null ? null : Math.round(item.tokens))],
              ] as const
            ).map(([key, cell]) => (
              // biome-ignore lint/a11y/useSemanticElements: as above
              <span key={key} role="cell" className={`c-${key}`}>
                {cell}
              </span>
            ))
          }
        </VirtualRows>
      </div>
    </>
  );
}

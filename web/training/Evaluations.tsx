/** What the run measured on held-out questions, a row an evaluation, families beside it. */
import { visible } from "../markdown/visible.ts";
import type { Row } from "./api.ts";
import { figure, percent } from "./figures.ts";

const HEAD = ["step", "stage", "temperature", "phrasing", "accuracy", "stderr", "format", "thinking"] as const;
/** What a column is called where its key says too little. */
const NAMES: Readonly<Record<string, string>> = {
  temperature: "drawn",
  phrasing: "wording",
  stderr: "± one error",
  format: "in form",
  thinking: "thinking tokens",
};
const SHARES: ReadonlySet<string> = new Set(["accuracy", "format", "stderr"]);

export function Evaluations({ rows }: { readonly rows: readonly Row[] }) {
  if (rows.length === 0) return <p className="quiet">Nothing has been evaluated yet.</p>;
  const head = HEAD.filter((key) => rows.some((row) => row[key] !== undefined));
  const families = [...new Set(rows.flatMap((row) => Object.keys((row.by_family ?? {}) as object)))];
  const accuracy = (row: Row, family: string): number | undefined =>
    (row.by_family as Record<string, { accuracy?: number }> | undefined)?.[family]?.accuracy;
  return (
    <>
      <p className="quiet about">
        Accuracy on held-out questions, which training never asks: greedily, the likeliest token each time, or drawn at
        a temperature. Wording 0 is the most frequent one in training.
        {families.length > 0 && " By family at the right."}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="scrolled" tabIndex={0} aria-label="Evaluations">
        <table className="data">
          <thead>
            <tr>
              {[...head, ...families].map((name) => (
                <th key={name} className="number">
                  {visible(NAMES[name] ?? name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a file's lines never move
              <tr key={index}>
                {head.map((key) => (
                  <td key={key} className="number">
                    {told(key, row[key])}
                  </td>
                ))}
                {families.map((family) => {
                  const share = accuracy(row, family);
                  return (
                    <td key={family} className="number">
                      {share === undefined ? "–" : percent(share)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function told(key: string, value: unknown): string {
  if (SHARES.has(key) && typeof value === "number") return percent(value);
  if (key === "temperature" && typeof value === "number") return value === 0 ? "greedily" : `at ${figure(value)}`;
  return figure(value);
}

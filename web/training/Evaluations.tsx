/** What the run measured on held-out questions, a row an evaluation, families beside it. */
import { visible } from "../markdown/visible.ts";
import type { Row } from "./api.ts";
import { figure, percent } from "./figures.ts";

const HEAD = ["step", "stage", "temperature", "phrasing", "accuracy", "stderr", "format", "thinking"] as const;
const SHARES: ReadonlySet<string> = new Set(["accuracy", "format", "stderr"]);

export function Evaluations({ rows }: { readonly rows: readonly Row[] }) {
  if (rows.length === 0) return <p className="quiet">Nothing has been evaluated yet.</p>;
  const head = HEAD.filter((key) => rows.some((row) => row[key] !== undefined));
  const families = [...new Set(rows.flatMap((row) => Object.keys((row.by_family ?? {}) as object)))];
  const accuracy = (row: Row, family: string): number | undefined =>
    (row.by_family as Record<string, { accuracy?: number }> | undefined)?.[family]?.accuracy;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scrolled" tabIndex={0} aria-label="Evaluations">
      <table className="data">
        <thead>
          <tr>
            {[...head, ...families].map((name) => (
              <th key={name} className="number">
                {visible(name)}
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
                  {SHARES.has(key) && typeof row[key] === "number" ? percent(row[key]) : figure(row[key])}
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
  );
}

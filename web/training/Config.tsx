/** Everything that is needed to repeat the run, as its config.json has it. */
import { visible } from "../markdown/visible.ts";
import type { Run } from "./api.ts";
import { figure } from "./figures.ts";

export function Config({ run }: { readonly run: Run }) {
  return (
    <section aria-label="Config">
      <table className="data config">
        <tbody>
          {flat(run.config, "").map(([key, value]) => (
            <tr key={key}>
              <th scope="row">{visible(key)}</th>
              <td className="figure">{typeof value === "number" ? figure(value) : visible(text(value))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="quiet">
        {run.checkpoints.length === 0 ? "No checkpoint is left." : `Checkpoints: ${run.checkpoints.join(", ")}`}
      </p>
    </section>
  );
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Nested objects as dotted keys. */
function flat(value: unknown, prefix: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return prefix === "" ? [] : [[prefix, value]];
  return Object.entries(value).flatMap(([key, part]) => flat(part, prefix === "" ? key : `${prefix}.${key}`));
}

/** The choice of another evaluation of the same benchmark to compare with; nothing where there is none. */
import { addressWith, go } from "../training/address.ts";
import { shortName } from "./names.ts";
import type { Evaluation } from "./types.ts";

export interface CompareWithProps {
  readonly id: string;
  readonly evaluation: Evaluation | null;
  readonly all: readonly Evaluation[];
}

export function CompareWith({ id, evaluation, all }: CompareWithProps) {
  const others = all.filter((one) => one.id !== id && one.benchmark === evaluation?.benchmark);
  if (others.length === 0) return null;
  return (
    <label>
      Compare with
      <select value="" onChange={(event) => go(addressWith({ eval: id, second: event.target.value }, false))}>
        <option value="">…</option>
        {others.map((one) => (
          <option key={one.id} value={one.id}>
            {shortName(one.id)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The evaluation window: all evaluations with what they cost, one with its questions, or two side by side. */
import { useAddress } from "../training/address.ts";
import { useAnswer } from "../training/api.ts";
import { Failure, Shell } from "../training/Shell.tsx";
import { Compared } from "./Compared.tsx";
import { EvalList } from "./EvalList.tsx";
import { FiguresPage } from "./FiguresPage.tsx";
import { ItemPage } from "./ItemPage.tsx";
import { Items } from "./Items.tsx";
import { failureOf } from "./names.ts";
import type { Evaluation } from "./types.ts";

export function EvalsWindow() {
  const address = useAddress();
  const { data, failure, again } = useAnswer<{ root: string; evaluations: readonly Evaluation[] }>(
    "/v1/evals",
    {},
    10_000,
  );
  const [id, second, item] = ["eval", "second", "item"].map(address.get);
  const found = data?.evaluations.find((one) => one.id === id);
  // A report that stands in its answers' row is not in the list; the server tells what of a name it does not know.
  const alone = found !== undefined && found.kind !== "samples";
  return (
    <Shell here="/evals">
      <Failure text={failure} again={again} />
      {data && id === null && <EvalList root={data.root} evaluations={data.evaluations} />}
      {id && item !== null && <ItemPage key={`${id} ${item}`} id={id} second={second ?? null} item={item!} />}
      {id && item === null && second && <Compared first={id} second={second} />}
      {id && item === null && !second && data && (
        <Failure text={found?.failure === undefined ? null : failureOf(id, found.failure)} />
      )}
      {id && item === null && !second && data && found?.failure === undefined && (
        <>
          {alone && <FiguresPage evaluation={found} all={data.evaluations} />}
          {!alone && <Items id={id} evaluation={found ?? null} all={data.evaluations} />}
        </>
      )}
    </Shell>
  );
}

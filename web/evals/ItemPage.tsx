/** One question with every response whole, what was taken as its answer and why that is right or wrong; or two models' on it. */

import { visible } from "../markdown/visible.ts";
import { addressWith, follow } from "../training/address.ts";
import { useAnswer } from "../training/api.ts";
import { figure } from "../training/figures.ts";
import { Failure } from "../training/Shell.tsx";
import { shortName } from "./names.ts";
import { splitThinking } from "./thinking.ts";
import type { Item } from "./types.ts";

interface ItemPageProps {
  readonly id: string;
  readonly second: string | null;
  readonly item: string;
}

export function ItemPage({ id, second, item }: ItemPageProps) {
  const first = useAnswer<Item>("/v1/evals/item", { eval: id, item });
  const other = useAnswer<Item>(second === null ? null : "/v1/evals/item", { eval: second, item });
  const { data } = first;
  return (
    <>
      <div className="title-row">
        <a className="back" href={addressWith({ item: null })} onClick={follow}>
          {second === null ? shortName(id) : "Comparison"}
        </a>
        <h1>{item}</h1>
        {data?.before && (
          <a href={addressWith({ item: data.before })} onClick={follow}>
            Before
          </a>
        )}
        {data?.after && (
          <a href={addressWith({ item: data.after })} onClick={follow}>
            After
          </a>
        )}
      </div>
      <Failure text={first.failure ?? other.failure} again={first.again} />
      {data && (
        <>
          <p className="prompt">{visible(data.prompt)}</p>
          <p>
            Gold answer: <b>{visible(data.gold)}</b>
          </p>
          <div className={second === null ? "" : "side-by-side"}>
            <Responses name={second === null ? null : id} item={data} />
            {other.data && <Responses name={second} item={other.data} />}
          </div>
        </>
      )}
    </>
  );
}

function Responses({ name, item }: { readonly name: string | null; readonly item: Item }) {
  return (
    <section aria-label={name ?? "Responses"}>
      {name !== null && <h2>{shortName(name)}</h2>}
      {item.responses.map((response, index) => {
        const { thinking, answer } = splitThinking(response.text);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: responses never move
          <article key={index} className="sample">
            <header>
              <span
                className={`verdict ${response.accuracy === 1 ? "right" : response.accuracy === 0 ? "wrong" : "mixed"}`}
              >
                {response.accuracy === 1 ? "right" : response.accuracy === 0 ? "wrong" : figure(response.accuracy)}
              </span>
              <span>{visible(response.reason)}</span>
              <span className="quiet figure">
                {figure(response.tokens)} tokens, {figure(response.thinking)} of them thinking
                {response.finish === "stop" ? "" : `, ended by ${response.finish}`}
              </span>
            </header>
            {thinking !== "" && <pre className="response thought">{visible(thinking)}</pre>}
            <pre className="response">{visible(answer)}</pre>
            {response.parts && (
              <p className="quiet">
                {Object.entries(response.parts)
                  .map(([part, [right, all]]) => `${part} ${right} of ${all}`)
                  .join(" · ")}
              </p>
            )}
          </article>
        );
      })}
    </section>
  );
}

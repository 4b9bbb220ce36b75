/** Every sample of the run in one table: filtered and sorted by the server, and scrolled through however many there are. */
import { useMemo } from "react";
import type { SampleRow } from "../../src/serve/training/samples/row.ts";
import { visible } from "../markdown/visible.ts";
import { addressWith, follow, go, useAddress } from "./address.ts";
import { useAnswer } from "./api.ts";
import { count, figure, signed } from "./figures.ts";
import { usePages } from "./pages.ts";
import { Failure, Progress } from "./Shell.tsx";
import { VirtualRows } from "./VirtualRows.tsx";

interface Facets {
  readonly total: number;
  readonly first_step: number | null;
  readonly last_step: number | null;
  readonly tasks: readonly { readonly name: string; readonly samples: number }[];
}

const COLUMNS = [
  ["step", "Step"],
  ["group", "Group"],
  ["reward", "Reward"],
  ["advantage", "Advantage"],
  ["tokens", "Tokens"],
  ["entropy", "Entropy"],
  ["logp", "Log-prob."],
  ["question", "Question"],
  ["response", "Response"],
] as const;
/** As the server searches: by groups of three characters. */
const LEAST_SEARCHED = 3;
const SORTED: ReadonlySet<string> = new Set(["step", "reward", "advantage", "tokens", "entropy", "logp"]);

export function Samples({ id, changed }: { readonly id: string; readonly changed: number }) {
  const address = useAddress();
  const facets = useAnswer<Facets>("/v1/runs/samples/facets", { run: id });
  const [sort, order] = [address.get("sort") ?? "step", address.get("order") ?? "desc"];
  const get = (name: string): string => address.get(name) ?? "";
  const [task, text, step, least, most, truncated] = ["task", "text", "step", "least", "most", "truncated"].map(get);
  const said = get("response");
  const response = said.length >= LEAST_SEARCHED ? said : "";
  const query = useMemo(
    () => ({ run: id, sort, order, task, text, response, step, least, most, truncated }),
    [id, sort, order, task, text, response, step, least, most, truncated],
  );
  // While one looks at rows further down they stay; at the top the newest are shown.
  const pages = usePages<SampleRow>("/v1/runs/samples", query, changed);
  const set = (parts: Readonly<Record<string, string>>): void => go(addressWith(parts), true);
  if (facets.data?.total === 0)
    return (
      <p className="quiet">
        This run kept no samples: only reinforcement learning writes them, every save_rollouts steps.
      </p>
    );
  return (
    <>
      <div className="filters">
        <label>
          In the question
          <input type="search" value={text} onChange={(event) => set({ text: event.target.value })} />
        </label>
        <label>
          In the response
          <input
            type="search"
            value={said}
            placeholder="3 letters or more"
            onChange={(event) => set({ response: event.target.value })}
          />
        </label>
        <label>
          Task
          <select value={task} onChange={(event) => set({ task: event.target.value })}>
            <option value="">all</option>
            {facets.data?.tasks.map(({ name }) => (
              <option key={name} value={name}>
                {visible(name)}
              </option>
            ))}
          </select>
        </label>
        <NumberField label="Step" value={step!} onChange={(value) => set({ step: value })} />
        <NumberField label="Reward from" value={least!} onChange={(value) => set({ least: value })} />
        <NumberField label="to" value={most!} onChange={(value) => set({ most: value })} />
        <label>
          Length
          <select value={truncated} onChange={(event) => set({ truncated: event.target.value })}>
            <option value="">all</option>
            <option value="true">cut off: too long ✂</option>
            <option value="false">ended by itself</option>
          </select>
        </label>
        <output className="quiet figure" aria-live="polite">
          {pages.total === null ? "…" : `${count(pages.total)} samples`}
        </output>
      </div>
      <Progress reading={pages.reading ?? facets.reading} />
      <Failure text={pages.failure ?? facets.failure} again={facets.again} />
      <p className="quiet about">
        Every answer that was kept. A heading sorts; a row leads to its answer token by token. Entropy and
        log-probability are means over its tokens.
      </p>
      <VirtualRows
        label="Samples"
        total={pages.total ?? 0}
        order={JSON.stringify(query)}
        row={pages.row}
        onView={pages.view}
        head={COLUMNS.map(([key, title]) => (
          // biome-ignore lint/a11y/useSemanticElements: rows that come and go while one scrolls are no table's
          // biome-ignore lint/a11y/useFocusableInteractive: its button is
          <span
            key={key}
            role="columnheader"
            className={`c-${key}`}
            aria-sort={sort === key ? (order === "asc" ? "ascending" : "descending") : undefined}
          >
            {SORTED.has(key) ? (
              <button
                type="button"
                onClick={() => go(addressWith({ sort: key, order: sort === key && order === "desc" ? "asc" : "desc" }))}
              >
                {title}
                {sort === key ? (order === "asc" ? " ↑" : " ↓") : ""}
              </button>
            ) : (
              title
            )}
          </span>
        ))}
      >
        {cells}
      </VirtualRows>
    </>
  );
}

const cells = (sample: SampleRow) => <Cells sample={sample} />;

function Cells({ sample }: { readonly sample: SampleRow }) {
  const shown = [
    [
      "step",
      <a
        key="step"
        href={addressWith({ view: "sample", id: sample.id })}
        onClick={follow}
        aria-label={`Sample ${sample.id}, step ${sample.step}`}
      >
        {sample.step}
      </a>,
    ],
    ["group", sample.group],
    ["reward", <Reward key="reward" value={sample.reward} />],
    ["advantage", signed(sample.advantage)],
    ["tokens", sample.truncated ? `${sample.tokens} ✂` : sample.tokens],
    ["entropy", figure(sample.entropy)],
    ["logp", figure(sample.logp)],
    ["question", beginning(sample.prompt)],
    ["response", beginning(sample.response)],
  ] as const;
  return shown.map(([key, cell]) => (
    // biome-ignore lint/a11y/useSemanticElements: rows that come and go while one scrolls are no table's
    <span key={key} role="cell" className={`c-${key}`}>
      {cell}
    </span>
  ));
}

/** No more than a row can show: the browser measures every letter of it. */
const beginning = (text: string): string => visible(text.slice(0, 160)).replaceAll("\n", " ↵ ");

/** The figure, and a bar that shows it at a glance. */
export function Reward({ value }: { readonly value: number | null }) {
  return (
    <span className="reward">
      <span className="figure">{value === null ? "–" : value.toFixed(2)}</span>
      {value !== null && (
        <span className="bar" aria-hidden="true">
          <span style={{ width: `${100 * Math.max(0, Math.min(1, value / Math.max(1, value)))}%` }} />
        </span>
      )}
    </span>
  );
}

function NumberField(props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  return (
    <label>
      {props.label}
      <input
        className="short"
        inputMode="decimal"
        value={props.value}
        pattern="-?[0-9.]*"
        onChange={(event) => /^-?[0-9.]*$/.test(event.target.value) && props.onChange(event.target.value)}
      />
    </label>
  );
}

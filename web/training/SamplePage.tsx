/** One sample token by token: how likely each was and how open the choice, and everything the trainer noted about it. */
import { useState } from "react";
import { visible } from "../markdown/visible.ts";
import { addressWith, follow, useAddress } from "./address.ts";
import { type Row, useAnswer } from "./api.ts";
import { figure, percent, signed } from "./figures.ts";
import { Failure } from "./Shell.tsx";

interface Token {
  readonly text: string;
  readonly logp: number | null;
  readonly entropy: number | null;
}

interface One extends Row {
  readonly step: number;
  readonly group: number;
  readonly prompt: string;
  readonly prompt_id: number;
  readonly response: string;
  readonly gold?: string;
  readonly reason?: string;
  readonly reward: number | null;
  readonly advantage: number | null;
  readonly rewards: Readonly<Record<string, number | null>>;
  readonly tokens: readonly Token[] | null;
}

/** Tokens drawn; of a longer trace the rest is told as text. */
const MOST = 6000;

export function SamplePage({ id }: { readonly id: string }) {
  const address = useAddress();
  const { data, failure, again } = useAnswer<One>("/v1/runs/samples/one", { run: id, id: address.get("id") });
  const [colour, setColour] = useState<"logp" | "entropy">("logp");
  if (data === null) return <Failure text={failure} again={again} />;
  return (
    <>
      <p className="filters">
        <a href={addressWith({ view: "groups", step: data.step, group: data.group, id: null })} onClick={follow}>
          Its group, step {data.step}
        </a>
        <a href={addressWith({ view: "question", prompt: data.prompt_id, id: null })} onClick={follow}>
          The question over time
        </a>
      </p>
      <p className="prompt">{visible(data.prompt)}</p>
      <dl className="noted">
        <Noted name="reward" value={figure(data.reward)} />
        <Noted name="advantage" value={signed(data.advantage)} />
        {Object.entries(data.rewards ?? {}).map(([name, value]) => (
          <Noted key={name} name={name} value={figure(value)} />
        ))}
        {data.gold !== undefined && <Noted name="gold" value={visible(String(data.gold))} />}
        {data.reason !== undefined && <Noted name="verdict" value={visible(data.reason)} />}
      </dl>
      {data.tokens === null ? (
        <>
          <pre className="response">{visible(data.response)}</pre>
          <p className="quiet">The run has no checkpoint with a tokenizer here, so the tokens cannot be told apart.</p>
        </>
      ) : (
        <>
          <label className="filters">
            Colour by
            <select value={colour} onChange={(event) => setColour(event.target.value as "logp" | "entropy")}>
              <option value="logp">probability</option>
              <option value="entropy">entropy</option>
            </select>
          </label>
          <p className="quiet about">
            {colour === "logp"
              ? "The darker, the less likely the token was when it was drawn."
              : "The darker, the more open the choice was."}{" "}
            Point at a token, tap it or use the arrow keys for its figures.
          </p>
          <Tokens tokens={data.tokens} colour={colour} />
        </>
      )}
    </>
  );
}

function Noted({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{visible(name)}</dt>
      <dd className="figure">{value}</dd>
    </div>
  );
}

function Tokens({ tokens, colour }: { readonly tokens: readonly Token[]; readonly colour: "logp" | "entropy" }) {
  const [at, setAt] = useState(0);
  const choose = (event: { target: EventTarget }): void => {
    const index = (event.target as HTMLElement).dataset.at;
    if (index !== undefined) setAt(Number(index));
  };
  const move = (event: React.KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    setAt((was) => Math.max(0, Math.min(tokens.length - 1, was + step)));
  };
  const token = tokens[at];
  return (
    <section aria-label="Tokens">
      <p className="token-told figure" aria-live="polite">
        {token && (
          <>
            {at + 1} of {tokens.length}: <code>{shown(token.text)}</code>
            {"  "}
            {token.logp !== null &&
              `probability ${percent(Math.exp(token.logp))}, log-probability ${token.logp.toFixed(4)}`}
            {token.entropy !== null && `, entropy ${token.entropy.toFixed(3)} nats`}
          </>
        )}
      </p>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is filled in */}
      <div
        className="token-text"
        role="group"
        aria-label="Tokens; arrow keys choose one"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys walk through the tokens
        tabIndex={0}
        onMouseOver={choose}
        onFocus={choose}
        onClick={choose}
        onKeyDown={move}
      >
        {tokens.slice(0, MOST).map((one, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no names and never move
            key={index}
            data-at={index}
            data-sure={level(one, colour)}
            className={index === at ? "chosen" : undefined}
          >
            {shown(one.text)}
          </span>
        ))}
        {tokens.length > MOST &&
          tokens
            .slice(MOST)
            .map(({ text }) => shown(text))
            .join("")}
      </div>
    </section>
  );
}

/** 4: nearly certain, 0: a surprise or an open choice. */
function level({ logp, entropy }: Token, colour: "logp" | "entropy"): number {
  if (colour === "logp") return [0.2, 0.5, 0.8, 0.98].filter((bound) => Math.exp(logp ?? 0) >= bound).length;
  return [1.5, 0.8, 0.3, 0.05].filter((bound) => (entropy ?? 0) <= bound).length;
}

const shown = (text: string): string => visible(text).replaceAll("\n", "↵\n");

/**
 * Every token of an answer, coloured by how unsure the model was: a map of the whole trace, the text with the moments at which it turns
 * back in the margin, and what each token might have been instead. Any of those may be chosen, and the answer goes on from there.
 */
import { Fragment, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { Alternative, Token } from "../api/stream.ts";
import { visible } from "../markdown/visible.ts";
import { unpack } from "./packed.ts";
import type { ChatStore } from "./store.ts";
import { TokenMap } from "./TokenMap.tsx";
import { entropy, MEASURES, type Measure, type Moment, margins, moments, unsureness } from "./tokens.ts";
import { goesOnFromText, type Message } from "./types.ts";

/** Tokens drawn at once; a longer trace is turned over like pages. */
const PAGE = 600;

const NONE: readonly Token[] = [];

const ABOUT: Record<Measure, string> = {
  probability: "How likely the model held each token that it wrote.",
  entropy: "How open the choice was at each token: 0 where only one could come.",
};

export function TokenView({ store, message }: { readonly store: ChatStore; readonly message: Message }) {
  const { thinkingTokens, answerTokens } = message;
  const tokens = useMemo(() => [...unpack(thinkingTokens), ...unpack(answerTokens)], [thinkingTokens, answerTokens]);
  // Of a long trace the text comes first, then what has to be counted over the whole of it.
  const counted = useDeferredValue(tokens, NONE);
  const turns = useMemo(() => moments(counted), [counted]);
  const split = thinkingTokens?.count ?? 0;
  const [measure, setMeasure] = useState<Measure>("probability");
  const [at, setAt] = useState(0);
  const text = useRef<HTMLDivElement>(null);
  const [moved, setMoved] = useState(0);
  useEffect(() => {
    if (moved > 0) text.current?.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
  }, [moved]);
  /** Goes to a token that may be out of view. */
  const goTo = (index: number): void => {
    setAt(Math.max(0, Math.min(tokens.length - 1, index)));
    setMoved((times) => times + 1);
  };
  const choose = (event: { target: EventTarget }): void => {
    const index = (event.target as HTMLElement).dataset.at;
    if (index !== undefined) setAt(Number(index));
  };
  const keys = (event: React.KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 100, PageUp: -100 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    goTo(at + step);
  };
  const chosen = tokens[at] ?? null;
  const page = Math.floor(at / PAGE);
  const pages = Math.ceil(tokens.length / PAGE);
  return (
    <div className="tokens">
      <fieldset className="measures">
        <legend className="unseen">Coloured by</legend>
        <span aria-hidden="true">Coloured by</span>
        {MEASURES.map((name) => (
          <label key={name}>
            <input type="radio" checked={measure === name} onChange={() => setMeasure(name)} /> {name}
          </label>
        ))}
        <span className="scale" aria-hidden="true">
          sure
          {[0, 1, 2, 3, 4].map((level) => (
            <span key={level} data-unsure={level} />
          ))}
          unsure
        </span>
      </fieldset>
      <p className="quiet">
        {ABOUT[measure]} Point at a token, tap it or use the arrow keys to see what else might have come.{" "}
        {tokens.length} tokens, {turns.length} {turns.length === 1 ? "moment" : "moments"} of turning back (wait, but,
        check).
      </p>
      <TokenMap tokens={counted} moments={turns} measure={measure} at={at} onChoose={goTo} />
      {pages > 1 && (
        <div className="actions">
          <button type="button" disabled={page === 0} onClick={() => goTo((page - 1) * PAGE)}>
            Earlier
          </button>
          <span className="quiet">
            page {page + 1} of {pages}
          </span>
          <button type="button" disabled={page === pages - 1} onClick={() => goTo((page + 1) * PAGE)}>
            Later
          </button>
        </div>
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for what is filled in */}
      <div
        className="token-text"
        ref={text}
        role="group"
        aria-label="Tokens; arrow keys choose one"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys walk through the tokens
        tabIndex={0}
        onMouseOver={choose}
        onFocus={choose}
        onClick={choose}
        onKeyDown={keys}
      >
        <Page tokens={tokens} from={page * PAGE} measure={measure} chosen={at} split={split} moments={turns} />
      </div>
      {chosen && (
        <Alternatives
          token={chosen}
          onChoose={goesOnFromText(message) ? (other) => store.branch(message, at, other) : null}
        />
      )}
    </div>
  );
}

interface PageProps {
  readonly tokens: readonly Token[];
  readonly from: number;
  readonly measure: Measure;
  readonly chosen: number;
  readonly split: number;
  readonly moments: readonly Moment[];
}

function Page({ tokens, from, measure, chosen, split, moments: turns }: PageProps) {
  const words = useMemo(() => margins(tokens, turns), [tokens, turns]);
  return tokens.slice(from, from + PAGE).map((token, offset) => {
    const index = from + offset;
    const word = words.get(index);
    return (
      <Fragment key={index}>
        {word !== undefined && <span className="moment">{word}</span>}
        <span
          data-at={index}
          data-unsure={unsureness(token, measure)}
          className={`${index === chosen ? "chosen " : ""}${index === split ? "first-answer" : ""}`}
        >
          {shown(token.token)}
        </span>
      </Fragment>
    );
  });
}

interface AlternativesProps {
  readonly token: Token;
  /** Null where the model cannot go on from a text. */
  readonly onChoose: ((other: Alternative) => void) | null;
}

function Alternatives({ token, onChoose }: AlternativesProps) {
  const { nats, exact } = entropy(token);
  return (
    <div className="alternatives" aria-live="polite">
      <p>
        <code>{shown(token.token)}</code> {percent(token.logprob)} · entropy {exact ? "" : "at least "}
        {nats.toFixed(2)} nats
      </p>
      <ul>
        {token.top.map((one) => (
          <li key={one.token}>
            <code>{shown(one.token)}</code>
            <meter min={0} max={1} value={Math.exp(one.logprob)} aria-label={percent(one.logprob)} />
            <span className="figure">{percent(one.logprob)}</span>
            {one.token === token.token ? (
              <span className="quiet">was drawn</span>
            ) : (
              onChoose && (
                <button type="button" onClick={() => onChoose(one)}>
                  Go on with this
                </button>
              )
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

const percent = (logprob: number): string => `${(100 * Math.exp(logprob)).toFixed(1)} %`;

const shown = (text: string): string => visible(text).replaceAll("\n", "↵\n");

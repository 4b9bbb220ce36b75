/** Every token of an answer, coloured by how sure the model was of it; hovering or focusing one shows what else it might have been. */
import { useState } from "react";
import type { Token } from "../api/stream.ts";
import { visible } from "../markdown/visible.ts";
import type { Message } from "./types.ts";

/** Tokens drawn; the rest of a very long trace is only counted. */
const MOST = 4000;

export function TokenView({ message }: { readonly message: Message }) {
  const tokens = [...(message.thinkingTokens ?? []), ...(message.answerTokens ?? [])];
  const split = message.thinkingTokens?.length ?? 0;
  const [at, setAt] = useState(0);
  const chosen = tokens[at] ?? null;
  const choose = (event: { target: EventTarget }): void => {
    const index = (event.target as HTMLElement).dataset.at;
    if (index !== undefined) setAt(Number(index));
  };
  const move = (event: React.KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(tokens.length - 1, at + step)));
  };
  return (
    <section className="tokens" aria-label="Tokens and their probabilities">
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
        {tokens.slice(0, MOST).map((token, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no names and never move
            key={index}
            data-at={index}
            data-sure={sureness(token)}
            className={`${index === at ? "chosen " : ""}${index === split ? "first-answer" : ""}`}
          >
            {shown(token.token)}
          </span>
        ))}
        {tokens.length > MOST && <span> ... and {tokens.length - MOST} more</span>}
      </div>
      {chosen && <Alternatives token={chosen} />}
    </section>
  );
}

function Alternatives({ token }: { readonly token: Token }) {
  return (
    <div className="alternatives" aria-live="polite">
      <p>
        <code>{shown(token.token)}</code> {percent(token.logprob)} · entropy {entropy(token).toFixed(2)} nats or more
      </p>
      <ul>
        {token.top.map((one) => (
          <li key={one.token}>
            <code>{shown(one.token)}</code>
            <meter min={0} max={1} value={Math.exp(one.logprob)} aria-label={percent(one.logprob)} />
            <span className="figure">{percent(one.logprob)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** 4: nearly certain, 0: unlikely. */
function sureness({ logprob }: Token): number {
  const p = Math.exp(logprob);
  return [0.2, 0.5, 0.8, 0.98].filter((bound) => p >= bound).length;
}

/** Of the alternatives that were told; those left out can only add to it. */
const entropy = ({ top }: Token): number =>
  top.reduce((sum, { logprob }) => sum - Math.exp(logprob) * Math.max(logprob, -100), 0);

const percent = (logprob: number): string => `${(100 * Math.exp(logprob)).toFixed(1)} %`;

const shown = (text: string): string => visible(text).replaceAll("\n", "↵\n");

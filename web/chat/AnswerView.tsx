/** One answer: thinking, text, what it took and cost, and what can be done with it. */
import { memo, type ReactNode, useState } from "react";
import { CopyButton } from "../CopyButton.tsx";
import { Markdown } from "../markdown/Markdown.tsx";
import { costs, described } from "./counts.ts";
import type { ChatStore } from "./store.ts";
import { Thinking } from "./Thinking.tsx";
import { TokenView } from "./TokenView.tsx";
import { goesOnFromText, type Message } from "./types.ts";
import { VerifyForm } from "./VerifyForm.tsx";

interface Props {
  readonly store: ChatStore;
  readonly message: Message;
  /** Stands beside others: what concerns all of them is told once, above. */
  readonly beside?: boolean;
  /** Before the other things that can be done. */
  readonly children?: ReactNode;
}

export const AnswerView = memo(function AnswerView({ store, message, beside = false, children }: Props) {
  const [panel, setPanel] = useState<"verify" | "tokens" | null>(null);
  const toggle = (name: "verify" | "tokens"): void => setPanel(panel === name ? null : name);
  const { state, content, counts } = message;
  const writing = state === "writing";
  const hasTokens = (message.thinkingTokens?.count ?? 0) + (message.answerTokens?.count ?? 0) > 0;
  const broken = (state === "stopped" || state === "cut" || state === "failed") && goesOnFromText(message);
  const cost = costs(message);
  return (
    <article className="answer" aria-label={message.label ?? message.model ?? "Answer"} aria-busy={writing}>
      {!beside && <h2 className="unseen">Answer</h2>}
      {message.branch !== undefined && <p className="quiet">Another way, {message.branch}</p>}
      {(message.thinking !== "" || writing) && <Thinking store={store} message={message} />}
      {content !== "" && <Markdown text={content.trimStart()} growing={writing} />}
      {writing && message.lost && (
        <p className="failure" role="status">
          The server is gone. Trying to reach it again…
        </p>
      )}
      {state === "cut" && (
        <p className="quiet" role="note">
          {content.trim() === ""
            ? "The token limit ended the thinking: there is no answer. Raise the limit, let it think less, or go on."
            : "The token limit ended the answer."}
        </p>
      )}
      {state === "stopped" && <p className="quiet">Stopped.</p>}
      {state === "failed" && (
        <p className="failure" role="alert">
          {message.failure}
        </p>
      )}
      {counts && (
        <p className="counts">
          {described(message, beside)}
          {cost && (
            <>
              {" · "}
              <span title={cost.about}>{cost.text}</span>
            </>
          )}
        </p>
      )}
      {!writing && (
        <div className="actions">
          {children}
          {!beside && (
            <button type="button" onClick={() => store.regenerate(message)}>
              {state === "failed" ? "Retry" : "Regenerate"}
            </button>
          )}
          {broken && (message.thinking !== "" || content !== "") && (
            <button type="button" onClick={() => store.goOn(message)}>
              Go on
            </button>
          )}
          <CopyButton text={content.trim()} />
          <button
            type="button"
            title="Is it right? The verifier compares it with the answer you know"
            aria-expanded={panel === "verify"}
            onClick={() => toggle("verify")}
          >
            Verify
          </button>
          {hasTokens && (
            <button
              type="button"
              title="How sure the model was of every token, and what else might have come"
              aria-expanded={panel === "tokens"}
              onClick={() => toggle("tokens")}
            >
              Tokens
            </button>
          )}
          {!beside && (
            <button
              type="button"
              title="Asks five times over; the answer that most of them give wins"
              onClick={() => store.regenerate(message, "vote 5")}
            >
              Vote of 5
            </button>
          )}
        </div>
      )}
      {panel === "verify" && <VerifyForm store={store} answer={content} />}
      {panel === "tokens" && <TokenView store={store} message={message} />}
    </article>
  );
});

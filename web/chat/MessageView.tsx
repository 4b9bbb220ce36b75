/** One message: what was asked, or thinking and answer with their counts and what can be done with them. */
import { memo, useState } from "react";
import { Markdown } from "../markdown/Markdown.tsx";
import { visible } from "../markdown/visible.ts";
import { type ChatStore, siblingsOf } from "./store.ts";
import { Thinking } from "./Thinking.tsx";
import { TokenView } from "./TokenView.tsx";
import type { Conversation, Message } from "./types.ts";
import { VerifyForm } from "./VerifyForm.tsx";

interface Props {
  readonly store: ChatStore;
  readonly conversation: Conversation;
  readonly message: Message;
}

export function MessageView({ store, conversation, message }: Props) {
  const siblings = siblingsOf(conversation, message);
  return message.role === "user" ? (
    <Question store={store} message={message} siblings={siblings} />
  ) : (
    <Answer store={store} message={message} siblings={siblings} />
  );
}

interface PartProps {
  readonly store: ChatStore;
  readonly message: Message;
  readonly siblings: readonly Message[];
}

function Question({ store, message, siblings }: PartProps) {
  const [draft, setDraft] = useState<string | null>(null);
  if (draft !== null) {
    const save = (): void => {
      if (draft.trim() !== "") store.send(draft, message.parent);
      setDraft(null);
    };
    return (
      <article className="question" aria-label="You, being edited">
        <textarea
          aria-label="Edit the question"
          value={draft}
          rows={Math.min(12, draft.split("\n").length + 1)}
          // biome-ignore lint/a11y/noAutofocus: the reader just asked to write here
          autoFocus
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
            if (event.key === "Escape") setDraft(null);
          }}
        />
        <div className="actions">
          <button type="button" onClick={save}>
            Ask this instead
          </button>
          <button type="button" onClick={() => setDraft(null)}>
            Cancel
          </button>
        </div>
      </article>
    );
  }
  return (
    <article className="question" aria-label="You">
      <p dir="auto">{visible(message.content)}</p>
      <div className="actions">
        <Branches store={store} message={message} siblings={siblings} />
        <button type="button" onClick={() => setDraft(message.content)}>
          Edit
        </button>
      </div>
    </article>
  );
}

const Answer = memo(function Answer({ store, message, siblings }: PartProps) {
  const [panel, setPanel] = useState<"verify" | "tokens" | null>(null);
  const toggle = (name: "verify" | "tokens"): void => setPanel(panel === name ? null : name);
  const { state, content, counts } = message;
  const writing = state === "writing";
  const hasTokens = (message.thinkingTokens?.length ?? 0) + (message.answerTokens?.length ?? 0) > 0;
  return (
    <article className="answer" aria-label={message.model ?? "Model"} aria-busy={writing}>
      {(message.thinking !== "" || writing) && <Thinking store={store} message={message} />}
      {content !== "" && <Markdown text={content.trimStart()} />}
      {state === "cut" && (
        <p className="quiet" role="note">
          {content.trim() === ""
            ? "The token limit ended the thinking: there is no answer. Raise the limit, or let it think less."
            : "The token limit ended the answer."}
        </p>
      )}
      {state === "stopped" && <p className="quiet">Stopped.</p>}
      {state === "failed" && (
        <p className="failure" role="alert">
          {message.failure}
        </p>
      )}
      {counts && <p className="counts">{described(message)}</p>}
      {!writing && (
        <div className="actions">
          <Branches store={store} message={message} siblings={siblings} />
          <button type="button" onClick={() => store.regenerate(message)}>
            {state === "failed" ? "Retry" : "Regenerate"}
          </button>
          <button type="button" onClick={() => navigator.clipboard.writeText(content.trim())}>
            Copy
          </button>
          <button type="button" aria-expanded={panel === "verify"} onClick={() => toggle("verify")}>
            Verify
          </button>
          {hasTokens && (
            <button type="button" aria-expanded={panel === "tokens"} onClick={() => toggle("tokens")}>
              Tokens
            </button>
          )}
        </div>
      )}
      {panel === "verify" && <VerifyForm store={store} answer={content} />}
      {panel === "tokens" && <TokenView message={message} />}
    </article>
  );
});

function Branches({ store, message, siblings }: PartProps) {
  if (siblings.length < 2) return null;
  const at = siblings.findIndex(({ id }) => id === message.id);
  return (
    <span className="branches">
      <button
        type="button"
        disabled={at === 0}
        aria-label="Earlier version"
        onClick={() => store.choose(siblings[at - 1])}
      >
        ‹
      </button>
      {at + 1}/{siblings.length}
      <button
        type="button"
        disabled={at === siblings.length - 1}
        aria-label="Later version"
        onClick={() => store.choose(siblings[at + 1])}
      >
        ›
      </button>
    </span>
  );
}

/** What thinking and answer took: "thinking 84 tokens, answer 6, 240 tokens/s, 0.4 s". */
function described({ counts, model }: Message): string {
  const { thinkingTokens, answerTokens, took, promptTokens } = counts!;
  const written = thinkingTokens + answerTokens;
  // Over the whole time: what came in one burst says nothing of the time between two tokens.
  const rate = took > 0 ? Math.round((written / took) * 10) / 10 : 0;
  return [
    model ?? "",
    promptTokens > 0 ? `read ${promptTokens}` : "",
    `thinking ${thinkingTokens}`,
    `answer ${answerTokens} tokens`,
    `${rate} tokens/s`,
    `${took.toFixed(1)} s`,
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

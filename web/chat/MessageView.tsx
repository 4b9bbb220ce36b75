/** One message: a question, or its answer, alone or beside those that were asked for together with it. */
import { memo, useRef, useState } from "react";
import { visible } from "../markdown/visible.ts";
import { AnswerView } from "./AnswerView.tsx";
import { apart } from "./attaching.ts";
import type { ChatStore } from "./store.ts";
import { TextBox } from "./TextBox.tsx";
import { Together } from "./Together.tsx";
import { type Conversation, groupOf, type Message, versionsOf } from "./types.ts";

interface Props {
  readonly store: ChatStore;
  readonly conversation: Conversation;
  readonly message: Message;
}

export function MessageView({ store, conversation, message }: Props) {
  const { group } = message;
  const versions = versionsOf(conversation, message);
  const at = versions.findIndex((one) => (group === undefined ? one.id === message.id : one.group === group));
  // A text, so that what was drawn is drawn again only where it has changed.
  const ids = versions.map(({ id }) => id).join(" ");
  if (message.role === "user") {
    const { id, parent, content } = message;
    return <Question key={id} store={store} parent={parent} content={content} ids={ids} at={at} />;
  }
  if (group === undefined) return <Single store={store} message={message} ids={ids} at={at} />;
  const all = groupOf(conversation, message);
  return (
    <div className="beside">
      <Together store={store} group={all} shown={message.id} />
      {all.every(({ state }) => state !== "writing") && (
        <div className="actions">
          <Branches store={store} ids={ids} at={at} />
          <button type="button" onClick={() => store.regenerate(message)}>
            Regenerate
          </button>
        </div>
      )}
    </div>
  );
}

interface VersionProps {
  readonly store: ChatStore;
  /** The messages that may be shown here, separated by spaces. */
  readonly ids: string;
  readonly at: number;
}

const Single = memo(function Single({ store, message, ids, at }: VersionProps & { readonly message: Message }) {
  return (
    <AnswerView store={store} message={message}>
      {ids.includes(" ") && <Branches store={store} ids={ids} at={at} />}
    </AnswerView>
  );
});

/** Lines of a question that are shown before the reader asks for all. */
const MOST_LINES = 16;
const MOST_CHARACTERS = 2000;

interface QuestionProps extends VersionProps {
  readonly parent: string | null;
  readonly content: string;
}

const Question = memo(function Question({ store, parent, content, ids, at }: QuestionProps) {
  const [editing, setEditing] = useState(false);
  const [whole, setWhole] = useState(false);
  const box = useRef<HTMLTextAreaElement>(null);
  if (editing) {
    const save = (): void => {
      const text = box.current!.value;
      if (text.trim() !== "") store.send(text, parent);
      setEditing(false);
    };
    return (
      <article className="question" aria-label="You, being edited">
        <TextBox
          box={box}
          least={2}
          most={12}
          data-focus="edit"
          aria-label="Edit the question"
          defaultValue={content}
          autoFocus
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
            if (event.key !== "Escape") return;
            event.preventDefault();
            setEditing(false);
          }}
        />
        <div className="actions">
          <button type="button" onClick={save}>
            Ask this instead
          </button>
          <button type="button" data-focus="edit" onClick={() => setEditing(false)}>
            Cancel
          </button>
        </div>
      </article>
    );
  }
  const beginning = content.split("\n", MOST_LINES).join("\n").slice(0, MOST_CHARACTERS);
  const long = beginning.length < content.length;
  const [asked, attached] = apart(whole || !long ? content : beginning);
  return (
    <article className="question" aria-label="You">
      {asked !== "" && <p dir="auto">{visible(asked)}</p>}
      {attached !== "" && (
        <p className="given" dir="auto">
          {visible(attached)}
        </p>
      )}
      <div className="actions">
        <Branches store={store} ids={ids} at={at} />
        {long && (
          <button type="button" aria-expanded={whole} onClick={() => setWhole(!whole)}>
            {whole ? "Show less" : `Show all ${content.length.toLocaleString("en")} characters`}
          </button>
        )}
        <button type="button" data-focus="edit" onClick={() => setEditing(true)}>
          Edit
        </button>
      </div>
    </article>
  );
});

function Branches({ store, ids, at }: VersionProps) {
  const versions = ids.split(" ");
  if (versions.length < 2) return null;
  return (
    <span className="branches">
      <button
        type="button"
        disabled={at === 0}
        data-focus="versions"
        aria-label="Earlier version"
        onClick={() => store.choose(versions[at - 1])}
      >
        ‹
      </button>
      {at + 1}/{versions.length}
      <button
        type="button"
        disabled={at === versions.length - 1}
        data-focus="versions"
        aria-label="Later version"
        onClick={() => store.choose(versions[at + 1])}
      >
        ›
      </button>
    </span>
  );
}

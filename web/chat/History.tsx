/** All conversations, searched in titles and texts; out to files and back. */
import { useState } from "react";
import { download, fromFile } from "./history.ts";
import { asMarkdown } from "./markdown-file.ts";
import type { ChatStore, State } from "./store.ts";
import type { Conversation } from "./types.ts";

interface Props {
  readonly store: ChatStore;
  readonly state: State;
  readonly onDone: () => void;
  readonly onNew: () => void;
}

export function History({ store, state, onDone, onNew }: Props) {
  const [search, setSearch] = useState("");
  const { conversations, current } = state;
  const found = conversations.filter((one) => holds(one, search.trim().toLowerCase()));
  const open = (id: string): void => {
    store.open(id);
    onDone();
  };
  const read = async (file: File | undefined): Promise<void> => {
    try {
      if (file) store.take(fromFile(await file.text()));
    } catch (error) {
      store.notice((error as Error).message);
    }
  };
  const shown = store.conversation;
  return (
    <nav className="side" aria-label="Conversations">
      <p className="name">Reckon</p>
      <button type="button" className="new" onClick={onNew}>
        New chat
      </button>
      <input
        type="search"
        aria-label="Search conversations"
        placeholder="Search chats"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <ul>
        {found.map(({ id, title }) => (
          <li key={id} className={id === current ? "current" : ""}>
            <button type="button" aria-current={id === current ? "page" : undefined} onClick={() => open(id)}>
              {title}
            </button>
            <button
              type="button"
              className="delete"
              data-focus="delete"
              aria-label={`Delete ${title}`}
              onClick={() => store.remove(id)}
            >
              ×
            </button>
          </li>
        ))}
        {found.length === 0 && (
          <li className="quiet">
            {search === "" ? "Your chats will stand here; they stay in this browser." : "Nothing holds these words."}
          </li>
        )}
      </ul>
      {state.deleted && (
        <p className="quiet undo" role="status">
          Deleted “{state.deleted.title}”.{" "}
          <button type="button" onClick={() => store.restore()}>
            Undo
          </button>
        </p>
      )}
      <a className="elsewhere" href="/runs">
        Training runs
      </a>
      <a className="elsewhere" href="/evals">
        Evaluations
      </a>
      <a className="elsewhere" href="/learn/">
        Watch it learn
      </a>
      <div className="files">
        <button
          type="button"
          title="This chat as a Markdown file, which Import reads back"
          disabled={!shown}
          onClick={() =>
            shown && download(`${shown.title.replace(/[^\w -]/g, "")}.md`, "text/markdown", asMarkdown(shown))
          }
        >
          Save as Markdown
        </button>
        <button
          type="button"
          title="All chats as one JSON file, which Import reads back"
          disabled={conversations.length === 0}
          onClick={() => download("reckon-chats.json", "application/json", JSON.stringify({ conversations }))}
        >
          Export all
        </button>
        <label className="as-button" title="Chats from a JSON or Markdown file">
          Import
          <input
            type="file"
            accept=".json,.md,application/json,text/markdown"
            onChange={(event) => {
              void read(event.target.files?.[0]);
              // So that the same file can be chosen again.
              event.target.value = "";
            }}
          />
        </label>
      </div>
    </nav>
  );
}

const holds = ({ title, messages }: Conversation, words: string): boolean =>
  words === "" ||
  title.toLowerCase().includes(words) ||
  Object.values(messages).some(
    ({ content, thinking }) => content.toLowerCase().includes(words) || thinking.toLowerCase().includes(words),
  );

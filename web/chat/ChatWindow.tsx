/** The chat: history at the side, the shown path of messages, and the place to write. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Composer } from "./Composer.tsx";
import { History } from "./History.tsx";
import { Memory } from "./Memory.tsx";
import { MessageView } from "./MessageView.tsx";
import { SettingsPanel } from "./SettingsPanel.tsx";
import type { ChatStore } from "./store.ts";
import { groupOf, pathOf } from "./types.ts";

const STARTERS = [
  "What is 27 + 15 - 8?",
  "Solve 3x + 4 = 19.",
  "Sort these numbers: 31, 7, 22, 15",
  "How many e are in nevertheless?",
];

export function ChatWindow({ store }: { readonly store: ChatStore }) {
  const state = useSyncExternalStore(store.subscribe, store.snapshot);
  const [side, setSide] = useState(false);
  const [panel, setPanel] = useState<"settings" | "memory" | null>(null);
  const toggle = (name: "settings" | "memory"): void => setPanel((open) => (open === name ? null : name));
  const conversation = store.conversation;
  const path = conversation ? pathOf(conversation) : [];
  const last = path.at(-1);
  const writing =
    (conversation && last && groupOf(conversation, last).find(({ state: one }) => one === "writing")) ?? null;
  useKeys(store, writing?.id ?? null, () => toggle("settings"));
  const thread = useRef<HTMLElement>(null);
  useFollow(thread, last?.content.length ?? 0, last?.thinking.length ?? 0, path.length);
  return (
    <div className={side ? "window with-side" : "window"}>
      <a className="skip" href="#ask">
        Skip to the question
      </a>
      <History store={store} state={state} onDone={() => setSide(false)} />
      <div className="main">
        <header className="bar">
          <button type="button" className="side-toggle" aria-expanded={side} onClick={() => setSide(!side)}>
            History
          </button>
          <h1>{conversation?.title ?? "New chat"}</h1>
          <button type="button" aria-expanded={panel === "memory"} onClick={() => toggle("memory")}>
            Memory
          </button>
          <button type="button" aria-expanded={panel === "settings"} onClick={() => toggle("settings")}>
            Settings
          </button>
        </header>
        {state.notice !== null && (
          <p className="notice" role="alert">
            {state.notice}{" "}
            <button type="button" onClick={() => store.refreshModels()}>
              Retry
            </button>
          </p>
        )}
        {panel === "settings" && <SettingsPanel store={store} state={state} onClose={() => setPanel(null)} />}
        {panel === "memory" && <Memory store={store} state={state} onClose={() => setPanel(null)} />}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <main className="thread" ref={thread} tabIndex={0} aria-label="Conversation">
          {path.length === 0 && (
            <div className="empty">
              <h2>Ask, and watch it think.</h2>
              <ul>
                {STARTERS.map((text) => (
                  <li key={text}>
                    <button type="button" onClick={() => store.send(text)}>
                      {text}
                    </button>
                  </li>
                ))}
              </ul>
              <p className="quiet">
                Under the question you choose the model, how long it thinks, and whether several answers vote or stand
                side by side. Under each answer you check it, look at how sure the model was of every token, and go on
                from another.
              </p>
            </div>
          )}
          {path.map((message) => (
            <MessageView key={message.id} store={store} conversation={conversation!} message={message} />
          ))}
        </main>
        <Composer store={store} state={state} writing={writing} path={path} />
        <p className="unseen" role="status">
          {last?.role === "assistant" ? spoken(writing?.state ?? last.state) : ""}
        </p>
      </div>
    </div>
  );
}

const spoken = (state: string): string =>
  state === "writing" ? "The model is writing." : state === "failed" ? "The answer failed." : "The answer is complete.";

/** Keyboard: Escape stops; with Ctrl or Command and Shift: O a new chat, comma the settings. */
function useKeys(store: ChatStore, writing: string | null, toggleSettings: () => void): void {
  const toggle = useRef(toggleSettings);
  toggle.current = toggleSettings;
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const command = (event.ctrlKey || event.metaKey) && event.shiftKey;
      if (event.key === "Escape" && writing !== null) store.stop(writing);
      else if (command && event.key.toLowerCase() === "o") store.open(null);
      else if (command && event.code === "Comma") toggle.current();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [store, writing]);
}

/** Keeps the end in view while it grows, unless the reader has scrolled up. */
function useFollow(place: React.RefObject<HTMLElement | null>, ...grown: readonly number[]): void {
  const follows = useRef(true);
  useEffect(() => {
    const element = place.current!;
    const note = (): void => {
      follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
    };
    element.addEventListener("scroll", note, { passive: true });
    return () => element.removeEventListener("scroll", note);
  }, [place]);
  // Runs when the text has grown.
  useEffect(() => {
    if (follows.current) place.current!.scrollTop = place.current!.scrollHeight;
  }, [place, ...grown]);
}

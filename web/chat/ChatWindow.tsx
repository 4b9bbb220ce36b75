/** The chat: history at the side, the shown path of messages, and the place to write. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Composer } from "./Composer.tsx";
import { useKeptFocus } from "./focus.ts";
import { History } from "./History.tsx";
import { Memory } from "./Memory.tsx";
import { MessageView } from "./MessageView.tsx";
import { chosen } from "./models.ts";
import { SettingsPanel } from "./SettingsPanel.tsx";
import { Spoken } from "./Spoken.tsx";
import type { ChatStore } from "./store.ts";
import { groupOf, pathOf } from "./types.ts";
import { Welcome } from "./Welcome.tsx";

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
  const window = useRef<HTMLDivElement>(null);
  const sideToggle = useRef<HTMLButtonElement>(null);
  const closeSide = (): void => {
    if (!side) return;
    // First, while it is still the one that has gone out of view: what the side held cannot keep the focus.
    sideToggle.current!.focus();
    setSide(false);
  };
  const newChat = (): void => {
    store.open(null);
    closeSide();
    document.getElementById("ask")!.focus();
  };
  useKeptFocus(window);
  useKeys({
    newChat,
    settings: () => toggle("settings"),
    escape: () => {
      if (writing) store.stop(writing.id);
      else if (panel !== null) setPanel(null);
      else if (side) closeSide();
      else return false;
      return true;
    },
  });
  useEffect(() => {
    if (side) window.current!.querySelector<HTMLElement>("input[type=search]")!.focus();
  }, [side]);
  const thread = useRef<HTMLElement>(null);
  useFollow(thread, path.length === 0, last?.content.length ?? 0, last?.thinking.length ?? 0, path.length);
  return (
    <div className={side ? "window with-side" : "window"} ref={window}>
      <a className="skip" href="#ask">
        Skip to the question
      </a>
      <History store={store} state={state} onDone={closeSide} onNew={newChat} />
      <div className="main">
        <header className="bar">
          <button
            type="button"
            className="side-toggle"
            ref={sideToggle}
            aria-expanded={side}
            onClick={() => setSide(!side)}
          >
            History
          </button>
          <h1>{conversation?.title ?? "New chat"}</h1>
          <button type="button" data-focus="memory" aria-expanded={panel === "memory"} onClick={() => toggle("memory")}>
            Memory
          </button>
          <button
            type="button"
            data-focus="settings"
            aria-expanded={panel === "settings"}
            onClick={() => toggle("settings")}
          >
            Settings
          </button>
        </header>
        {state.notice !== null && (
          <p className="notice" role="alert">
            {state.notice.text}{" "}
            {state.notice.retry ? (
              <button type="button" onClick={() => store.refreshModels()}>
                Retry
              </button>
            ) : (
              <button type="button" data-focus="notice" onClick={() => store.notice(null)}>
                Close
              </button>
            )}
          </p>
        )}
        {panel === "settings" && <SettingsPanel store={store} state={state} onClose={() => setPanel(null)} />}
        {panel === "memory" && <Memory store={store} state={state} onClose={() => setPanel(null)} />}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <main className="thread" ref={thread} tabIndex={0} aria-label="Conversation">
          {path.length === 0 && (
            <Welcome model={chosen(state.models, state.settings.model)} onAsk={(text) => store.send(text)} />
          )}
          {path.map((message) => (
            <MessageView
              key={message.group ?? message.id}
              store={store}
              conversation={conversation!}
              message={message}
            />
          ))}
        </main>
        <Composer store={store} state={state} writing={writing} path={path} onNew={newChat} />
        <Spoken writing={writing} last={last} />
      </div>
    </div>
  );
}

interface Keys {
  readonly newChat: () => void;
  readonly settings: () => void;
  /** Whether there was something to stop or to close. */
  readonly escape: () => boolean;
}

/** Keyboard: Escape stops, or closes; with Ctrl or Command and Shift: O a new chat, comma the settings. */
function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      const command = (event.ctrlKey || event.metaKey) && event.shiftKey;
      if (event.key === "Escape") {
        if (event.defaultPrevented || !latest.current.escape()) return;
      } else if (command && event.key.toLowerCase() === "o") latest.current.newChat();
      else if (command && event.code === "Comma") latest.current.settings();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

/** Keeps the end in view while it grows, unless the reader has scrolled up. An empty conversation is read from its top. */
function useFollow(place: React.RefObject<HTMLElement | null>, empty: boolean, ...grown: readonly number[]): void {
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
    if (follows.current) place.current!.scrollTop = empty ? 0 : place.current!.scrollHeight;
  }, [place, empty, ...grown]);
}

/** The thinking of an answer: open while it is written, closed after, with its seconds and tokens; it can be ended at once. */
import { useEffect, useState } from "react";
import { Trace } from "../markdown/Trace.tsx";
import type { ChatStore } from "./store.ts";
import { goesOnFromText, type Message } from "./types.ts";

export function Thinking({ store, message }: { readonly store: ChatStore; readonly message: Message }) {
  const live = message.state === "writing" && message.content === "";
  const [wish, setWish] = useState<boolean | null>(null);
  const open = wish ?? live;
  const seconds = useSeconds(live, message.counts?.thought ?? 0);
  const tokens = message.counts?.thinkingTokens ?? 0;
  return (
    <div className={live ? "thinking live" : "thinking"}>
      <div className="thinking-head">
        <button type="button" aria-expanded={open} onClick={() => setWish(!open)}>
          {live ? "Thinking" : "Thought for"} <span className="figure">{seconds.toFixed(1)} s</span> ·{" "}
          <span className="figure">{tokens}</span> {tokens === 1 ? "token" : "tokens"}
        </button>
        {live && message.thinking !== "" && goesOnFromText(message) && (
          <button type="button" onClick={() => store.answerNow(message)}>
            Answer now
          </button>
        )}
      </div>
      {open && <Trace text={message.thinking} />}
    </div>
  );
}

/** Seconds that go on by themselves between two tokens. */
function useSeconds(live: boolean, counted: number): number {
  const [since, setSince] = useState(0);
  useEffect(() => {
    if (!live) return;
    const started = performance.now();
    const timer = setInterval(() => setSince((performance.now() - started) / 1000), 100);
    return () => clearInterval(timer);
  }, [live]);
  return live ? Math.max(since, counted) : counted;
}

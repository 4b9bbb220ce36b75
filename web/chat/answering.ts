/**
 * Answers being written: gathers what a stream brings and tells it once a frame at most. What has come is saved piece by piece, so that
 * a page opened anew goes on where this one was.
 */
import { ApiFailure } from "../api/client.ts";
import type { ChatEvent } from "../api/stream.ts";
import type { Draft } from "./draft.ts";
import { dropPieces, savePiece } from "./pieces.ts";
import type { Message } from "./types.ts";

export interface Listener {
  /** What has changed of which answer. */
  readonly changed: (index: number, change: Partial<Message>) => void;
  /** The stream can be read on by this id. */
  readonly opened: (stream: string) => void;
}

/**
 * @param drafts an answer each, by the stream's index
 * @param signal stops them, with what there is
 */
export async function writeAnswers(
  events: AsyncIterable<ChatEvent>,
  drafts: readonly Draft[],
  stream: string | null,
  signal: AbortSignal,
  listener: Listener,
): Promise<void> {
  const { changed } = listener;
  const open = new Set(drafts.keys());
  const touched = new Set<number>();
  let [id, at] = [stream, -1];
  const show = pacer(
    () => (document.hidden ? 250 : 33),
    () => {
      for (const index of touched) changed(index, drafts[index].live());
      touched.clear();
    },
  );
  const save = pacer(
    () => 1000,
    () => {
      if (id === null || at < 0) return;
      const pieces = drafts.map((draft) => draft.take());
      savePiece(id, at, pieces);
    },
  );
  const end = (index: number, change: Partial<Message>): void => {
    open.delete(index);
    touched.delete(index);
    changed(index, { ...drafts[index].whole(), ...change, stream: undefined, lost: undefined });
  };
  window.addEventListener("pagehide", save.now);
  try {
    for await (const event of events) {
      if (event.kind === "opened") {
        id = event.id;
        listener.opened(id);
      } else if (event.kind === "connection") {
        for (const index of open) changed(index, { lost: event.lost });
      } else if (event.kind === "end") {
        end(event.index, { state: event.reason === "length" ? "cut" : "done" });
      } else if (event.kind === "finish") {
        const { usage } = event;
        if (usage !== null) {
          const thought = usage.completion_tokens_details?.reasoning_tokens ?? 0;
          const alone = drafts.length === 1;
          for (const [index, draft] of drafts.entries()) {
            draft.count(usage.prompt_tokens, alone ? [thought, usage.completion_tokens - thought] : null);
            changed(index, { ...draft.live(), ...(alone && !draft.continues ? { cost: usage.cost } : {}) });
          }
        }
        for (const index of open) end(index, { state: "done" });
      } else {
        drafts[event.index].add(event);
        at = event.at ?? at;
        touched.add(event.index);
        show.ask();
        save.ask();
      }
    }
  } catch (error) {
    const change: Partial<Message> = signal.aborted
      ? { state: "stopped" }
      : { state: "failed", failure: error instanceof ApiFailure ? error.message : String(error) };
    for (const index of open) end(index, change);
  } finally {
    window.removeEventListener("pagehide", save.now);
    show.end();
    save.end();
    if (id !== null) void dropPieces(id);
  }
}

/** At most one call in a time. */
function pacer(pause: () => number, call: () => void): { ask: () => void; now: () => void; end: () => void } {
  let due: ReturnType<typeof setTimeout> | null = null;
  const end = (): void => {
    if (due !== null) clearTimeout(due);
    due = null;
  };
  const now = (): void => {
    end();
    call();
  };
  return {
    ask: () => {
      due ??= setTimeout(now, pause());
    },
    now,
    end,
  };
}

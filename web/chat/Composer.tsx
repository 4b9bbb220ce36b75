/** Where the question is written: files pasted or dropped become text, the model and its effort are chosen, context is shown. */
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useRef, useState } from "react";
import { EFFORTS } from "./settings.ts";
import type { ChatStore, State } from "./store.ts";
import type { Message } from "./types.ts";

const EFFORT_NAMES = {
  none: "No thinking",
  low: "Think a little",
  medium: "Think",
  high: "Think long",
  max: "Think freely",
};

/** Larger files are refused: the text goes into the question. */
const LARGEST_FILE = 1_000_000;

interface Props {
  readonly store: ChatStore;
  readonly state: State;
  readonly writing: Message | null;
  readonly path: readonly Message[];
}

export function Composer({ store, state, writing, path }: Props) {
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const { settings, models } = state;
  const send = (): void => {
    if (text.trim() === "" || writing) return;
    store.send(text);
    setText("");
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const take = async (files: FileList): Promise<void> => {
    for (const file of files) {
      if (file.size > LARGEST_FILE) store.notice(`${file.name} is larger than 1 MB; paste the part you mean.`);
      else {
        const content = await file.text();
        setText((before) => `${before}${before === "" ? "" : "\n\n"}${file.name}:\n\`\`\`\n${content}\n\`\`\`\n`);
      }
    }
  };
  const paste = (event: ClipboardEvent): void => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    void take(event.clipboardData.files);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    void take(event.dataTransfer.files);
  };
  return (
    <form
      className="composer"
      aria-label="Ask"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        id="ask"
        ref={field}
        aria-label="Question"
        placeholder="Ask something"
        rows={Math.min(10, Math.max(2, text.split("\n").length))}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={keys}
        onPaste={paste}
        onDrop={drop}
        onDragOver={(event) => event.preventDefault()}
      />
      <div className="controls">
        <select
          aria-label="Model"
          value={settings.model}
          onChange={(event) => store.change({ model: event.target.value })}
        >
          <option value="">{models[0]?.id ?? "default model"}</option>
          {models.slice(1).map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
        <select
          aria-label="Effort"
          value={settings.effort}
          onChange={(event) => store.change({ effort: event.target.value as (typeof EFFORTS)[number] })}
        >
          {EFFORTS.map((effort) => (
            <option key={effort} value={effort}>
              {EFFORT_NAMES[effort]}
            </option>
          ))}
        </select>
        <Gauge state={state} path={path} />
        {writing ? (
          <button type="button" className="primary" onClick={() => store.stop(writing.id)}>
            Stop
          </button>
        ) : (
          <button type="submit" className="primary" disabled={text.trim() === ""}>
            Send
          </button>
        )}
      </div>
    </form>
  );
}

/** How full the model's context is, as far as the last answer told. */
function Gauge({ state, path }: { readonly state: State; readonly path: readonly Message[] }) {
  const { models, settings } = state;
  const room = (models.find(({ id }) => id === settings.model) ?? models[0])?.context_length;
  const counts = path.findLast((message) => message.counts)?.counts;
  if (room === undefined || counts === undefined) return <span className="gauge" />;
  const used = counts.promptTokens + counts.thinkingTokens + counts.answerTokens;
  return (
    <span className="gauge" title={`${used} of ${room} tokens of context`}>
      <meter aria-label="Context used" min={0} max={room} high={room * 0.85} value={used} />
      <span className="figure">
        {used}/{room}
      </span>
    </span>
  );
}

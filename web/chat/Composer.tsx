/** Where the question is written: files and long pastes become attached texts; the model, its effort and the way it is asked are chosen. */
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useRef, useState } from "react";
import type { ModelInfo } from "../api/client.ts";
import { EFFORTS, type Settings, WAYS } from "./settings.ts";
import type { ChatStore, State } from "./store.ts";
import type { Message } from "./types.ts";

const EFFORT_NAMES = {
  none: "No thinking",
  low: "Think a little",
  medium: "Think",
  high: "Think long",
  max: "Think freely",
};

const WAY_NAMES: Record<Settings["way"], string> = {
  one: "One answer",
  "vote 3": "Vote of 3",
  "vote 5": "Vote of 5",
  "vote 9": "Vote of 9",
  thinking: "With and without thinking",
  models: "Two models",
};

/** Larger files are refused: the text goes into the question. */
const LARGEST_FILE = 1_000_000;

/** A paste longer than this is attached: a text field lays out all of its lines at every key. */
const LONG_PASTE = 4000;
const MANY_LINES = 60;

interface Attached {
  readonly id: number;
  readonly name: string;
  readonly text: string;
}

interface Props {
  readonly store: ChatStore;
  readonly state: State;
  readonly writing: Message | null;
  readonly path: readonly Message[];
}

export function Composer({ store, state, writing, path }: Props) {
  const [text, setText] = useState("");
  const [attached, setAttached] = useState<readonly Attached[]>([]);
  const next = useRef(1);
  const { settings, models } = state;
  const empty = text.trim() === "" && attached.length === 0;
  const attach = (name: string, content: string): void => {
    const id = next.current++;
    setAttached((before) => [...before, { id, name, text: content }]);
  };
  const send = (): void => {
    if (empty || writing) return;
    const parts = attached.map(({ name, text: content }) => `${name}:\n\`\`\`\n${content}\n\`\`\``);
    store.send([text.trim(), ...parts].filter((part) => part !== "").join("\n\n"));
    setText("");
    setAttached([]);
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const take = async (files: FileList): Promise<void> => {
    for (const file of files) {
      if (file.size > LARGEST_FILE) store.notice(`${file.name} is larger than 1 MB; paste the part you mean.`);
      else attach(file.name, await file.text());
    }
  };
  const paste = (event: ClipboardEvent): void => {
    const { files } = event.clipboardData;
    const pasted = event.clipboardData.getData("text/plain");
    if (files.length > 0) void take(files);
    else if (pasted.length > LARGEST_FILE) store.notice("The text is larger than 1 MB; paste the part you mean.");
    else if (isLong(pasted)) attach("Pasted text", pasted);
    else return;
    event.preventDefault();
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
      {attached.length > 0 && (
        <ul className="attached" aria-label="Attached">
          {attached.map(({ id, name, text: content }) => (
            <li key={id}>
              {name}, {content.split("\n").length.toLocaleString("en")} lines
              <button
                type="button"
                aria-label={`Remove ${name}`}
                onClick={() => setAttached(attached.filter((one) => one.id !== id))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <textarea
        id="ask"
        aria-label="Question"
        placeholder="Ask something"
        rows={rowsOf(text)}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={keys}
        onPaste={paste}
        onDrop={drop}
        onDragOver={(event) => event.preventDefault()}
      />
      <div className="controls">
        <ModelChoice
          label="Model"
          models={models}
          value={settings.model}
          onChoose={(model) => store.change({ model })}
        />
        {settings.way === "models" && (
          <ModelChoice
            label="Second model"
            models={models}
            value={settings.other}
            first={models.find(({ id }) => id !== (settings.model || models[0]?.id))?.id}
            onChoose={(other) => store.change({ other })}
          />
        )}
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
        <select
          aria-label="Answers"
          value={settings.way}
          onChange={(event) => store.change({ way: event.target.value as Settings["way"] })}
        >
          {WAYS.map((way) => (
            <option key={way} value={way}>
              {WAY_NAMES[way]}
            </option>
          ))}
        </select>
        <Gauge state={state} path={path} />
        {writing ? (
          <button type="button" className="primary" onClick={() => store.stop(writing.id)}>
            Stop
          </button>
        ) : (
          <button type="submit" className="primary" disabled={empty}>
            Send
          </button>
        )}
      </div>
    </form>
  );
}

const isLong = (text: string): boolean =>
  text.length > LONG_PASTE || text.split("\n", MANY_LINES + 1).length > MANY_LINES;

/** Lines the field shows, as far as it grows. */
const rowsOf = (text: string): number => Math.max(2, text.split("\n", 10).length);

interface ChoiceProps {
  readonly label: string;
  readonly models: readonly ModelInfo[];
  readonly value: string;
  /** What stands for no choice. */
  readonly first?: string;
  readonly onChoose: (id: string) => void;
}

function ModelChoice({ label, models, value, first = models[0]?.id, onChoose }: ChoiceProps) {
  return (
    <select aria-label={label} value={value} onChange={(event) => onChoose(event.target.value)}>
      <option value="">{first ?? "default model"}</option>
      {models
        .filter(({ id }) => id !== first)
        .map(({ id }) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
    </select>
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

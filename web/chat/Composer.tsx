/** Where the question is written: files and long pastes become attached texts; the model, its effort and the way it is asked are chosen. */
import { type ClipboardEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { ModelInfo } from "../api/client.ts";
import { type Attached, readPaste, readText, withAttached } from "./attaching.ts";
import { Gauge } from "./Gauge.tsx";
import { Hints } from "./Hints.tsx";
import { beside, named } from "./models.ts";
import { EFFORTS, type Settings, WAYS } from "./settings.ts";
import type { ChatStore, State } from "./store.ts";
import { TextBox } from "./TextBox.tsx";
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
  thinking: "With & without thinking",
  models: "Two models",
};

interface Props {
  readonly store: ChatStore;
  readonly state: State;
  readonly writing: Message | null;
  readonly path: readonly Message[];
  readonly onNew: () => void;
}

export function Composer({ store, state, writing, path, onNew }: Props) {
  const box = useRef<HTMLTextAreaElement>(null);
  const [blank, setBlank] = useState(true);
  const [attached, setAttached] = useState<readonly (Attached & { readonly id: number })[]>([]);
  const next = useRef(1);
  const { settings, models } = state;
  const empty = blank && attached.length === 0;
  const write = (text: string): void => {
    box.current!.value = text;
    box.current!.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const send = (): void => {
    if (empty || writing) return;
    store.send(withAttached(box.current!.value, attached));
    write("");
    setAttached([]);
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const attach = (one: Attached): void => {
    const id = next.current++;
    setAttached((before) => [...before, { ...one, id }]);
  };
  const take = async (files: Iterable<File>): Promise<void> => {
    for (const file of files) {
      try {
        attach(await readText(file));
      } catch (error) {
        store.notice((error as Error).message);
      }
    }
  };
  const paste = (event: ClipboardEvent): void => {
    const { files } = event.clipboardData;
    try {
      const long = files.length > 0 ? null : readPaste(event.clipboardData.getData("text/plain"));
      if (files.length === 0 && long === null) return;
      if (long) attach(long);
      else void take([...files]);
    } catch (error) {
      store.notice((error as Error).message);
    }
    event.preventDefault();
  };
  useDrop((files) => void take(files));
  return (
    <form
      className="composer"
      aria-label="Ask"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Hints state={state} told={writing ? path.length - 2 : path.length} onNew={onNew} />
      {attached.length > 0 && (
        <ul className="attached" aria-label="Attached">
          {attached.map(({ id, name, text: content }) => (
            <li key={id}>
              {name}, {content.split("\n").length.toLocaleString("en")} lines
              <button
                type="button"
                aria-label={`Remove ${name}`}
                data-focus="remove"
                onClick={() => setAttached(attached.filter((one) => one.id !== id))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <TextBox
        box={box}
        least={2}
        most={10}
        id="ask"
        aria-label="Question"
        placeholder="Ask something"
        onInput={(event) => setBlank(event.currentTarget.value.trim() === "")}
        onKeyDown={keys}
        onPaste={paste}
      />
      <div className="controls">
        <label className="as-button" title="Text files of up to 1 MB; they can be dropped or pasted here as well">
          Attach
          <input
            type="file"
            multiple
            onChange={(event) => {
              void take([...(event.target.files ?? [])]);
              // So that the same file can be chosen again.
              event.target.value = "";
            }}
          />
        </label>
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
            first={beside(models, settings.model || (models[0]?.id ?? ""))}
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

/** Files dropped anywhere on the page are attached: the browser would leave the page for them. */
function useDrop(take: (files: readonly File[]) => void): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    };
    const drop = (event: DragEvent): void => {
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      latest.current(files);
    };
    document.addEventListener("dragover", over);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragover", over);
      document.removeEventListener("drop", drop);
    };
  }, []);
}

interface ChoiceProps {
  readonly label: string;
  readonly models: readonly ModelInfo[];
  readonly value: string;
  /** What stands for no choice. */
  readonly first?: string;
  readonly onChoose: (id: string) => void;
}

function ModelChoice({ label, models, value, first = models[0]?.id, onChoose }: ChoiceProps) {
  const standing = models.find(({ id }) => id === first);
  return (
    <select aria-label={label} value={value} onChange={(event) => onChoose(event.target.value)}>
      <option value="">{standing ? named(standing) : (first ?? "default model")}</option>
      {value !== "" && models.length > 0 && !models.some(({ id }) => id === value) && (
        <option value={value}>{value} (not served)</option>
      )}
      {models
        .filter(({ id }) => id !== first || id === value)
        .map((one) => (
          <option key={one.id} value={one.id}>
            {named(one)}
          </option>
        ))}
    </select>
  );
}

/** What the model is told of the reader in every chat: seen, changed, switched off and forgotten here; it stays in this browser. */
import { type FormEvent, useState } from "react";
import { PanelHead } from "./PanelHead.tsx";
import { type Fact, systemPrompt } from "./settings.ts";
import type { ChatStore, State } from "./store.ts";

interface Props {
  readonly store: ChatStore;
  readonly state: State;
  readonly onClose: () => void;
}

export function Memory({ store, state, onClose }: Props) {
  const { settings } = state;
  const { facts, remembers } = settings;
  const [text, setText] = useState("");
  const keep = (changed: readonly Fact[]): void => store.change({ facts: changed });
  const change = (id: string, to: Partial<Fact>): void =>
    keep(facts.map((fact) => (fact.id === id ? { ...fact, ...to } : fact)));
  const add = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() === "") return;
    keep([...facts, { id: crypto.randomUUID(), text: text.trim(), on: true }]);
    setText("");
  };
  const sent = systemPrompt(settings);
  return (
    <section className="panel memory" aria-label="Memory" data-focus="memory">
      <PanelHead title="Memory" onClose={onClose}>
        <label className="tick">
          <input
            type="checkbox"
            checked={remembers}
            onChange={(event) => store.change({ remembers: event.target.checked })}
          />
          Tell the model what stands here
        </label>
      </PanelHead>
      <ul>
        {facts.map(({ id, text: fact, on }) => (
          <li key={id}>
            <input
              type="checkbox"
              aria-label={`Tell: ${fact}`}
              checked={on}
              disabled={!remembers}
              onChange={(event) => change(id, { on: event.target.checked })}
            />
            <input aria-label="Fact" value={fact} onChange={(event) => change(id, { text: event.target.value })} />
            <button
              type="button"
              aria-label={`Forget: ${fact}`}
              data-focus="forget"
              onClick={() => keep(facts.filter((one) => one.id !== id))}
            >
              ×
            </button>
          </li>
        ))}
        {facts.length === 0 && <li className="quiet">Nothing is remembered. What you add is told in every chat.</li>}
      </ul>
      <form onSubmit={add}>
        <input
          aria-label="Something to remember"
          placeholder="Such as: I teach mathematics in Lisbon"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit">Remember</button>
      </form>
      <details>
        <summary className="quiet">The system prompt as it is sent</summary>
        <pre>{sent === "" ? "none" : sent}</pre>
      </details>
    </section>
  );
}

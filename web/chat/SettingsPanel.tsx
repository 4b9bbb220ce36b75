/** How the model is asked, and how the page looks. */
import type { Settings } from "./settings.ts";
import type { ChatStore, State } from "./store.ts";

const NUMBERS: readonly [keyof Settings, string, string, string][] = [
  ["temperature", "Temperature", "0", "2"],
  ["topP", "Top p", "0", "1"],
  ["topK", "Top k", "0", ""],
  ["minP", "Min p", "0", "1"],
  ["seed", "Seed", "", ""],
  ["maxTokens", "Most tokens", "1", ""],
  ["thinkingBudget", "Thinking budget", "0", ""],
  ["price", "Core-hour, $", "0", ""],
];

interface Props {
  readonly store: ChatStore;
  readonly state: State;
  readonly onClose: () => void;
}

export function SettingsPanel({ store, state, onClose }: Props) {
  const { settings } = state;
  const set = (name: keyof Settings) => (event: { target: { value: string } }) =>
    store.change({ [name]: event.target.value });
  return (
    <section className="settings" aria-label="Settings" data-focus="settings">
      <label className="wide">
        System prompt
        <textarea rows={2} value={settings.system} onChange={set("system")} />
      </label>
      {NUMBERS.map(([name, label, min, max]) => (
        <label key={name}>
          {label}
          <input
            type="number"
            step="any"
            min={min}
            max={max}
            placeholder={name === "price" ? "0.04" : "the model's"}
            value={String(settings[name])}
            onChange={set(name)}
          />
        </label>
      ))}
      <label>
        Colours
        <select value={settings.theme} onChange={set("theme")}>
          <option value="system">as the system</option>
          <option value="light">light</option>
          <option value="dark">dark</option>
        </select>
      </label>
      <label>
        Server's key
        <input
          type="password"
          autoComplete="off"
          value={settings.key}
          onChange={set("key")}
          onBlur={() => store.refreshModels()}
        />
      </label>
      <label className="tick">
        <input
          type="checkbox"
          checked={settings.tokens}
          onChange={(event) => store.change({ tokens: event.target.checked })}
        />
        Keep each token's probability
      </label>
      <p className="quiet wide">
        Enter sends, Shift+Enter breaks the line, Escape stops or closes. Ctrl+Shift+O: a new chat. Ctrl+Shift+comma:
        settings.
      </p>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </section>
  );
}

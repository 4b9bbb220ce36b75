/** How the model is asked, and how the page looks. */
import { PanelHead } from "./PanelHead.tsx";
import type { Settings } from "./settings.ts";
import type { ChatStore, State } from "./store.ts";

interface Field {
  readonly name: keyof Settings;
  readonly label: string;
  readonly about: string;
  readonly min?: number;
  readonly max?: number;
}

/** How tokens are drawn, then how many, then what they are reckoned at. */
const NUMBERS: readonly Field[] = [
  { name: "temperature", label: "Temperature", min: 0, max: 2, about: "0: always the likeliest token" },
  { name: "topP", label: "Top p", min: 0, max: 1, about: "only the likeliest, up to this share" },
  { name: "topK", label: "Top k", min: 0, about: "only so many of the likeliest" },
  { name: "minP", label: "Min p", min: 0, max: 1, about: "none below this share of the likeliest" },
  { name: "seed", label: "Seed", about: "the same seed, the same answer" },
  { name: "maxTokens", label: "Most tokens", min: 1, about: "thinking and answer together" },
  { name: "thinkingBudget", label: "Thinking budget", min: 0, about: "tokens; then it must answer" },
  { name: "price", label: "Core-hour, $", min: 0, about: "what costs are reckoned with" },
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
      <PanelHead title="Settings" onClose={onClose} />
      <label className="wide">
        System prompt
        <textarea
          rows={2}
          placeholder="What the model is told before every question"
          value={settings.system}
          onChange={set("system")}
        />
      </label>
      {NUMBERS.map(({ name, label, about, min, max }) => (
        <div key={name} className="field">
          <label htmlFor={`set-${name}`}>{label}</label>
          <input
            id={`set-${name}`}
            aria-describedby={`about-${name}`}
            type="number"
            step="any"
            min={min}
            max={max}
            placeholder={name === "price" ? "0.04" : "the model's"}
            value={String(settings[name])}
            onChange={set(name)}
          />
          <small id={`about-${name}`}>{about}</small>
        </div>
      ))}
      <div className="field">
        <label htmlFor="set-theme">Theme</label>
        <select id="set-theme" value={settings.theme} onChange={set("theme")}>
          <option value="system">as the system</option>
          <option value="light">light</option>
          <option value="dark">dark</option>
        </select>
      </div>
      <div className="field">
        <label htmlFor="set-key">Server's key</label>
        <input
          id="set-key"
          aria-describedby="about-key"
          type="password"
          autoComplete="off"
          value={settings.key}
          onChange={set("key")}
          onBlur={() => store.refreshModels()}
        />
        <small id="about-key">where the server asks for one</small>
      </div>
      <label className="tick wide">
        <input
          type="checkbox"
          checked={settings.tokens}
          onChange={(event) => store.change({ tokens: event.target.checked })}
        />
        Keep each token's probability, so that <i>Tokens</i> can show it
      </label>
      <p className="quiet wide">
        Enter sends, Shift+Enter breaks the line, Escape stops or closes. Ctrl+Shift+O: a new chat. Ctrl+Shift+comma:
        settings.
      </p>
    </section>
  );
}

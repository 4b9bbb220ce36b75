/** Starts a run from a preset, as `reckon train` would. */
import { useState } from "react";
import { addressWith, go } from "./address.ts";
import { type RunList, send } from "./api.ts";
import { Failure } from "./Shell.tsx";

/** What each recipe does, for the form. */
const RECIPES: Readonly<Record<string, string>> = {
  pretrain: "a model learns to write worked solutions, from nothing",
  sft: "a model learns from examples of questions and answers",
  "r1-zero": "reinforcement learning alone: the model finds out that thinking pays",
  distill: "a small student learns the right answers of a teacher",
  r1: "the paper’s whole chain, from the base to its students, in one report",
};

export function StartForm({ list }: { readonly list: RunList }) {
  const [recipe, setRecipe] = useState("r1-zero");
  const [preset, setPreset] = useState(list.presets[0]!.name);
  const [name, setName] = useState("");
  const [seed, setSeed] = useState("0");
  const [from, setFrom] = useState("");
  const [settings, setSettings] = useState("");
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const free = freeName(`${recipe}-${preset}`, list);
  const start = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const lines = settings.split(/\s*\n\s*/).filter((line) => line.trim() !== "");
      const asked = { recipe, preset, name: name || free, seed: Number(seed), settings: lines };
      const { run } = await send<{ run: string }>("/v1/runs/start", from === "" ? asked : { ...asked, from });
      go(addressWith({ run }, false));
    } catch (error) {
      setFailure((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <form className="start" onSubmit={start} aria-label="Start a run">
      <Choice label="Recipe" value={recipe} all={list.recipes} onChange={setRecipe} />
      <label>
        Preset
        <select value={preset} onChange={(event) => setPreset(event.target.value)} aria-describedby="about-preset">
          {list.presets.map((one) => (
            <option key={one.name}>{one.name}</option>
          ))}
        </select>
      </label>
      <label>
        Name
        <input value={name} placeholder={free} onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        Seed
        <input inputMode="numeric" value={seed} onChange={(event) => setSeed(event.target.value)} />
      </label>
      <label>
        Start from
        <select value={from} onChange={(event) => setFrom(event.target.value)}>
          <option value="">what the preset has</option>
          {list.runs.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </label>
      <label className="wide">
        Settings, one a line
        <textarea
          rows={2}
          value={settings}
          placeholder="rl.steps=40"
          onChange={(event) => setSettings(event.target.value)}
        />
      </label>
      <p className="quiet wide" id="about-preset">
        {RECIPES[recipe] !== undefined && `${recipe}: ${RECIPES[recipe]}. `}
        {preset}: {list.presets.find((one) => one.name === preset)?.about}. It trains on this machine in a process of
        its own, and goes on when this page or the server is closed.
      </p>
      <Failure text={failure} />
      <button type="submit" className="primary" disabled={busy}>
        {busy ? "Starting…" : "Start"}
      </button>
    </form>
  );
}

function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly all: readonly string[];
  readonly onChange: (value: string) => void;
}) {
  return (
    <label>
      {props.label}
      <select value={props.value} onChange={(event) => props.onChange(event.target.value)}>
        {props.all.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}

function freeName(stem: string, { runs }: RunList): string {
  const taken = new Set(runs.map(({ id }) => id));
  let name = stem;
  for (let number = 2; taken.has(name); number++) name = `${stem}-${number}`;
  return name;
}

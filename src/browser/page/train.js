// The training page: R1-Zero on the model of base/, step by step. Texts are set as text, so nothing a model writes runs.
import { BrowserEngine } from "./engine/client.js";
import { isolated } from "./isolated.js";

const part = (id) => document.getElementById(id);
const [start, pause, stop, state, progress] = ["start", "pause", "stop", "state", "progress"].map(part);

/** Steps told so far; the first is the model before training. */
let told = [];
let engine = null;

await isolated();
start.addEventListener("click", train);
pause.addEventListener("click", () => halt(!halted));

/** Between two steps; the one that is being made is finished. */
let halted = false;
function halt(on) {
  halted = on;
  pause.textContent = on ? "Go on" : "Pause";
  engine?.pause(on);
  tell();
}

async function train() {
  told = [];
  const running = new AbortController();
  stop.onclick = () => running.abort();
  start.hidden = true;
  for (const shown of [pause, stop, progress]) shown.hidden = false;
  halt(false);
  state.className = "quiet";
  state.textContent = "The base model is loading and answers first as it is.";
  try {
    engine ??= new BrowserEngine(new URL("engine/engine.js", location.href));
    await engine.train({ base: "base/" }, settings(), show, running.signal);
    state.textContent += running.signal.aborted ? " Stopped." : " Done.";
  } catch (error) {
    state.className = "bad";
    state.textContent = error.message;
  }
  start.hidden = false;
  pause.hidden = stop.hidden = true;
}

/** What the fields say; where one is not as it may be, the usual. */
function settings() {
  const number = (id) => (part(id).validity.valid && part(id).value !== "" ? Number(part(id).value) : undefined);
  return { steps: number("steps"), prompts_per_step: number("prompts"), group_size: number("group") };
}

function tell() {
  const step = told.at(-1);
  if (step === undefined) return;
  const last =
    step.reward === null
      ? ""
      : `: reward ${step.reward.toFixed(2)}, ${percent(step.accuracy)} right, ${Math.round(step.length)} tokens an answer, ${step.seconds.toFixed(1)} s`;
  state.textContent = `Step ${step.step} of ${step.steps}${last}.${halted ? " Paused." : ""}`;
  progress.max = step.steps;
  progress.value = step.step;
}

function show(step) {
  told.push(step);
  tell();
  draw("reward", recent);
  draw("accuracy", (one) => one.accuracy);
  const before = told[0].held_out;
  fill("held-out", step.held_out, ({ question, gold, response, right }, i) => [
    `${question}\n(${gold})`,
    mark(before[i].response, before[i].right),
    mark(response, right),
  ]);
  fill("samples", step.samples, ({ question, response, right, reward }) => [
    question,
    mark(response, right),
    reward.toFixed(2),
  ]);
}

/** A single step's mean jumps with its questions; over five of them one sees where it goes. As a share of the highest reward. */
function recent({ step }) {
  const window = told.slice(Math.max(1, step - 4), step + 1);
  return window.reduce((sum, { reward }) => sum + reward, 0) / window.length / 1.2;
}

/** A curve over the steps, from 0 at the bottom to 1 at the top. */
function draw(id, value) {
  const steps = told.filter(({ reward }) => reward !== null);
  const width = Math.max(1, told[0].steps - 1);
  const points = steps.map((one) => `${(100 * (one.step - 1)) / width},${40 - 38 * value(one)}`);
  part(id).setAttribute("points", (points.length === 1 ? [...points, ...points] : points).join(" "));
}

function fill(id, rows, cells) {
  part(id).replaceChildren(
    ...rows.map((row, i) => {
      const line = document.createElement("tr");
      line.append(
        ...cells(row, i).map((text) => {
          const cell = document.createElement("td");
          cell.textContent = text;
          return cell;
        }),
      );
      return line;
    }),
  );
}

const mark = (response, right) => `${right ? "✓" : "✗"} ${response}`;
const percent = (share) => `${Math.round(100 * share)}%`;

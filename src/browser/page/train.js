// The training page: R1-Zero on the model of base/, step by step. Texts are set as text, so nothing a model writes runs.
import { BrowserEngine } from "./engine/client.js";
import { isolated } from "./isolated.js";
import { drawCurves, SHARES } from "./train-curve.js";

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
  swap([start], [pause, stop]);
  progress.hidden = false;
  for (const shown of ["curves", "probed", "learned"]) part(shown).hidden = true;
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
  swap([pause, stop], [start]);
}

/** Buttons in place of others; who was on one of these by keyboard is not left on nothing. */
function swap(gone, come) {
  const moves = gone.includes(document.activeElement);
  for (const one of come) one.hidden = false;
  for (const one of gone) one.hidden = true;
  if (moves) come[0].focus();
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
  const before = told[0].held_out;
  const [was, is] = [before, step.held_out].map(sum);
  part("held-out-total").textContent =
    step.step === 0
      ? `${was.right} of ${was.of} answers right before training.`
      : `${was.right} of ${was.of} answers right before, ${is.right} now.`;
  fill("held-out", step.held_out, (now, i) => [
    `${now.question}\n(${now.gold})`,
    probed(before[i]),
    step.step === 0 ? "…" : probed(now),
  ]);
  fill("samples", step.samples, ({ question, response, right, reward }) => [
    question,
    answered(response, right),
    reward.toFixed(2),
  ]);
  part("probed").hidden = false;
  part("curves").hidden = part("learned").hidden = step.step === 0;
  if (step.step > 0) draw(was, is);
}

function draw(was, is) {
  const { steps } = told[0];
  const trained = told.filter(({ accuracy }) => accuracy !== null);
  drawCurves(part("curve"), {
    steps,
    axis: SHARES,
    lines: [
      { id: "trained", name: "trained", points: trained.map((one, i) => [one.step, recent(trained, i, "accuracy")]) },
      { id: "probes", name: "probes", points: told.map(({ step, held_out }) => [step, share(sum(held_out))]) },
    ],
    told:
      `Right answers by step: of questions never trained on ${percent(share(was))} before training and ${percent(share(is))} now; ` +
      `of the steps' own answers ${percent(trained[0].accuracy)} in the first step and ${percent(recent(trained, trained.length - 1, "accuracy"))} over the last five.`,
  });
  const last = recent(trained, trained.length - 1, "reward");
  drawCurves(part("rewards"), {
    steps,
    axis: REWARDS,
    lines: [
      { id: "reward", name: "trained", points: trained.map((one, i) => [one.step, recent(trained, i, "reward")]) },
    ],
    told: `Mean reward by step: ${trained[0].reward.toFixed(2)} in the first step and ${last.toFixed(2)} over the last five.`,
  });
}

/** 1 for a right answer and 0.2 for its form. */
const REWARDS = { name: "mean reward", marks: [0, 0.4, 0.8, 1.2], label: (reward) => reward.toFixed(1) };

/** A single step's figure jumps with its questions; over five of them one sees where it goes. */
function recent(trained, at, name) {
  const window = trained.slice(Math.max(0, at - 4), at + 1);
  return window.reduce((sum, step) => sum + step[name], 0) / window.length;
}

function sum(questions) {
  const of = (name) => questions.reduce((total, one) => total + one[name], 0);
  return { right: of("right"), of: of("of") };
}

/** How many answers are right, above one of them. */
const probed = ({ right, of, response, response_right }) => [
  line("count", `${right} of ${of} right`),
  ...answered(response, response_right),
];

/** What it answered and whether that is right, then what it thought before it did. */
function answered(response, right) {
  const end = response.lastIndexOf(CLOSE);
  const [thought, answer] =
    end < 0 ? [response, "never came to an answer"] : [response.slice(0, end), response.slice(end + CLOSE.length)];
  return [line("given", `${right ? "✓" : "✗"} ${answer}`), line("thought", thought.trim() || "no thinking")];
}
const CLOSE = "</think>";

function line(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}

function fill(id, rows, cells) {
  part(id).replaceChildren(
    ...rows.map((row, i) => {
      const made = document.createElement("tr");
      made.append(
        ...cells(row, i).map((content) => {
          const cell = document.createElement("td");
          cell.append(...[content].flat());
          return cell;
        }),
      );
      return made;
    }),
  );
}

const share = ({ right, of }) => right / of;
const percent = (value) => `${Math.round(100 * value)}%`;

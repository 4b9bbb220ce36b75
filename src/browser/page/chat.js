// The chat page: one conversation with the model of model/, all of it in this tab. Texts are set as text, so nothing a model writes runs.
import { BrowserEngine } from "./engine/client.js";
import { isolated } from "./isolated.js";

const part = (id) => document.getElementById(id);
const [about, loading, log, form, question, send, stop, fresh] = [
  "about",
  "loading",
  "log",
  "ask",
  "question",
  "send",
  "stop",
  "fresh",
].map(part);

/** What was said, as the chat template takes it. */
let messages = [];
/** Ends the answer under way. */
let running = null;

await isolated();
const engine = new BrowserEngine(new URL("engine/engine.js", location.href));
try {
  const { name, parameters, quantization, threads, chats } = await engine.load(
    { base: "model/" },
    {
      onProgress: (loaded, total) => {
        loading.max = total;
        loading.value = loaded;
      },
    },
  );
  about.textContent = `${name}, ${count(parameters)} parameters in ${quantization}, ${threads} ${threads === 1 ? "thread" : "threads"}, in this tab`;
  if (chats) ready(true);
  else complain("This model has no chat template, so it cannot be asked.");
} catch (error) {
  complain(error.message);
}
loading.hidden = true;
part("train").hidden = !(await fetch("train.html", { method: "HEAD" })).ok;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (question.value.trim() !== "" && !send.disabled) answer(question.value.trim());
});
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
stop.addEventListener("click", () => running?.abort());
fresh.addEventListener("click", () => {
  messages = [];
  log.replaceChildren();
  question.focus();
});

async function answer(text) {
  question.value = "";
  ready(false);
  running = new AbortController();
  log.append(element("div", "question", text));
  const thinking = element("p", "thinking", "");
  const fold = element("details", "", "");
  fold.open = true;
  fold.append(element("summary", "quiet", "Thinking"), thinking);
  const said = element("div", "answer", "");
  const cost = element("div", "quiet", "");
  const turn = element("article", "", "");
  turn.append(fold, said, cost);
  log.append(turn);
  try {
    messages.push({ role: "user", content: text });
    const done = await engine.ask({ messages }, { signal: running.signal }, ({ reasoning, content }) => {
      thinking.textContent += reasoning;
      said.textContent += content;
      turn.scrollIntoView({ block: "end" });
    });
    messages.push({ role: "assistant", content: done.answer });
    fold.hidden = done.reasoning === "";
    const { completion_tokens: tokens, reasoning_tokens: thought } = done.usage;
    cost.textContent =
      `${tokens} tokens, ${thought} of them thinking, ${Math.round(done.timing.decode_tok_s)} a second` +
      (done.finish_reason === "abort" ? "; stopped" : done.finish_reason === "length" ? "; cut off at the limit" : "");
  } catch (error) {
    messages.pop();
    cost.className = "bad";
    cost.textContent = error.message;
  }
  running = null;
  ready(true);
  question.focus();
}

function ready(yes) {
  for (const one of [question, send, fresh]) one.disabled = !yes;
  send.hidden = !yes;
  stop.hidden = yes;
}

function complain(text) {
  about.textContent = text;
  about.className = "bad";
}

function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

function count(n) {
  return n < 1e9 ? `${(n / 1e6).toFixed(1)} million` : `${(n / 1e9).toFixed(1)} billion`;
}

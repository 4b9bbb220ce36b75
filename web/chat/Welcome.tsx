/** Before the first question: what to ask, what the model can do, and where everything stands. */
import type { ModelInfo } from "../api/client.ts";

const STARTERS = [
  "What is 27 + 15 - 8?",
  "Solve 3x + 4 = 19.",
  "Sort these numbers: 31, 7, 22, 15",
  "How many e are in nevertheless?",
];

interface Props {
  readonly model: ModelInfo | undefined;
  readonly onAsk: (text: string) => void;
}

export function Welcome({ model, onAsk }: Props) {
  return (
    <div className="empty">
      <h2>Ask, and watch it think.</h2>
      {model?.about !== undefined && <p className="quiet">{model.about}</p>}
      <ul>
        {STARTERS.map((text) => (
          <li key={text}>
            <button type="button" onClick={() => onAsk(text)}>
              {text}
            </button>
          </li>
        ))}
      </ul>
      <dl className="guide">
        <dt>Under the question</dt>
        <dd>
          the model, how long it thinks, and how many answers: a vote, with and without thinking, two models side by
          side. A file can be attached. A model “in this page” answers without the server.
        </dd>
        <dt>Under an answer</dt>
        <dd>
          <b>Verify</b> checks it against yours, <b>Tokens</b> shows how sure the model was of each token and goes on
          from another, <b>Vote of 5</b> asks again and counts.
        </dd>
        <dt>Above</dt>
        <dd>
          <b>Memory</b>: what is told in every chat. <b>Settings</b>: system prompt, sampling, thinking budget, theme.
        </dd>
        <dt>
          <a href="/runs">Training runs</a>
        </dt>
        <dd>R1-Zero on this machine: start a run, see its curves, rewards and every sample.</dd>
        <dt>
          <a href="/learn/">Watch it learn</a>
        </dt>
        <dd>R1-Zero in this browser alone, within a minute or two.</dd>
        <dt>
          <a href="/evals">Evaluations</a>
        </dt>
        <dd>accuracy against cost, and every answer with its reason.</dd>
        <dt>
          <a href="/docs">API</a>
        </dt>
        <dd>OpenAI’s and DeepSeek’s, to read and to try.</dd>
      </dl>
    </div>
  );
}

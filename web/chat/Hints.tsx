/** What a reader should know before asking, told above the question: what misleads the model, and names that are one model. */
import { beside, chosen, isSame } from "./models.ts";
import { systemPrompt } from "./settings.ts";
import type { State } from "./store.ts";

interface Props {
  readonly state: State;
  /** Messages that would be told with the question. */
  readonly told: number;
  readonly onNew: () => void;
}

export function Hints({ state, told, onNew }: Props) {
  const { settings, models } = state;
  const model = chosen(models, settings.model);
  const other =
    settings.way === "models" ? chosen(models, settings.other || beside(models, model?.id ?? "")) : undefined;
  if (model?.one_question && told > 0)
    return (
      <p className="hint" role="note">
        {model.id} knows one question at a time; those above may mislead it.{" "}
        <button type="button" onClick={onNew}>
          Ask in a new chat
        </button>
      </p>
    );
  if (model?.one_question && systemPrompt(settings) !== "")
    return (
      <p className="hint" role="note">
        {model.id} never learned to read a system prompt or facts to remember; they may mislead it.
      </p>
    );
  if (isSame(model, other))
    return (
      <p className="hint" role="note">
        Both are {model!.alias_of ?? model!.id}. <code>npx reckon serve --model A --model B</code> serves two.
      </p>
    );
  return null;
}

/** How full the model's context is; near its end that is said in words. */
import type { State } from "./store.ts";
import type { Message } from "./types.ts";

/** From this share on the next question may not have room. */
const NEARLY = 0.85;

export function Gauge({ state, path }: { readonly state: State; readonly path: readonly Message[] }) {
  const { models, settings } = state;
  const room = (models.find(({ id }) => id === settings.model) ?? models[0])?.context_length;
  const { used, exact } = usedOf(path);
  if (room === undefined || used === 0) return <span className="gauge" />;
  const near = used >= NEARLY * room;
  const told = `${exact ? "" : "about "}${used} of ${room} tokens of context`;
  return (
    <span className={near ? "gauge near" : "gauge"} title={told}>
      <meter aria-label="Context used" aria-valuetext={told} min={0} max={room} value={Math.min(used, room)} />
      <span className="figure">
        <span className="wide-only">context </span>
        {used}/{room}
      </span>
      {near && (
        <span role="status">
          {used >= room ? "The context is full: begin a new chat" : "The context is nearly full"}
        </span>
      )}
    </span>
  );
}

/**
 * Tokens of the shown path, as the server counted them with its last answer; of what came since, which is being written or was stopped,
 * as the page counts.
 */
export function usedOf(path: readonly Message[]): { readonly used: number; readonly exact: boolean } {
  const told = path.findLastIndex(({ counts }) => (counts?.promptTokens ?? 0) > 0);
  const used = path
    .slice(Math.max(0, told))
    .reduce((sum, { counts: one }) => sum + (one ? one.promptTokens + one.thinkingTokens + one.answerTokens : 0), 0);
  return { used, exact: told >= 0 && told === path.length - 1 && path[told].state !== "writing" };
}

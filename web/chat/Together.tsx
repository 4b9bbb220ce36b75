/** Answers asked for together, side by side: what they say, how many say it, which is gone on from, and where their thinking parts. */
import { AnswerView } from "./AnswerView.tsx";
import { parting, tally } from "./clusters.ts";
import type { ChatStore } from "./store.ts";
import type { Message } from "./types.ts";

interface Props {
  readonly store: ChatStore;
  readonly group: readonly Message[];
  /** The one that the conversation goes on from. */
  readonly shown: string;
}

export function Together({ store, group, shown }: Props) {
  const writing = group.filter(({ state }) => state === "writing").length;
  return (
    <div className="together">
      {writing > 0 ? (
        <p className="quiet">
          {group.length} answers, {writing} being written
        </p>
      ) : (
        <Tally group={group} />
      )}
      {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/noNoninteractiveTabindex: no landmark, and what scrolls sideways must be reachable by keyboard */}
      <div className="columns" role="group" tabIndex={0} aria-label="Answers side by side">
        {group.map((message) => (
          <div
            key={message.id}
            className={message.id === shown ? "column shown" : "column"}
            data-cluster={message.vote === undefined ? undefined : Math.min(message.vote.cluster, 4)}
          >
            <h2>
              {message.label}
              {message.vote?.wins && group.length > 2 && <span className="badge">majority</span>}
            </h2>
            <AnswerView store={store} message={message} beside>
              <button
                type="button"
                title="The next question is asked after this answer"
                aria-pressed={message.id === shown}
                onClick={() => store.choose(message.id)}
              >
                {message.id === shown ? "Goes on from here" : "Go on from here"}
              </button>
            </AnswerView>
            {message.state !== "writing" && <Parting first={group[0]} message={message} />}
          </div>
        ))}
      </div>
    </div>
  );
}

/** How many answers say what. */
function Tally({ group }: { readonly group: readonly Message[] }) {
  const clusters = tally(group);
  if (clusters.length === 0) return <p className="quiet">{group.length} answers</p>;
  return (
    <div className="tally">
      <p className="quiet">
        {clusters.length === 1
          ? `All ${group.length} answers say the same`
          : group.length === 2
            ? "The two answers differ"
            : `${group.length} answers say ${clusters.length} things`}
        {clusters.length > 1 && group.length > 2 && !clusters.some(({ wins }) => wins) && "; none has the majority"}
      </p>
      <ol>
        {clusters.map(({ cluster, said, votes, wins }) => (
          <li key={cluster} data-cluster={Math.min(cluster, 4)}>
            <code>{said === "" ? "no answer" : said}</code>
            <meter min={0} max={group.length} value={votes} aria-label={`${votes} of ${group.length} answers`} />
            <span className="figure">
              {votes} of {group.length}
              {wins && group.length > 2 && " · majority"}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Parting({ first, message }: { readonly first: Message; readonly message: Message }) {
  if (first.id === message.id || first.thinking === "" || message.thinking === "") return null;
  const parts = parting(first.thinking, message.thinking);
  return (
    <p className="quiet parting">
      {parts === null ? (
        `Thinks the same as ${first.label}.`
      ) : (
        <>
          Thinks {parts.at === 0 ? "otherwise from the start" : `like ${first.label} for ${parts.at} characters`}, then{" "}
          <code>{parts.other || "ends"}</code> where {first.label} has <code>{parts.one || "its end"}</code>
        </>
      )}
    </p>
  );
}

/** One answer being written: sends the request, gathers what comes, and tells the store once a frame at most. */
import { ApiFailure } from "../api/client.ts";
import { streamChat, type Token, type Usage } from "../api/stream.ts";
import { requestFields, type Settings } from "./settings.ts";
import type { Counts, Message } from "./types.ts";

export interface Beginning {
  readonly thinking: string;
  readonly content: string;
}

/**
 * @param path the messages before the answer
 * @param begun text the answer goes on from, or null
 * @param tell called with what has changed of the message
 */
export async function writeAnswer(
  settings: Settings,
  path: readonly Message[],
  begun: Beginning | null,
  signal: AbortSignal,
  tell: (change: Partial<Message>) => void,
): Promise<void> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let thinking = begun?.thinking ?? "";
  let content = begun?.content ?? "";
  let [waited, thought] = [0, 0];
  let usage: Usage | null = null;
  const thinkingTokens: Token[] = [];
  const answerTokens: Token[] = [];
  let [thinkingPieces, answerPieces] = [0, 0];
  const counts = (): Counts => {
    const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
    return {
      promptTokens: usage?.prompt_tokens ?? 0,
      thinkingTokens: usage === null ? thinkingTokens.length || thinkingPieces : reasoning,
      answerTokens: usage === null ? answerTokens.length || answerPieces : usage.completion_tokens - reasoning,
      waited,
      thought: content === "" ? Math.max(0, seconds() - waited) : thought,
      took: seconds(),
    };
  };
  const all = (): Partial<Message> => ({
    thinking,
    content,
    counts: counts(),
    ...(settings.tokens && begun === null
      ? { thinkingTokens: [...thinkingTokens], answerTokens: [...answerTokens] }
      : {}),
  });
  const paced = pacer(() => tell({ thinking, content, counts: counts() }));
  try {
    const body = { ...requestFields(settings), messages: messagesFor(settings, path, begun) };
    for await (const event of streamChat(body, settings.key, signal)) {
      if (event.kind === "finish") {
        usage = event.usage;
        tell({ ...all(), state: event.reason === "length" ? "cut" : "done" });
        return;
      }
      waited ||= seconds();
      if (event.kind === "thinking") {
        thinking += event.text;
        thinkingPieces++;
        thinkingTokens.push(...event.tokens);
      } else {
        if (content === "") thought = seconds() - waited;
        content += event.text;
        answerPieces++;
        answerTokens.push(...event.tokens);
      }
      paced.ask();
    }
  } catch (error) {
    if (signal.aborted) tell({ ...all(), state: "stopped" });
    else tell({ ...all(), state: "failed", failure: error instanceof ApiFailure ? error.message : String(error) });
  } finally {
    paced.end();
  }
}

function messagesFor(settings: Settings, path: readonly Message[], begun: Beginning | null): object[] {
  return [
    ...(settings.system.trim() === "" ? [] : [{ role: "system", content: settings.system }]),
    ...path.map(({ role, content }) => ({ role, content })),
    ...(begun === null
      ? []
      : [{ role: "assistant", content: begun.content, reasoning_content: begun.thinking, prefix: true }]),
  ];
}

/** At most one call a frame; a hidden page, which gets no frames, is told four times a second. */
function pacer(call: () => void): { ask: () => void; end: () => void } {
  let due: ReturnType<typeof setTimeout> | null = null;
  return {
    ask: () => {
      due ??= setTimeout(
        () => {
          due = null;
          call();
        },
        document.hidden ? 250 : 33,
      );
    },
    end: () => {
      if (due !== null) clearTimeout(due);
    },
  };
}

/** How a model is asked a question and how what it writes is read: its own template and tokenizer, behind four methods. */
import type { ModelSession } from "../generate/session.ts";

/** The text side of an evaluation; the bundled world's Dialogue is one. */
export interface Asking {
  /** Ids of the question, up to where the model goes on. */
  prompt(question: string): readonly number[];
  /** Ids that end a response. */
  readonly stopIds: readonly number[];
  /** A response's text without the id that ended it. */
  text(ids: readonly number[]): string;
  /** How many of a response's tokens are thinking. */
  thinkingLength(ids: readonly number[]): number;
}

/** Asks an opened model by the chat template of its own folder. */
export function askingOf(session: ModelSession): Asking {
  const { tokenizer } = session;
  const stopIds = tokenizer.eosIds;
  const close = tokenizer.idOf(CLOSE);
  const text = (ids: readonly number[]): string =>
    tokenizer.decode(stopIds.includes(ids.at(-1) ?? -1) ? ids.slice(0, -1) : ids);
  return {
    stopIds,
    text,
    prompt: (question) => session.prompt({ messages: [{ role: "user", content: question }] }).ids,
    thinkingLength(ids) {
      if (close !== undefined) return ids.includes(close) ? ids.indexOf(close) : ids.length;
      const whole = text(ids);
      const at = whole.indexOf(CLOSE);
      return at < 0 ? ids.length : tokenizer.encode(whole.slice(0, at)).length;
    },
  };
}

const CLOSE = "</think>";

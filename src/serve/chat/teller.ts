/** One answer's events as the pieces a client is told: thinking, text and tool calls apart. */
import { randomBytes } from "node:crypto";
import type { Answer } from "../../generate/answer.ts";
import type { AnswerEvent } from "../../generate/answer-options.ts";
import { type ToolCallDelta, type ToolCallOutput, ToolCallParser } from "../../text/tool-calls.ts";
import type { ChatShape } from "./plan.ts";

export interface ToldPiece {
  readonly reasoning: string;
  readonly content: string;
  readonly calls: readonly ToolCallDelta[];
}

/** A call that could not be read, or not to its end: which one, where a part of it was told as a call, and why. */
export interface ToldProblem {
  readonly index: number | null;
  readonly reason: string;
}

export type FinishReason = "stop" | "length" | "tool_calls" | "insufficient_system_resource";

/** Follows one of a request's answers. */
export class AnswerTeller {
  readonly #reasoning: boolean;
  readonly #parser: ToolCallParser | null;
  readonly #problems: ToldProblem[] = [];

  constructor(shape: ChatShape) {
    this.#reasoning = shape.reasoning;
    this.#parser = shape.tools === null ? null : new ToolCallParser({ format: shape.tools, newId: newCallId });
  }

  take({ reasoning, content }: AnswerEvent): ToldPiece {
    const told = this.#reasoning ? reasoning : "";
    if (this.#parser === null || content === "") return { reasoning: told, content, calls: NO_CALLS };
    return { reasoning: told, ...this.#split(this.#parser.push(content)) };
  }

  /** What was held back. */
  end(): ToldPiece {
    return { reasoning: "", ...(this.#parser === null ? NOTHING : this.#split(this.#parser.end())) };
  }

  /** Further fields of the choice: why there is no answer, and which calls could not be read. */
  details(answer: Answer): object {
    const problems = this.#problems;
    return { ...incompleteDetails(answer), ...(problems.length === 0 ? {} : { tool_call_problems: problems }) };
  }

  /** A call that could not be read is told as the text it is; what of it was told as a call stands. */
  #split({ content, calls, problems }: ToolCallOutput): Omit<ToldPiece, "reasoning"> {
    for (const { index, reason } of problems) this.#problems.push({ index, reason });
    return { content: content + problems.map(({ index, raw }) => (index === null ? raw : "")).join(""), calls };
  }

  /** Why the answer ended, as OpenAI and DeepSeek name it. */
  finishReason({ finish_reason: finish }: Answer): FinishReason {
    if (finish === "abort") return "insufficient_system_resource";
    return finish === "stop" && this.#parser !== null && this.#parser.count > 0 ? "tool_calls" : finish;
  }
}

/** A further field of the choice where the token limit came before the answer: an empty text would not say why it is empty. */
export const incompleteDetails = ({ thinking_truncated: truncated }: Answer) =>
  truncated ? { incomplete_details: { reason: "max_tokens_in_reasoning" } } : {};

const NO_CALLS: readonly ToolCallDelta[] = [];
const NOTHING = { content: "", calls: NO_CALLS };

/** As DeepSeek's: the number of the call and 24 random letters and digits. */
function newCallId(index: number): string {
  const letters = randomBytes(18).toString("base64").replace(/[+/]/g, "0");
  return `call_${String(index).padStart(2, "0")}_${letters}`;
}

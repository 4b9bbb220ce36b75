/** Answers as Ollama tells them: lines of JSON, the last with what it took. */
import type { Answer } from "../../generate/answer.ts";
import type { EngineEvent, Handle } from "../../generate/engine/handle.ts";
import { tellWhole } from "../chat/begin.ts";
import { chatLogprobs } from "../chat/logprobs.ts";
import type { ChatShape } from "../chat/plan.ts";
import { AnswerTeller, incompleteDetails } from "../chat/teller.ts";

interface Told {
  readonly content: string;
  readonly thinking?: string;
  readonly tool_calls?: readonly object[];
}

/** Follows a request with one answer. */
export class OllamaTeller {
  readonly #model: string;
  readonly #shape: ChatShape;
  readonly #handle: Handle;
  readonly #chat: boolean;
  readonly #started: number;
  readonly #teller: AnswerTeller;
  /** Ollama gives a call whole, so that one is held back until its end. */
  readonly #calls: { readonly name: string; json: string }[] = [];

  /** @param chat messages, or else the fields of /api/generate @param started as performance.now() has it */
  constructor(model: string, shape: ChatShape, handle: Handle, chat: boolean, started: number) {
    this.#model = model;
    this.#shape = shape;
    this.#handle = handle;
    this.#chat = chat;
    this.#started = started;
    this.#teller = new AnswerTeller(shape);
  }

  /** The lines that tell an event. */
  of(event: EngineEvent): object[] {
    const { answer } = event;
    const { reasoning, content, calls } = answer === null ? this.#teller.take(event) : this.#teller.end();
    for (const { index, name, argumentsDelta } of calls) {
      if (name === undefined) this.#calls[index].json += argumentsDelta;
      else this.#calls[index] = { name, json: argumentsDelta };
    }
    const lines: object[] = [];
    // One of the two a line, as Ollama has it.
    const more = { ...this.#logprobs(event.tokens), done: false };
    if (reasoning !== "") lines.push({ ...this.#head(), ...this.#told({ content: "", thinking: reasoning }), ...more });
    if (content !== "") {
      lines.push({ ...this.#head(), ...this.#told({ content }), ...(lines.length === 0 ? more : { done: false }) });
    }
    if (answer !== null) {
      const told = this.#calls.filter((call) => call !== undefined).map(({ name, json }, i) => calledOf(name, json, i));
      if (told.length > 0) {
        lines.push({ ...this.#head(), ...this.#told({ content: "", tool_calls: told }), done: false });
      }
      lines.push({ ...this.#head(), ...this.#told({ content: "" }), ...this.#end(answer) });
    }
    return lines;
  }

  /** A line without text, which shows that the connection lives; readers of such lines know no comments. */
  ping(): object {
    return { ...this.#head(), ...this.#told({ content: "" }), done: false };
  }

  /** The answer in one body. */
  whole(answer: Answer): object {
    const { reasoning, content, calls } = tellWhole(answer, this.#shape);
    return {
      ...this.#head(),
      ...this.#told({
        content,
        ...(reasoning === "" ? {} : { thinking: reasoning }),
        ...(calls.length === 0
          ? {}
          : { tool_calls: calls.map(({ name, arguments: json }, i) => calledOf(name, json, i)) }),
      }),
      ...this.#logprobs(answer.logprobs ?? []),
      ...this.#end(answer),
    };
  }

  #head(): object {
    return { model: this.#model, created_at: new Date().toISOString() };
  }

  #told({ content, ...more }: Told): object {
    return this.#chat ? { message: { role: "assistant", content, ...more } } : { response: content, ...more };
  }

  #logprobs(tokens: NonNullable<Answer["logprobs"]>): object {
    if (!this.#shape.logprobs || tokens.length === 0) return {};
    return { logprobs: tokens.map((token) => chatLogprobs([{ ...token, thinking: false }], false).content![0]) };
  }

  /** Times are in nanoseconds. */
  #end(answer: Answer): object {
    const { load_ms: load, prefill_ms: prefill, decode_ms: decode } = answer.timing;
    const ns = (ms: number): number => Math.round(Math.max(0, ms) * 1e6);
    return {
      done: true,
      done_reason: answer.finish_reason === "length" ? "length" : "stop",
      total_duration: ns(performance.now() - this.#started),
      load_duration: ns(load),
      prompt_eval_count: this.#handle.promptTokens,
      prompt_eval_duration: ns(prefill),
      eval_count: answer.usage.completion_tokens,
      eval_duration: ns(decode),
      ...incompleteDetails(answer),
    };
  }
}

/** Arguments are an object here, not JSON; what was cut off in the middle cannot be one. */
function calledOf(name: string, json: string, index: number): object {
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    given = {};
  }
  return { function: { index, name, arguments: given } };
}

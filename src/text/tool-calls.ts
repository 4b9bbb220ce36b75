// Tool calls out of what a model writes, while it writes: DeepSeek's (`<｜tool▁call▁begin｜>...`, in both of its forms) and the
// Hermes form of Qwen (`<tool_call>{json}</tool_call>`). Arguments are passed on as they come, but only text that still is valid
// JSON; a call that turns out malformed is reported with its text, never thrown and never dropped.

import type { Tokenizer } from "./tokenizer.ts";
import { callReader, type ToolCallReader } from "./tool-call-readers.ts";

/** `deepseek`: V3, R1 (name, then fenced JSON) and V3.1 (name, separator, JSON). `hermes`: Hermes, Qwen2.5, QwQ, Qwen3. */
export type ToolFormat = "deepseek" | "hermes";

/** A piece of a call. The first of a call has its name, each adds to its arguments. */
export interface ToolCallDelta {
  /** Counts the calls of one answer from 0. */
  readonly index: number;
  readonly id?: string;
  readonly name?: string;
  readonly argumentsDelta: string;
}

/** A call that could not be read, or not to its end. */
export interface ToolCallProblem {
  /** The call it belongs to where a part of it was already given out, else null: its number then goes to the next call. */
  readonly index: number | null;
  readonly reason: string;
  /** All its text as the model wrote it, marks included. */
  readonly raw: string;
}

export interface ToolCallOutput {
  /** Text that belongs to no call. White space beside calls is left out: templates write it themselves. */
  readonly content: string;
  readonly calls: readonly ToolCallDelta[];
  readonly problems: readonly ToolCallProblem[];
}

export interface ToolCallOptions {
  readonly format: ToolFormat;
  /** The id of the call with this index, asked for once; left out: calls have no id. */
  readonly newId?: (index: number) => string;
}

/** The format a chat template teaches its model (without a template: whose marks the vocabulary has); null: none that is known here. */
export function toolFormatOf(template: string | null, tokenizer?: Pick<Tokenizer, "idOf">): ToolFormat | null {
  const has = (mark: string): boolean => template?.includes(mark) ?? tokenizer?.idOf(mark) !== undefined;
  if (has(MARKS.deepseek.call)) return "deepseek";
  // Qwen3-Coder and GLM write XML inside <tool_call>
  return has(MARKS.hermes.call) && !/<function=|<arg_key>/.test(template ?? "") ? "hermes" : null;
}

/**
 * The marks of a format. Some vocabularies count them as control tokens, which are otherwise left out of an answer's text: whoever
 * decodes for a ToolCallParser must let these through.
 */
export const toolMarks = (format: ToolFormat): readonly string[] => Object.values(MARKS[format]).flat();

const MARKS = {
  deepseek: {
    // distilled models misspell the first mark in these ways (llama.cpp common/chat.cpp accepts the same)
    opening: ["<｜tool▁calls▁begin｜>", "<｜tool_calls_begin｜>", "<｜tool calls begin｜>", "<｜tool▁calls｜>"],
    call: "<｜tool▁call▁begin｜>",
    separator: "<｜tool▁sep｜>",
    closing: "<｜tool▁call▁end｜>",
    end: "<｜tool▁calls▁end｜>",
  },
  hermes: { call: "<tool_call>", closing: "</tool_call>" },
} as const;

/** Feed the answer (thinking taken out) with `push`, close with `end`. However the text is cut, the outputs joined are the same. */
export class ToolCallParser {
  readonly #format: ToolFormat;
  readonly #newId: ((index: number) => string) | undefined;
  /** Marks that may stand outside a call. */
  readonly #outside: readonly string[];
  #held = "";
  /** White space that is content only if content follows. */
  #space = "";
  #count = 0;
  #seen = false;
  #call: OpenCall | null = null;
  #content = "";
  #calls: ToolCallDelta[] = [];
  #problems: ToolCallProblem[] = [];

  constructor(options: ToolCallOptions) {
    this.#format = options.format;
    this.#newId = options.newId;
    const marks = MARKS[options.format];
    this.#outside = "end" in marks ? [...marks.opening, marks.end, marks.call] : [marks.call];
  }

  /** Calls given out so far, malformed ones that were begun included. */
  get count(): number {
    return this.#count;
  }

  push(text: string): ToolCallOutput {
    this.#held += text;
    return this.#advance(false);
  }

  /** What was held back; a call that is not complete is reported. */
  end(): ToolCallOutput {
    return this.#advance(true);
  }

  #advance(last: boolean): ToolCallOutput {
    this.#content = "";
    this.#calls = [];
    this.#problems = [];
    while (this.#call === null ? this.#outsideCall(last) : this.#insideCall(this.#call, last));
    if (last && !this.#seen) this.#content += this.#space;
    if (last) this.#space = "";
    return { content: this.#content, calls: this.#calls, problems: this.#problems };
  }

  /** Passes content on up to the next mark; false: more text is needed. */
  #outsideCall(last: boolean): boolean {
    const { at, mark } = firstMark(this.#held, this.#outside);
    const safe = mark !== null ? at : this.#held.length - (last ? 0 : openTail(this.#held, this.#outside));
    this.#addContent(this.#held.slice(0, safe));
    this.#held = this.#held.slice(safe);
    if (mark === null) return false;
    this.#held = this.#held.slice(mark.length);
    this.#space = "";
    this.#seen = true;
    if (mark === MARKS[this.#format].call) this.#call = { reader: callReader(this.#format), raw: mark, index: null };
    return true;
  }

  #addContent(text: string): void {
    const end = text.trimEnd().length;
    if (end > 0) {
      this.#content += this.#space + text.slice(0, end);
      this.#space = "";
    }
    this.#space += text.slice(end);
  }

  /** Reads on in a call; false: more text is needed. */
  #insideCall(call: OpenCall, last: boolean): boolean {
    const { reader } = call;
    if (reader.problem === null && !reader.done) {
      const taken = reader.read(this.#held, last);
      call.raw += this.#held.slice(0, taken);
      this.#held = this.#held.slice(taken);
      this.#giveOut(call);
      if (reader.problem === null && !reader.done && !last) return false;
    }
    return reader.problem === null ? this.#closeCall(call, last) : this.#skipCall(call, reader.problem, last);
  }

  #giveOut(call: OpenCall): void {
    const { name, text } = call.reader.take();
    if (name !== null) {
      call.index = this.#count++;
      const id = this.#newId?.(call.index);
      this.#calls.push({ index: call.index, ...(id === undefined ? {} : { id }), name, argumentsDelta: text });
    } else if (text !== "") this.#calls.push({ index: call.index!, argumentsDelta: text });
  }

  /** After a call's JSON: its closing mark, which models sometimes leave out. */
  #closeCall(call: OpenCall, last: boolean): boolean {
    const closing = MARKS[this.#format].closing;
    const { at, mark } = firstMark(this.#held, [closing, ...this.#outside]);
    if (mark === null && !last) return false;
    const between = mark === null ? this.#held : this.#held.slice(0, at);
    if (!call.reader.done) {
      const raw = call.raw + between;
      this.#problems.push({ index: call.index, reason: "the call is cut off", raw });
    } else if (!/^\s*(```)?\s*$/.test(between)) {
      this.#problems.push({ index: null, reason: "there is text after the call's JSON", raw: between });
    }
    this.#held = mark === null ? "" : this.#held.slice(at + (mark === closing ? mark.length : 0));
    this.#call = null;
    return mark !== null;
  }

  /** A malformed call goes on to its closing mark, or to the next mark of any kind. */
  #skipCall(call: OpenCall, reason: string, last: boolean): boolean {
    const closing = MARKS[this.#format].closing;
    const { at, mark } = firstMark(this.#held, [closing, ...this.#outside]);
    if (mark === null && !last) return false;
    const end = mark === null ? this.#held.length : at + (mark === closing ? mark.length : 0);
    this.#problems.push({ index: call.index, reason, raw: call.raw + this.#held.slice(0, end) });
    this.#held = this.#held.slice(end);
    this.#call = null;
    return mark !== null;
  }
}

interface OpenCall {
  readonly reader: ToolCallReader;
  /** What was read of it. */
  raw: string;
  /** Its number once it was given out. */
  index: number | null;
}

/** A call read whole. */
export interface ToolCall {
  readonly id?: string;
  readonly name: string;
  /** JSON text as the model wrote it. */
  readonly arguments: string;
}

/** All calls of a whole answer; a call that was begun and went wrong is in `problems` only. */
export function parseToolCalls(
  text: string,
  options: ToolCallOptions,
): { readonly content: string; readonly calls: readonly ToolCall[]; readonly problems: readonly ToolCallProblem[] } {
  const parser = new ToolCallParser(options);
  const outputs = [parser.push(text), parser.end()];
  const problems = outputs.flatMap((one) => one.problems);
  const calls = new Map<number, { id?: string; name: string; arguments: string }>();
  for (const { index, id, name = "", argumentsDelta } of outputs.flatMap((one) => one.calls)) {
    const call = calls.get(index);
    if (call === undefined) calls.set(index, { ...(id === undefined ? {} : { id }), name, arguments: argumentsDelta });
    else call.arguments += argumentsDelta;
  }
  for (const { index } of problems) if (index !== null) calls.delete(index);
  return { content: outputs.map((one) => one.content).join(""), calls: [...calls.values()], problems };
}

/** The mark that stands first in a text, the longest of those at the same place. */
function firstMark(text: string, marks: readonly string[]): { readonly at: number; readonly mark: string | null } {
  let at = text.length;
  let found: string | null = null;
  for (const mark of marks) {
    const place = text.indexOf(mark);
    if (place < 0 || place > at || (place === at && mark.length < (found?.length ?? 0))) continue;
    at = place;
    found = mark;
  }
  return { at, mark: found };
}

/** Length of the longest end of `text` that is a beginning of a mark. */
function openTail(text: string, marks: readonly string[]): number {
  let longest = 0;
  for (const mark of marks) {
    for (let n = Math.min(text.length, mark.length - 1); n > longest; n--) {
      if (mark.startsWith(text.slice(-n))) longest = n;
    }
  }
  return longest;
}

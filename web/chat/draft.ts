/** One answer as it grows: its texts, tokens and times. Told whole, or as the piece that came since the last one was taken. */
import type { ChatEvent, Token } from "../api/stream.ts";
import { pack, unpack } from "./packed.ts";
import type { Counts, Message } from "./types.ts";

/** What came of one answer between two savings. */
export interface DraftPiece {
  readonly thinking: string;
  readonly content: string;
  readonly thinkingTokens: readonly Token[];
  readonly answerTokens: readonly Token[];
  readonly counts: Counts;
}

export class Draft {
  thinking: string;
  content: string;
  readonly #thinkingTokens: Token[];
  readonly #answerTokens: Token[];
  readonly #keepsTokens: boolean;
  /** It goes on from a text: what the server counts is not the whole of it. */
  readonly continues: boolean;
  readonly #begunWith: number;
  #counts: Counts;
  #started: number;
  /** How much of each has been taken as pieces. */
  #taken: readonly [number, number, number, number];

  /** @param begun what the answer goes on from; empty for a new one */
  constructor(begun: Partial<Message>, keepsTokens: boolean) {
    this.thinking = begun.thinking ?? "";
    this.content = begun.content ?? "";
    this.#thinkingTokens = unpack(begun.thinkingTokens);
    this.#answerTokens = unpack(begun.answerTokens);
    this.#keepsTokens = keepsTokens;
    this.continues = this.thinking + this.content !== "";
    this.#counts = begun.counts ?? {
      promptTokens: 0,
      thinkingTokens: 0,
      answerTokens: 0,
      waited: 0,
      thought: 0,
      took: 0,
    };
    this.#begunWith = this.#counts.thinkingTokens + this.#counts.answerTokens;
    this.#started = performance.now() - this.#counts.took * 1000;
    this.#taken = this.#lengths();
  }

  add(event: Extract<ChatEvent, { readonly kind: "thinking" | "content" }>): void {
    const took = this.#seconds();
    const counts = { ...this.#counts, took };
    counts.waited ||= took;
    const grown = event.late ? 0 : Math.max(1, event.tokens.length);
    if (event.kind === "thinking") {
      this.thinking += event.text;
      counts.thinkingTokens += grown;
    } else {
      this.content += event.text;
      counts.answerTokens += grown;
    }
    if (this.content === "") counts.thought = took - counts.waited;
    this.#counts = counts;
    if (!this.#keepsTokens) return;
    const tokens = event.kind === "thinking" ? this.#thinkingTokens : this.#answerTokens;
    for (const token of event.tokens) tokens.push(token);
  }

  /** A piece that was taken from an earlier page's draft. */
  append(piece: DraftPiece): void {
    this.thinking += piece.thinking;
    this.content += piece.content;
    this.#thinkingTokens.push(...piece.thinkingTokens);
    this.#answerTokens.push(...piece.answerTokens);
    this.#counts = piece.counts;
    this.#started = performance.now() - piece.counts.took * 1000;
    this.#taken = this.#lengths();
  }

  /**
   * The server's own count. What an answer goes on from was read with the prompt, but is no part of it.
   * @param written of thinking and of answer; null where the count is of several answers together
   */
  count(promptTokens: number, written: readonly [number, number] | null): void {
    this.#counts = { ...this.#counts, promptTokens: Math.max(0, promptTokens - this.#begunWith) };
    if (written === null || this.continues) return;
    const [thinkingTokens, answerTokens] = written;
    this.#counts = { ...this.#counts, thinkingTokens, answerTokens };
  }

  /** For showing while it grows: no tokens, which are many. */
  live(): Partial<Message> {
    return { thinking: this.thinking, content: this.content, counts: this.#counts };
  }

  whole(): Partial<Message> {
    const counts = { ...this.#counts, took: this.#seconds() };
    if (this.content === "") counts.thought = Math.max(0, counts.took - counts.waited);
    return {
      ...this.live(),
      counts,
      ...(this.#thinkingTokens.length + this.#answerTokens.length === 0
        ? {}
        : { thinkingTokens: pack(this.#thinkingTokens), answerTokens: pack(this.#answerTokens) }),
    };
  }

  /** What came since the last one. */
  take(): DraftPiece {
    const [thinking, content, thoughtTokens, saidTokens] = this.#taken;
    this.#taken = this.#lengths();
    return {
      thinking: this.thinking.slice(thinking),
      content: this.content.slice(content),
      thinkingTokens: this.#thinkingTokens.slice(thoughtTokens),
      answerTokens: this.#answerTokens.slice(saidTokens),
      counts: this.#counts,
    };
  }

  #lengths(): readonly [number, number, number, number] {
    return [this.thinking.length, this.content.length, this.#thinkingTokens.length, this.#answerTokens.length];
  }

  #seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }
}

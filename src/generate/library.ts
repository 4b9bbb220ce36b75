/**
 * Reckon as a library: `import { load } from "reckon"`. A model is loaded once and then asked; an answer comes whole, or piece by piece
 * while it is written. docs/library.md is the guide.
 */
import type { ChatMessage } from "../text/template.ts";
import type { Answer } from "./answer.ts";
import type { CompleteOptions } from "./answer-options.ts";
import type { OpenOptions } from "./load-model.ts";
import { ModelSession, type Question } from "./session.ts";

export { UserError } from "../error.ts";
export type { ChatMessage } from "../text/template.ts";
export type { Answer, Timing, Usage } from "./answer.ts";
export type { CompleteOptions, TokenChoice, TokenInfo } from "./answer-options.ts";
export type { Constraint } from "./constraint/constraint.ts";
export type { Sampling } from "./sampling.ts";

/** How a model is loaded. */
export type LoadOptions = Omit<OpenOptions, "model" | "device">;

/** How a question is answered. */
export interface AskOptions extends Omit<CompleteOptions, "n"> {
  /** What stands before the conversation. */
  readonly system?: string;
  /** The question is a text to go on with as it is, without the chat template. */
  readonly raw?: boolean;
}

/** A piece of an answer while it is written. */
export interface Piece {
  readonly type: "thinking" | "answer";
  readonly text: string;
}

/**
 * Loads a model.
 * @param model a folder in Hugging Face's layout, a run's folder, a .gguf file, or the name of a model that `reckon pull` fetched; left
 * out: the bundled reckon-nano
 * @throws UserError naming what is missing or wrong, or that it does not fit into memory
 */
export async function load(model?: string, options: LoadOptions = {}): Promise<Model> {
  return new Model(await ModelSession.open({ ...options, ...(model === undefined ? {} : { model }) }));
}

/** A loaded model. Questions asked at once are answered one after the other. Close it, or declare it with `await using`. */
export class Model implements AsyncDisposable {
  readonly #session: ModelSession;
  /** The answer under way, after which the next may begin. */
  #last: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | null = null;

  /** @internal `load` makes them. */
  constructor(session: ModelSession) {
    this.#session = session;
  }

  /** The name a person knows it by. */
  get name(): string {
    return this.#session.name;
  }

  /** Tokens a conversation can have, its answer included. */
  get context(): number {
    return this.#session.context;
  }

  /**
   * Answers a question, or the last message of a conversation.
   * @throws UserError for options outside their range, and where the conversation does not fit; the signal's reason is not thrown: what
   * there is comes back, with finish_reason "abort"
   */
  ask(question: string | readonly ChatMessage[], options: AskOptions = {}): Promise<Answer> {
    return this.#queue(() => this.#session.complete(asQuestion(question, options), options));
  }

  /**
   * The same, told while it is written. The pieces are to be read once; leaving their loop early stops the answer.
   * @returns the pieces, and on `result` the whole answer, which comes without reading them too
   */
  stream(question: string | readonly ChatMessage[], options: AskOptions = {}): AnswerStream {
    return new AnswerStream(
      (onPiece, signal) =>
        this.#queue(() =>
          this.#session.complete(asQuestion(question, options), { ...options, signal }, ({ reasoning, content }) => {
            if (reasoning !== "") onPiece({ type: "thinking", text: reasoning });
            if (content !== "") onPiece({ type: "answer", text: content });
          }),
        ),
      options.signal,
    );
  }

  /** The ids of a text's tokens, without a beginning-of-text token. */
  encode(text: string): number[] {
    return [...this.#session.tokenizer.encode(text)];
  }

  /** The text of ids. */
  decode(ids: readonly number[]): string {
    return this.#session.tokenizer.decode(ids);
  }

  /** Ends its threads and gives its memory back, once the answer under way is done. */
  close(): Promise<void> {
    this.#closed ??= this.#last.then(() => this.#session.close());
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== null) return Promise.reject(new Error(`The model ${this.name} is closed.`));
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** An answer while it is written: its pieces, to be iterated once, and the whole. */
export class AnswerStream implements AsyncIterable<Piece> {
  /** The whole answer. */
  readonly result: Promise<Answer>;
  readonly #pieces: Piece[] = [];
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;
  #ended = false;

  /** @internal */
  constructor(
    begin: (onPiece: (piece: Piece) => void, signal: AbortSignal) => Promise<Answer>,
    signal: AbortSignal | undefined,
  ) {
    const both = signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, signal]);
    const onPiece = (piece: Piece): void => {
      this.#pieces.push(piece);
      this.#wake();
    };
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    this.result = begin(onPiece, both);
    // who only reads the pieces gets a failure from them
    this.result.then(end, end);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) yield piece;
        else if (this.#ended) break;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
      await this.result;
    } finally {
      this.#stop.abort();
    }
  }
}

function asQuestion(question: string | readonly ChatMessage[], { system, raw }: AskOptions): Question {
  if (raw) return { raw: typeof question === "string" ? question : question.map(({ content }) => content).join("\n") };
  const messages: readonly ChatMessage[] =
    typeof question === "string" ? [{ role: "user", content: question }] : question;
  return { messages: system === undefined ? messages : [{ role: "system", content: system }, ...messages] };
}

/** A request on its way through the engine: its answers, each a sequence, and the buffer its reader takes them from. */
import type { Answer, AnswerWriter } from "../answer.ts";
import type { TokenInfo } from "../answer-options.ts";
import type { Request, Sequence } from "../sequence.ts";
import { EventBuffer } from "./event-buffer.ts";
import type { EngineEvent, Handle, Outcome, RequestRecord } from "./handle.ts";

/** What a job asks of its engine. */
export interface JobOwner {
  /** The job wants to end. */
  cancel(job: Job, outcome: Outcome): void;
  /** A reader that was behind has caught up. */
  resume(job: Job): void;
}

/** One of a job's answers. */
export interface Run {
  readonly job: Job;
  readonly index: number;
  readonly request: Request;
  readonly writer: AnswerWriter;
  /** Null while it waits for a slot. */
  sequence: Sequence | null;
  paused: boolean;
  readonly owner: string;
  readonly priority: number;
}

export class Job implements Handle {
  readonly id: string;
  readonly owner: string;
  readonly promptTokens: number;
  readonly result: Promise<readonly Answer[]>;
  readonly events: EventBuffer<EngineEvent>;
  readonly runs: Run[] = [];
  readonly promptLogprobs: TokenInfo[] = [];
  /** Moments, as performance.now() gives them; NaN: not yet. */
  readonly submittedAt = performance.now();
  readonly expiresAt: number;
  startedAt = Number.NaN;
  firstTokenAt = Number.NaN;
  pausedAt = Number.NaN;
  priority: number;
  outcome: Outcome | null = null;
  /** The reader is behind. */
  full = false;
  readonly #answers: (Answer | undefined)[] = [];
  readonly #engine: JobOwner;
  readonly #settle: PromiseWithResolvers<readonly Answer[]>;

  constructor(
    engine: JobOwner,
    options: { id: string; owner: string; priority: number; promptTokens: number; deadlineMs: number; buffer: number },
  ) {
    this.#engine = engine;
    this.id = options.id;
    this.owner = options.owner;
    this.priority = options.priority;
    this.promptTokens = options.promptTokens;
    this.expiresAt = this.submittedAt + options.deadlineMs;
    this.#settle = Promise.withResolvers();
    this.result = this.#settle.promise;
    this.result.catch(() => {}); // whoever reads only the events need not handle it
    this.events = new EventBuffer(options.buffer, {
      drained: () => {
        this.full = false;
        this.#engine.resume(this);
      },
      left: () => this.cancel(),
    });
  }

  get state(): "queued" | "running" | "done" {
    if (this.outcome !== null) return "done";
    return Number.isNaN(this.startedAt) ? "queued" : "running";
  }

  get cachedTokens(): number {
    return this.runs[0]?.sequence?.cached ?? 0;
  }

  cancel(): void {
    this.#engine.cancel(this, "cancelled");
  }

  endThinkingNow(): boolean {
    let any = false;
    for (const { writer } of this.runs) any = writer.endThinkingNow() || any;
    return any;
  }

  tell(event: EngineEvent): void {
    if (!this.events.push(event)) this.full = true;
  }

  /** One of the answers is complete; the job is over with the last of them. @returns whether it is over */
  complete(index: number, answer: Answer): boolean {
    this.#answers[index] = answer;
    this.tell({ reasoning: "", content: "", tokens: [], index, answer });
    if (this.outcome !== null || this.#known.length < this.runs.length) return false;
    this.outcome = "done";
    this.events.end();
    this.#settle.resolve(this.#known);
    return true;
  }

  /** Ends with what there is: the answers completed before and these. */
  stop(outcome: Outcome, cut: readonly { readonly index: number; readonly answer: Answer }[]): void {
    this.outcome = outcome;
    for (const { index, answer } of cut) this.complete(index, answer);
    this.events.end();
    this.#settle.resolve(this.#known);
  }

  fail(outcome: Outcome, error: unknown): void {
    this.outcome = outcome;
    this.events.end(error);
    this.#settle.reject(error);
  }

  get record(): RequestRecord {
    const now = performance.now();
    const answers = this.#known;
    const newTokens = this.runs.reduce((sum, { sequence }) => sum + (sequence?.ids.length ?? 0), 0);
    return {
      id: this.id,
      owner: this.owner,
      outcome: this.outcome ?? "failed",
      answers,
      promptTokens: this.promptTokens,
      cachedTokens: this.cachedTokens,
      newTokens,
      reasoningTokens: answers.reduce((sum, { usage }) => sum + usage.reasoning_tokens, 0),
      queueMs: difference(this.startedAt, this.submittedAt),
      prefillMs: difference(this.firstTokenAt, this.startedAt),
      decodeMs: difference(now, this.firstTokenAt),
      totalMs: now - this.submittedAt,
    };
  }

  get #known(): Answer[] {
    return this.#answers.filter((answer) => answer !== undefined);
  }
}

const difference = (later: number, earlier: number): number | null => {
  const ms = later - earlier;
  return Number.isNaN(ms) ? null : ms;
};

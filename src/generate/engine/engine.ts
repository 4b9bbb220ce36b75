/**
 * One model, many requests: an endless loop of scheduler steps that requests join and leave between two tokens. What a request
 * says never depends on the others; how soon it says it, fairly does.
 *
 * Everything that changes the set of sequences happens between two steps; what callers ask meanwhile waits for the loop.
 */
import { randomUUID } from "node:crypto";
import { UserError } from "../../error.ts";
import type { Answer } from "../answer.ts";
import { breathe } from "../batch.ts";
import type { Prompt } from "../prompt.ts";
import { Scheduler, type SchedulerState } from "../scheduler.ts";
import type { Sequence } from "../sequence.ts";
import type { ModelSession, Question } from "../session.ts";
import { Bell } from "./bell.ts";
import {
  type EngineObserver,
  type Handle,
  type Outcome,
  QueueFull,
  type SubmitOptions,
  whatWasLost,
} from "./handle.ts";
import { Job, type JobOwner, type Run } from "./job.ts";
import type { EngineOptions, EngineState } from "./options.ts";
import { planRuns } from "./plan.ts";
import { FairQueue } from "./queue.ts";
import { StepBudget } from "./step-budget.ts";

export class Engine implements JobOwner {
  readonly slots: number;
  readonly context: number;
  readonly #options: EngineOptions;
  readonly #queueLimit: number;
  readonly #observer: EngineObserver;
  readonly #queue = new FairQueue<Run>();
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Map<Sequence, Run>();
  readonly #atWork = new Map<string, number>();
  readonly #ending: { readonly job: Job; readonly outcome: Outcome }[] = [];
  readonly #resuming: Job[] = [];
  readonly #budget = new StepBudget();
  #session: ModelSession;
  #scheduler: Scheduler;
  #state: EngineState = "ready";
  /** Why the session's device computes no more; null: it does. */
  #lost: Error | null = null;
  /** Session and scheduler have been closed. */
  #discarded = false;
  #newTokens = 0;
  readonly #bell = new Bell();
  #idle: PromiseWithResolvers<void> | null = null;
  readonly #loop: Promise<void>;

  /** The session belongs to the engine from now on: nobody else may compute on it. */
  constructor(session: ModelSession, options: EngineOptions = {}) {
    this.#session = session;
    this.#options = options;
    this.slots = options.slots ?? 8;
    this.context = Math.min(options.context ?? 4096, session.context);
    this.#queueLimit = options.queue ?? 64;
    this.#observer = options.observer ?? {};
    this.#scheduler = this.#newScheduler();
    this.#watchDevice();
    this.#loop = this.#run();
  }

  /** The model as it is now; after the engine broke it may be another object. */
  get session(): ModelSession {
    return this.#session;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Whether any request is not over yet. */
  get busy(): boolean {
    return this.#jobs.size > 0;
  }

  get load(): SchedulerState & { readonly waiting: number } {
    return { ...this.#scheduler.state, waiting: this.#queue.length };
  }

  /** A request that is not over yet. */
  find(id: string): Handle | undefined {
    return this.#jobs.get(id);
  }

  /**
   * Takes a request. What it says for a seed is the same alone and beside others.
   * @throws QueueFull; UserError where the request cannot be or the engine takes none
   */
  async submit(question: Question | Prompt, options: SubmitOptions = {}): Promise<Handle> {
    const { n = 1, signal } = options;
    this.#checkOpen();
    this.#checkRoom(n);
    const prompt = "ids" in question ? question : this.#session.prompt(question);
    const job = new Job(this, {
      id: options.id ?? randomUUID(),
      owner: options.owner ?? "",
      priority: options.priority ?? 0,
      promptTokens: prompt.ids.length,
      deadlineMs: options.deadlineMs ?? Number.POSITIVE_INFINITY,
      buffer: this.#options.buffer ?? 256,
    });
    await planRuns(job, this.#session, prompt, options, this.context);
    // Others may have come while the constraint was compiled.
    this.#checkOpen();
    this.#checkRoom(n);
    if (this.#jobs.has(job.id)) {
      throw new UserError(`A request with the id ${job.id} is under way already.`, { param: "id", type: "conflict" });
    }
    this.#jobs.set(job.id, job);
    for (const run of job.runs) {
      run.writer.start();
      this.#queue.push(run);
    }
    if (signal?.aborted) job.cancel();
    else signal?.addEventListener("abort", () => job.cancel(), { once: true });
    this.#bell.ring();
    return job;
  }

  cancel(job: Job, outcome: Outcome): void {
    if (job.outcome !== null) return;
    this.#ending.push({ job, outcome });
    this.#bell.ring();
  }

  resume(job: Job): void {
    this.#resuming.push(job);
    this.#bell.ring();
  }

  /** Takes no more requests and resolves when those there are have ended. */
  async drain(): Promise<void> {
    if (this.#state === "ready" || this.#state === "restarting") this.#state = "draining";
    if (this.#jobs.size === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  /** Cancels what is under way and gives the memory back, the session's too. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const job of this.#jobs.values()) this.#ending.push({ job, outcome: "cancelled" });
    this.#bell.ring();
    await this.#loop;
    if (!this.#discarded) await this.#discard();
  }

  /** A device that is lost while nothing runs is replaced at once, so that it costs no request. */
  #watchDevice(): void {
    const session = this.#session;
    void session.decoder.device.lost?.then((error) => {
      if (this.#session !== session) return;
      this.#lost = error;
      this.#bell.ring();
    });
  }

  #newScheduler(): Scheduler {
    const { slots, context } = this;
    const { saveBytes = 256 * 2 ** 20, speculate } = this.#options;
    const { decoder } = this.#session;
    return new Scheduler(decoder, { slots, capacity: context, chunk: StepBudget.most, saveBytes, speculate });
  }

  #checkOpen(): void {
    if (this.#state === "ready" || this.#state === "restarting") return;
    if (this.#state === "failed") {
      throw new UserError("The engine broke and could not start anew; the server's log says why.", {
        type: "engine_failed",
      });
    }
    throw new UserError("The server is shutting down and takes no more requests.", { type: "draining" });
  }

  #checkRoom(n: number): void {
    if (!Number.isInteger(n) || n < 1 || n > this.slots + this.#queueLimit) {
      throw new UserError(`n must be a whole number from 1 to ${this.slots + this.#queueLimit}, not ${n}.`, {
        param: "n",
        type: "invalid_request",
      });
    }
    if (this.#queue.length + n > this.#scheduler.freeSlots + this.#queueLimit) throw new QueueFull(this.#queueLimit);
  }

  async #run(): Promise<void> {
    for (;;) {
      this.#applyWishes();
      if (this.#state === "closed") return;
      if (this.#lost !== null && this.#state !== "failed") {
        await this.#recover(this.#lost);
        continue;
      }
      this.#expire();
      this.#fillSlots();
      if (this.#scheduler.idle) {
        await this.#sleep();
        // Whoever has just submitted something comes to take its events before the first of them is there.
        await breathe();
        continue;
      }
      const started = performance.now();
      this.#newTokens = 0;
      try {
        const pending = this.#scheduler.step(this.#onToken, this.#budget.promptTokens(this.#scheduler.state.live));
        if (pending !== undefined) await pending;
      } catch (error) {
        await this.#recover(error);
        continue;
      }
      const ms = performance.now() - started;
      const { rows, guessed } = this.#scheduler;
      this.#budget.note(ms, rows);
      this.#observer.step?.({ ms, rows, newTokens: this.#newTokens, ...guessed });
      await breathe();
    }
  }

  readonly #onToken = (sequence: Sequence): void => {
    const run = this.#running.get(sequence);
    if (run === undefined) return;
    const { job, writer } = run;
    if (sequence.error !== null) {
      this.#fail(job, "failed", sequence.error);
      return;
    }
    this.#newTokens++;
    if (Number.isNaN(job.firstTokenAt)) job.firstTokenAt = performance.now();
    try {
      const finish = writer.onToken(sequence);
      if (finish !== null) this.#scheduler.cancel(sequence, finish);
      if (sequence.finish !== null) this.#complete(run, sequence);
    } catch (error) {
      this.#fail(job, "failed", error);
      return;
    }
    if (job.full && job.outcome === null) this.#pause(run, sequence);
  };

  #complete(run: Run, sequence: Sequence): void {
    this.#running.delete(sequence);
    this.#count(run.owner, -1);
    const answer: Answer = run.writer.finish(sequence, this.#session.loadMs);
    if (run.job.complete(run.index, answer)) this.#over(run.job);
  }

  #pause(run: Run, sequence: Sequence): void {
    if (!this.#scheduler.pause(sequence)) return;
    run.paused = true;
    if (Number.isNaN(run.job.pausedAt)) run.job.pausedAt = performance.now();
  }

  /** Resumes and ends what was asked for since the last step. */
  #applyWishes(): void {
    for (const job of this.#resuming.splice(0)) {
      job.pausedAt = Number.NaN;
      for (const run of job.runs) {
        if (run.paused && run.sequence !== null) this.#scheduler.resume(run.sequence);
        run.paused = false;
      }
    }
    for (const { job, outcome } of this.#ending.splice(0)) {
      if (job.outcome !== null) continue;
      const loadMs = this.#session.loadMs;
      job.stop(
        outcome,
        this.#release(job).map(({ index, writer, sequence }) => ({ index, answer: writer.finish(sequence!, loadMs) })),
      );
      this.#over(job);
    }
  }

  /** Ends what has run out of time or whose reader has gone to sleep. */
  #expire(): void {
    const now = performance.now();
    const { stallMs = 60_000 } = this.#options;
    for (const job of this.#jobs.values()) {
      if (now >= job.expiresAt) {
        this.#fail(job, "expired", new UserError("The request's time is up.", { type: "deadline" }));
      } else if (now - job.pausedAt >= stallMs) {
        const seconds = Math.round(stallMs / 1000);
        const error = new UserError(`The reader took nothing for ${seconds} seconds.`, { type: "deadline" });
        this.#fail(job, "stalled", error);
      }
    }
  }

  #fillSlots(): void {
    for (let free = this.#scheduler.freeSlots; free > 0; free--) {
      const run = this.#queue.take((owner) => this.#atWork.get(owner) ?? 0);
      if (run === null) return;
      try {
        run.sequence = this.#scheduler.add(run.request);
      } catch (error) {
        this.#fail(run.job, "failed", error);
        continue;
      }
      if (Number.isNaN(run.job.startedAt)) run.job.startedAt = performance.now();
      this.#count(run.owner, 1);
      this.#running.set(run.sequence, run);
      if (run.sequence.finish !== null) this.#complete(run, run.sequence);
    }
  }

  #fail(job: Job, outcome: Outcome, error: unknown): void {
    if (job.outcome !== null) return;
    this.#release(job);
    job.fail(outcome, error);
    this.#over(job);
  }

  /** Takes all of a job's answers out of queue and slots. @returns those that were being written */
  #release(job: Job): Run[] {
    return job.runs.filter((run) => {
      this.#queue.remove(run);
      const { sequence } = run;
      if (sequence === null || !this.#running.delete(sequence)) return false;
      this.#count(run.owner, -1);
      this.#scheduler.cancel(sequence);
      return true;
    });
  }

  #over(job: Job): void {
    this.#jobs.delete(job.id);
    this.#observer.finished?.(job.record);
    if (this.#jobs.size === 0) this.#idle?.resolve();
  }

  #count(owner: string, by: number): void {
    const count = (this.#atWork.get(owner) ?? 0) + by;
    if (count > 0) this.#atWork.set(owner, count);
    else this.#atWork.delete(owner);
  }

  /** After a step that threw: what ran is lost, what waits runs on a fresh engine. */
  async #recover(cause: unknown): Promise<void> {
    this.#observer.broke?.(cause);
    const lost = whatWasLost(cause);
    for (const { job } of [...this.#running.values()]) this.#fail(job, "failed", lost);
    this.#running.clear();
    this.#atWork.clear();
    const { reopen } = this.#options;
    const draining = this.#state !== "ready";
    try {
      if (reopen === undefined) throw cause;
      if (!draining) this.#state = "restarting";
      // What a broken engine holds is given back as far as its device still can; the rest is lost with the device.
      await this.#discard().catch(() => {});
      this.#session = await reopen();
      this.#lost = null;
      this.#discarded = false;
      this.#watchDevice();
      this.#scheduler = this.#newScheduler();
      if (this.#state === "restarting") this.#state = "ready";
    } catch (error) {
      if (error !== cause) this.#observer.broke?.(error);
      if (this.#state !== "closed") this.#state = "failed";
      for (const job of [...this.#jobs.values()]) this.#fail(job, "failed", lost);
      // Nothing can run any more; the loop only waits to be closed.
    }
  }

  async #discard(): Promise<void> {
    this.#discarded = true;
    try {
      this.#scheduler.close();
    } finally {
      await this.#session.close();
    }
  }

  /** Waits until somebody wants something, or the next moment at which something expires. */
  async #sleep(): Promise<void> {
    if (this.#ending.length > 0 || this.#resuming.length > 0) return;
    let next = Number.POSITIVE_INFINITY;
    const { stallMs = 60_000 } = this.#options;
    for (const { expiresAt, pausedAt } of this.#jobs.values()) {
      next = Math.min(next, expiresAt, Number.isNaN(pausedAt) ? next : pausedAt + stallMs);
    }
    await this.#bell.wait(next);
  }
}

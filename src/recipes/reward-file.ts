/**
 * A reward of the user's own: the default export of a TypeScript or JavaScript file, a function from a sample to a number. It runs in
 * a worker thread, so that one that never ends is stopped, and its errors name the sample they came from.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { UserError, usageError } from "../error.ts";

/** What the function is given. */
export interface RewardSample {
  /** The question. */
  readonly prompt: string;
  /** All the model wrote, `thinking</think>answer`. */
  readonly response: string;
  readonly thinking: string;
  /** "" where thinking was never closed. */
  readonly answer: string;
  /** The right answer as the question's task or the file of questions has it. */
  readonly gold: string;
  /** The question's family; "own" for questions of a file. */
  readonly task: string;
  /** Whether the model ended its response itself, rather than being cut off. */
  readonly ended: boolean;
}

/** What a reward file exports by default; a promise is waited for. NaN: this sample cannot be judged and does not count. */
export type RewardFunction = (sample: RewardSample) => number | Promise<number>;

/** What the thread (reward-worker.ts) is told, and what it answers. */
export interface RewardStart {
  readonly file: string;
}

export type RewardReply = { readonly value: number } | { readonly error: string };

/** A reward function in a thread of its own. */
export class RewardFile {
  readonly #file: string;
  readonly #worker: Worker;
  readonly #seconds: number;

  private constructor(file: string, worker: Worker, seconds: number) {
    this.#file = file;
    this.#worker = worker;
    this.#seconds = seconds;
  }

  /** @throws UserError where the file is not there, cannot be run, or has no function as its default export */
  static async open(file: string, seconds: number): Promise<RewardFile> {
    if (!existsSync(file)) throw usageError(`--reward ${file} does not exist; check the path`, "--reward");
    const start: RewardStart = { file: path.resolve(file) };
    const worker = new Worker(new URL("./reward-worker.ts", import.meta.url), { workerData: start });
    worker.unref();
    const opened = new RewardFile(file, worker, seconds);
    const reply = await opened.#reply(() => {}, 30);
    if ("value" in reply) return opened;
    await worker.terminate();
    throw usageError(`--reward ${file}: ${reply.error}`, "--reward");
  }

  /** The reward of a sample. @throws UserError naming the sample when the function throws, takes too long or gives no number */
  async score(sample: RewardSample): Promise<number> {
    const reply = await this.#reply((worker) => worker.postMessage(sample), this.#seconds);
    if ("value" in reply) return reply.value;
    throw new UserError(
      `The reward ${this.#file} ${reply.error}, on the response ${quoted(sample.response)} to the question ${quoted(sample.prompt)}.`,
      { param: "--reward" },
    );
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Sends and waits for the answer, an error of the thread, or the end of the time. */
  #reply(send: (worker: Worker) => void, seconds: number): Promise<RewardReply> {
    const worker = this.#worker;
    return new Promise((resolve) => {
      const settle = (reply: RewardReply): void => {
        clearTimeout(timer);
        worker.off("message", settle);
        worker.off("error", failed);
        worker.off("exit", exited);
        resolve(reply);
      };
      const failed = (error: Error): void => settle({ error: `cannot be run (${error.message})` });
      const exited = (): void => settle({ error: "ended its thread" });
      const timer = setTimeout(() => {
        settle({ error: `took more than ${seconds} s` });
        void worker.terminate();
      }, seconds * 1000);
      worker.on("message", settle);
      worker.on("error", failed);
      worker.on("exit", exited);
      send(worker);
    });
  }
}

const quoted = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 197)}...` : text);

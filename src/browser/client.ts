/**
 * The page's side of the engine: promises and callbacks instead of messages.
 *
 *   const engine = new BrowserEngine(new URL("engine/engine.js", location.href));
 *   await engine.load({ base: "model/" });
 *   const answer = await engine.ask({ messages: [{ role: "user", content: "What is 37 * 48?" }] });
 */
import { UserError } from "../error.ts";
import type { Answer } from "../generate/answer.ts";
import type { Question } from "../generate/session.ts";
import type { AskOptions, BrowserModel, EngineReply, EngineRequest, LoadedInfo } from "./protocol.ts";
import type { TrainedStep, TrainSettings } from "./train.ts";

export type { BrowserModel, LoadedInfo } from "./protocol.ts";

interface Waiting {
  readonly onReply?: (reply: EngineReply) => void;
  readonly resolve: (value: LoadedInfo | Answer | null) => void;
  readonly reject: (error: UserError) => void;
}

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

export class BrowserEngine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #training: number | null = null;

  /** Starts the worker whose script lies at `url`, with thread.js and the wasm files beside it. */
  constructor(url: URL) {
    this.#worker = new Worker(url, { type: "module", name: "reckon engine" });
    this.#worker.onmessage = ({ data }) => this.#hear(data as EngineReply);
    this.#worker.onerror = ({ message }) => {
      const error = new UserError(`The engine stopped (${message ?? "its script cannot be loaded"}); reload the page.`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
  }

  /** Loads a model in place of the one there is. `threads`: as many as help, where left out. Rejects with UserError. */
  load(
    model: BrowserModel,
    options: { readonly threads?: number; readonly onProgress?: (loaded: number, total: number) => void } = {},
  ): Promise<LoadedInfo> {
    return this.#send({ kind: "load", model: absolute(model), threads: options.threads }, undefined, (reply) => {
      if (reply.kind === "progress") options.onProgress?.(reply.loaded, reply.total);
    }) as Promise<LoadedInfo>;
  }

  /** Asks the loaded model; a stop by `signal` gives what there is, with finish_reason "abort". Rejects with UserError. */
  ask(
    question: Question,
    options: AskOptions & { readonly signal?: AbortSignal } = {},
    onDelta?: (delta: { readonly reasoning: string; readonly content: string }) => void,
  ): Promise<Answer> {
    const { signal, ...rest } = options;
    return this.#send({ kind: "ask", question, options: rest }, signal, (reply) => {
      if (reply.kind === "delta") onDelta?.(reply);
    }) as Promise<Answer>;
  }

  /**
   * Trains a model by R1-Zero until the steps are done or `signal` stops it; it is then the one that is loaded. Step 0 tells of the model
   * before. Rejects with UserError.
   */
  async train(
    model: BrowserModel,
    settings: TrainSettings,
    onStep: (step: TrainedStep) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#training = this.#next;
    try {
      await this.#send({ kind: "train", model: absolute(model), settings }, signal, (reply) => {
        if (reply.kind === "step") onStep(reply.step);
      });
    } finally {
      this.#training = null;
    }
  }

  /** Halts the training after the step it is in, or lets it go on; nothing where none runs. */
  pause(on: boolean): void {
    if (this.#training === null) return;
    this.#worker.postMessage({ id: this.#next++, kind: "pause", of: this.#training, on });
  }

  /** Ends the worker; what it was doing never ends. */
  close(): void {
    this.#worker.terminate();
    this.#waiting.clear();
  }

  #send(
    request: WithoutId<EngineRequest>,
    signal: AbortSignal | undefined,
    onReply: (reply: EngineReply) => void,
  ): Promise<LoadedInfo | Answer | null> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onReply });
      this.#worker.postMessage({ id, ...request });
      const stop = (): void => this.#worker.postMessage({ id: this.#next++, kind: "stop", of: id });
      if (signal?.aborted === true) stop();
      else signal?.addEventListener("abort", stop, { once: true });
    });
  }

  #hear(reply: EngineReply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if (reply.kind === "done") {
      this.#waiting.delete(reply.id);
      waiting.resolve(reply.value);
    } else if (reply.kind === "failed") {
      this.#waiting.delete(reply.id);
      const { message, type, param } = reply.error;
      waiting.reject(new UserError(message, { type, param: param ?? undefined }));
    } else waiting.onReply?.(reply);
  }
}

/** Addresses as the page means them: the worker's script lies somewhere else. */
function absolute(model: BrowserModel): BrowserModel {
  const from = (address: string): string => new URL(address, document.baseURI).href;
  if ("base" in model) return { base: from(model.base) };
  const files = Object.entries(model.files).map(([name, file]) => [name, typeof file === "string" ? from(file) : file]);
  return { name: model.name, files: Object.fromEntries(files) };
}

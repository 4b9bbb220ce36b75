/** The models a server has: opened when first asked for, found by their names and aliases, closed when memory is short. */
import { createHash } from "node:crypto";
import { basename, resolve } from "node:path";
import type { Logger } from "pino";
import { UserError } from "../error.ts";
import { BUNDLED_ABOUT, BUNDLED_ONE_QUESTION } from "../generate/bundled.ts";
import { Engine } from "../generate/engine/engine.ts";
import type { RequestRecord, StepRecord } from "../generate/engine/handle.ts";
import { BUNDLED_MODEL, ModelSession } from "../generate/session.ts";
import type { ServeConfig } from "./config.ts";
import { ApiError } from "./errors.ts";
import type { ModelLoad } from "./metrics.ts";

/** DeepSeek's names for the default model: one thinks, the other answers directly. */
const DEEPSEEK_NAMES: ReadonlyMap<string, boolean> = new Map([
  ["deepseek-reasoner", true],
  ["deepseek-chat", false],
]);

/** What a request's `model` means. */
export interface ResolvedModel {
  readonly served: ServedModel;
  /** As it was asked for. */
  readonly id: string;
  /** Whether the name says that it thinks, or does not; null: the request and the model decide. */
  readonly thinks: boolean | null;
}

export interface ServedModel {
  readonly id: string;
  /** Opens it where it is not open. @throws UserError */
  engine(): Promise<Engine>;
  /** Tells versions of the weights and of the engine apart; known once it is open. */
  readonly fingerprint: string;
}

export interface ModelEntry {
  readonly id: string;
  readonly created: number;
  readonly loaded: boolean;
  /** Null where it is not open. */
  readonly engine: Engine | null;
  /** Tokens of prompt and answer together; known while it is open. */
  readonly context: number | null;
  /** The model that this is another name of; null: it is one itself. */
  readonly aliasOf: string | null;
  /** What it can be asked, in a sentence; null where nobody has told. */
  readonly about: string | null;
  /** It was trained on single questions: a conversation, or a system prompt, misleads it. */
  readonly oneQuestion: boolean;
}

/** Told of what happens on the models' engines. */
export interface ModelsObserver {
  readonly finished: (model: string, record: RequestRecord) => void;
  /** All answers at work of a model have got their next tokens. */
  readonly stepped: (model: string, step: StepRecord) => void;
  /** An engine broke, or could not start anew. */
  readonly broke: (model: string) => void;
}

export class Models {
  readonly #config: ServeConfig;
  readonly #log: Logger;
  readonly #observer: ModelsObserver;
  readonly #hosts: readonly Host[];
  readonly #created = Math.floor(Date.now() / 1000);
  #uses = 0;
  #closing = false;

  /** @throws UserError where two models have one name */
  constructor(config: ServeConfig, log: Logger, observer: ModelsObserver) {
    this.#config = config;
    this.#log = log;
    this.#observer = observer;
    const given: readonly (string | undefined)[] = config.models.length === 0 ? [undefined] : config.models;
    this.#hosts = given.map((argument) => new Host(argument, nameOf(argument)));
    const elsewhere = config.upstreams.map(({ model }) => model);
    const names = [...this.#hosts.map(({ id }) => id), ...config.aliases, ...elsewhere];
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) {
      throw new UserError(`Two models would have the name ${twice}; rename one of the folders or drop the alias.`, {
        param: "--model",
        exitCode: 2,
      });
    }
  }

  /** The model a request names; without a name the first. @throws ApiError 404 */
  resolve(name: string | undefined): ResolvedModel {
    const [first] = this.#hosts;
    const thinks = name === undefined ? null : (DEEPSEEK_NAMES.get(name) ?? null);
    const own = this.#hosts.find(({ id }) => id === name);
    const isAlias = name === undefined || thinks !== null || this.#config.aliases.includes(name);
    const host = own ?? (isAlias ? first : undefined);
    const elsewhere = this.#config.upstreams.find(({ model }) => model === name);
    if (host === undefined && elsewhere !== undefined) {
      const routes = elsewhere.routes.map((route) => `/v1${route}`).join(", ");
      throw new ApiError(400, `The model ${JSON.stringify(name)} is another server's: ask for it at ${routes}.`, {
        code: "model_elsewhere",
        param: "model",
      });
    }
    if (host === undefined) {
      const known = this.list().map(({ id }) => id);
      throw new ApiError(404, `There is no model ${JSON.stringify(name)} here; there are ${known.join(", ")}.`, {
        code: "model_not_found",
        param: "model",
      });
    }
    const engine = (): Promise<Engine> => this.#open(host);
    return {
      served: {
        id: host.id,
        engine,
        get fingerprint() {
          return host.fingerprint;
        },
      },
      id: name ?? host.id,
      thinks: own === undefined ? thinks : null,
    };
  }

  /** All names a request may use. */
  list(): readonly ModelEntry[] {
    const [first] = this.#hosts;
    const entry = (id: string, host: Host): ModelEntry => ({
      id,
      created: this.#created,
      loaded: host.current !== null,
      engine: host.current,
      context: host.current?.context ?? null,
      aliasOf: id === host.id ? null : host.id,
      about: host.bundled ? BUNDLED_ABOUT : null,
      oneQuestion: host.bundled && BUNDLED_ONE_QUESTION,
    });
    const aliases = [...this.#config.aliases, ...DEEPSEEK_NAMES.keys()].filter(
      (name) => !this.#hosts.some(({ id }) => id === name),
    );
    return [...this.#hosts.map((host) => entry(host.id, host)), ...aliases.map((name) => entry(name, first))];
  }

  loads(): readonly ModelLoad[] {
    return this.#hosts.map(({ id, current }) => {
      const load = current?.load;
      return {
        model: id,
        running: load === undefined ? 0 : load.live + load.reading + load.paused,
        waiting: load?.waiting ?? 0,
        slots: current?.slots ?? this.#config.slots,
      };
    });
  }

  /** "restarting" or "failed" where an engine broke and is not up again. */
  get state(): "ready" | "restarting" | "failed" {
    const states = this.#hosts.map(({ current }) => current?.state);
    return states.includes("failed") ? "failed" : states.includes("restarting") ? "restarting" : "ready";
  }

  /** Opens the first model. @throws UserError */
  async preload(): Promise<void> {
    await this.#open(this.#hosts[0]);
  }

  /** The engine at work on a request. */
  find(requestId: string): ReturnType<Engine["find"]> {
    for (const { current } of this.#hosts) {
      const handle = current?.find(requestId);
      if (handle !== undefined) return handle;
    }
    return undefined;
  }

  /** Waits for what is under way; nothing new is taken. */
  async drain(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#hosts.map(({ current }) => current?.drain()));
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#hosts.map((host) => host.close()));
  }

  async #open(host: Host): Promise<Engine> {
    if (this.#closing)
      throw new UserError("The server is shutting down and takes no more requests.", { type: "draining" });
    host.usedAt = ++this.#uses;
    // It could not start anew when it broke; perhaps it can now.
    if (host.current?.state === "failed") await host.close();
    if (host.opening !== null) return host.opening;
    const { threads, weights, mla } = this.#config;
    const open = (): Promise<ModelSession> => ModelSession.open({ model: host.argument, threads, weights, mla });
    const start = async (): Promise<Engine> => {
      const started = performance.now();
      const session = await open();
      const engine = new Engine(session, {
        slots: this.#config.slots,
        context: this.#config.context,
        queue: this.#config.queue,
        saveBytes: this.#config.cacheBytes,
        speculate: this.#config.speculate,
        reopen: open,
        observer: {
          finished: (record) => this.#observer.finished(host.id, record),
          step: (step) => this.#observer.stepped(host.id, step),
          broke: (error) => {
            this.#observer.broke(host.id);
            this.#log.error({ model: host.id, err: error }, "engine broke");
          },
        },
      });
      host.opened(engine);
      this.#log.info({ model: host.id, ms: Math.round(performance.now() - started) }, "model opened");
      return engine;
    };
    host.opening = start().catch((error) => {
      host.opening = null; // the next request tries again
      throw error;
    });
    const engine = await host.opening;
    await this.#makeRoom(host);
    return engine;
  }

  /** Closes models that nobody uses, longest unused first, until the others are within the limit. */
  async #makeRoom(keep: Host): Promise<void> {
    const { modelBytes } = this.#config;
    if (modelBytes === undefined) return;
    const bytes = (): number =>
      this.#hosts.reduce((sum, { current }) => sum + (current === null ? 0 : memoryOf(current)), 0);
    const idle = this.#hosts
      .filter((host) => host !== keep && host.current?.busy === false)
      .sort((a, b) => a.usedAt - b.usedAt);
    for (const host of idle) {
      if (bytes() <= modelBytes) return;
      await host.close();
      this.#log.info({ model: host.id }, "model closed to make room");
    }
  }
}

/** One of the models, open or not. */
class Host {
  readonly argument: string | undefined;
  readonly id: string;
  readonly bundled: boolean;
  opening: Promise<Engine> | null = null;
  current: Engine | null = null;
  usedAt = 0;
  fingerprint = "";

  constructor(argument: string | undefined, id: string) {
    this.argument = argument;
    this.id = id;
    this.bundled = resolve(argument ?? BUNDLED_MODEL) === BUNDLED_MODEL;
  }

  opened(engine: Engine): void {
    this.current = engine;
    const { decoder, folder } = engine.session;
    const what = JSON.stringify([this.id, folder, decoder.config]);
    this.fingerprint = `fp_${createHash("sha256").update(what).digest("hex").slice(0, 10)}`;
  }

  async close(): Promise<void> {
    const engine = await this.opening?.catch(() => null);
    this.opening = this.current = null;
    await engine?.close();
  }
}

const memoryOf = (engine: Engine): number => engine.session.decoder.device.usage().bytes;

/** The name a model has before it is open: as ModelSession names it. */
const nameOf = (argument: string | undefined): string =>
  basename(resolve(argument ?? BUNDLED_MODEL)).replace(/\.gguf$/i, "");

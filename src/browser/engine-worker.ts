/**
 * The engine in a worker of the page: the session of the command line, with the model's files fetched into memory first. One model at a
 * time; requests are answered in the order they come, `stop` at once.
 */
import { UserError } from "../error.ts";
import { ModelSession, type OpenOptions } from "../generate/session.ts";
import { processors } from "../kernels/cpu/host.ts";
import { parameterCount } from "../model/config.ts";
import { fetchModel } from "./fetch-model.ts";
import type { BrowserModel, EngineError, EngineReply, EngineRequest, LoadedInfo } from "./protocol.ts";
import { type TrainedStep, trainLive } from "./train.ts";

type Tell = (reply: WithoutId<EngineReply>) => void;
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

let session: ModelSession | null = null;
let queue: Promise<unknown> = Promise.resolve();
/** Of the requests that wait or run. */
const stops = new Map<number, AbortController>();
/** Trainings that are to halt after a step: what lets them go on. */
const halts = new Map<number, PromiseWithResolvers<void>>();

self.onmessage = ({ data }) => {
  const request = data as EngineRequest;
  if (request.kind === "stop" || request.kind === "pause") {
    if (request.kind === "stop") stops.get(request.of)?.abort();
    else if (request.on && stops.has(request.of)) {
      if (!halts.has(request.of)) halts.set(request.of, Promise.withResolvers());
      return;
    }
    halts.get(request.of)?.resolve();
    halts.delete(request.of);
    return;
  }
  const stop = new AbortController();
  stops.set(request.id, stop);
  const tell: Tell = (reply) => self.postMessage({ id: request.id, ...reply });
  queue = queue.then(async () => {
    try {
      tell({ kind: "done", value: await answer(request, tell, stop.signal) });
    } catch (error) {
      tell({ kind: "failed", error: plain(error) });
    } finally {
      stops.delete(request.id);
      halts.delete(request.id);
    }
  });
};

async function answer(request: Exclude<EngineRequest, { kind: "stop" | "pause" }>, tell: Tell, signal: AbortSignal) {
  if (request.kind === "load") return load(request.model, { threads: request.threads }, tell);
  if (request.kind === "train") {
    // blocks of fewer bits cannot be trained; batches keep threads busy that single tokens of a small model do not
    await load(request.model, { weights: "f32", threads: Math.min(processors(), 8) }, tell);
    const onStep = (step: TrainedStep): Promise<void> | undefined => {
      tell({ kind: "step", step });
      return halts.get(request.id)?.promise;
    };
    await trainLive(session!, request.settings, onStep, signal);
    return null;
  }
  if (session === null) throw new UserError("No model is loaded yet; load one first.");
  return session.complete(request.question, { ...request.options, signal }, ({ reasoning, content }) =>
    tell({ kind: "delta", reasoning, content }),
  );
}

async function load(
  model: BrowserModel,
  options: Pick<OpenOptions, "threads" | "weights">,
  tell: Tell,
): Promise<LoadedInfo> {
  await session?.close();
  session = null;
  const { path, release } = await fetchModel(model, (loaded, total) => tell({ kind: "progress", loaded, total }));
  try {
    session = await ModelSession.open({ model: path, ...options });
  } finally {
    release();
  }
  const { name, about, context, decoder, loadMs, template } = session;
  return {
    name,
    quantization: about.quantization,
    context,
    parameters: parameterCount(decoder.config).total,
    threads: decoder.device.threads,
    loadMs,
    chats: template !== null,
  };
}

function plain(error: unknown): EngineError {
  if (error instanceof UserError) return { message: error.message, type: error.type, param: error.param };
  return {
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    type: "failed",
    param: null,
  };
}

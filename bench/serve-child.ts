/** The server's process of bench/serve.ts: serves, tells its processor time, and runs the same work on the scheduler alone. */
import { breathe } from "../src/generate/batch.ts";
import { Scheduler } from "../src/generate/scheduler.ts";
import { ModelSession } from "../src/generate/session.ts";
import { serveConfig } from "../src/serve/config.ts";
import { startServer } from "../src/serve/server.ts";
import { question } from "./serve.ts";

interface Message {
  readonly start?: string;
  readonly threads?: number;
  readonly usage?: true;
  readonly alone?: number;
  readonly newTokens?: number;
  readonly rounds?: number;
}

let session: ModelSession;
let threads: number | undefined;

process.on("disconnect", () => process.exit());
process.on("message", (message: Message) => void answer(message).then((reply) => process.send?.(reply)));

async function answer(message: Message): Promise<object> {
  if (message.start !== undefined) {
    threads = message.threads;
    const server = await startServer({ port: 0, models: [message.start], threads, slots: 16, logLevel: "silent" });
    session = await ModelSession.open({ model: message.start, threads });
    return { url: server.url, threads: session.decoder.device.threads };
  }
  if (message.usage) return { cpu: cpu() };
  return alone(message.alone!, message.newTokens!, message.rounds!);
}

/** Microseconds of all threads. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function alone(sequences: number, maxTokens: number, rounds: number): Promise<object> {
  const capacity = Math.min(4096, session.context);
  const scheduler = new Scheduler(session.decoder, { slots: 16, capacity, speculate: serveConfig.parse({}).speculate });
  let tokens = 0;
  const before = cpu();
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < sequences; i++) {
      const { ids } = session.prompt({ messages: [{ role: "user", content: question(round * sequences + i) }] });
      scheduler.add({ prompt: ids, maxTokens, sampling: { temperature: 0 }, stopIds: [], reusePrompt: false });
    }
    while (!scheduler.idle) {
      const pending = scheduler.step(() => tokens++);
      if (pending !== undefined) await pending;
    }
    await breathe();
  }
  const spent = cpu() - before;
  scheduler.close();
  return { cpu: spent, tokens };
}

/** Another server of the same model, started for a comparison and ended after it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { UserError } from "../src/error.ts";

export interface PeerServer {
  readonly url: string;
  end(): Promise<void>;
}

/** What llama.cpp's server is told where the command says nothing of it: as many slots as there are readers at most. */
const LLAMA_SERVER = "-m {model} -t {threads} --parallel 16 -c 16384 --port {port}";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Starts a server and resolves once its /health answers.
 * @param command its program; {model}, {threads} and {port} in it are replaced, and without them it is llama.cpp's server
 * @throws UserError where it ends or does not answer within a minute
 */
export async function startPeer(command: string, model: string, threads: number): Promise<PeerServer> {
  const port = await freePort();
  const whole = command.includes("{port}") ? command : `${command} ${LLAMA_SERVER}`;
  const [program, ...args] = whole
    .split(/\s+/)
    .map((word) =>
      word.replaceAll("{model}", model).replaceAll("{threads}", String(threads)).replaceAll("{port}", String(port)),
    );
  const child = spawn(program, args, { stdio: "ignore" });
  // A benchmark that is interrupted must not leave it behind.
  const interrupted = (signal: NodeJS.Signals): void => {
    child.kill("SIGKILL");
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, interrupted);
  let why: string | null = null;
  child.once("error", (error) => {
    why = error.message;
  });
  child.once("exit", (code, signal) => {
    why ??= `it ended with ${signal ?? `code ${code}`}`;
  });
  const url = `http://127.0.0.1:${port}`;
  const until = performance.now() + 60_000;
  const healthy = async (): Promise<boolean> => (await fetch(`${url}/health`).catch(() => null))?.ok === true;
  while (!(await healthy())) {
    if (performance.now() > until) why ??= "it does not answer within a minute";
    if (why !== null) {
      child.kill("SIGKILL");
      throw new UserError(`The peer's server cannot be started by \`${whole}\`: ${why}.`, { param: "--peer" });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    async end() {
      for (const signal of SIGNALS) process.removeListener(signal, interrupted);
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

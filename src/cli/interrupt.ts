// Ctrl-C as a request: the first one asks for a clean stop that can be resumed, the second ends the process at once.
import { Interrupted, note } from "./output.ts";

/** The parts of a process this needs; tests pass their own. */
export interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM", handler: () => void): unknown;
  removeListener(signal: "SIGINT" | "SIGTERM", handler: () => void): unknown;
  exit(code: number): unknown;
}

export interface Interrupt extends Disposable {
  /** Aborted by the first Ctrl-C or SIGTERM, with an Interrupted as its reason. */
  readonly signal: AbortSignal;
}

/**
 * Listens for Ctrl-C and SIGTERM until disposed (`using interrupt = listenForInterrupt("...")`). The work looks at `signal`
 * between steps, saves, and throws `signal.reason` (exit code 130 or 143) or returns (exit code 0) as it sees fit.
 * @param saying what the first one prints, such as "stopping after this step; Ctrl-C again stops at once"
 */
export function listenForInterrupt(
  saying: string = "stopping; press Ctrl-C again to stop at once",
  source: SignalSource = process,
  now: () => number = () => performance.now(),
): Interrupt {
  const controller = new AbortController();
  let first = Number.NaN;
  const handlers = (["SIGINT", "SIGTERM"] as const).map((name) => {
    const handler = (): void => {
      if (!controller.signal.aborted) {
        first = now();
        note(`\n${saying}`);
        controller.abort(new Interrupted(name));
      } else if (now() - first > sameSignalMs) {
        source.exit(130);
      }
    };
    source.on(name, handler);
    return { name, handler };
  });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const { name, handler } of handlers) {
        source.removeListener(name, handler);
      }
    },
  };
}

/**
 * One request may arrive twice: `timeout` and service managers signal a process and its group, and the launcher passes on
 * what it gets. Nobody presses Ctrl-C twice within this time.
 */
const sameSignalMs = 250;

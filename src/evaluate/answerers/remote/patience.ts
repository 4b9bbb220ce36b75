/** Asking again where a failure may pass, with all who ask waiting where the server asks everybody to. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../../error.ts";
import { delayBefore, LONGEST_WAIT, Passing } from "./retry.ts";

export interface PatienceOptions {
  /** How often something is asked again after a failure that may pass. */
  readonly retries: number;
  /** Jitter, uniform in [0, 1). */
  readonly random: () => number;
}

export interface PatienceHooks {
  readonly signal: AbortSignal;
  readonly onNotice?: (text: string) => void;
}

export class Patience {
  readonly #options: PatienceOptions;
  /** Nobody asks before this (performance.now). */
  #notBefore = 0;
  #answered = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** What `ask` gives in the end; `what` names it in messages. @throws UserError where the server does not answer, or the signal's reason */
  async until<T>(what: string, ask: () => Promise<T>, { signal, onNotice }: PatienceHooks): Promise<T> {
    const { retries, random } = this.#options;
    for (let attempt = 1; ; attempt++) {
      await this.#turn(signal);
      try {
        const answer = await ask();
        this.#answered++;
        return answer;
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        // An address nobody ever answered at is more likely wrong than restarting.
        const most = error.unreachable && this.#answered === 0 ? Math.min(retries, 2) : retries;
        if (attempt > most || (error.wait ?? 0) > LONGEST_WAIT) throw gaveUp(what, attempt, error);
        const seconds = delayBefore(attempt, error.wait, random);
        if (error.limited) this.#notBefore = Math.max(this.#notBefore, performance.now() + seconds * 1000);
        onNotice?.(
          `${error.message}; asking again in ${seconds.toFixed(1)} s (${what}, attempt ${attempt} of ${most + 1})`,
        );
        if (!error.limited) await sleep(seconds * 1000, undefined, { signal });
      }
    }
  }

  /** Waits as long as the server asked everybody to. */
  async #turn(signal: AbortSignal): Promise<void> {
    for (;;) {
      const left = this.#notBefore - performance.now();
      if (left <= 0) return;
      await sleep(left, undefined, { signal });
    }
  }
}

const gaveUp = (what: string, attempts: number, { message }: Passing): UserError =>
  new UserError(`The server did not answer ${what} in ${attempts} attempts; the last time: ${message}.`, {
    type: "unreachable",
    param: "--model",
  });

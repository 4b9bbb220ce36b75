/** The thread's side: questions answered one after the other, in the order they came. */
import { parentPort } from "node:worker_threads";
import { type ErrorStatus, toApiError } from "../errors.ts";

export interface Asked<Question> {
  readonly id: number;
  readonly question: Question;
}

export type Told =
  | { readonly id: number; readonly answer: unknown }
  | {
      readonly id: number;
      readonly refused: {
        readonly status: ErrorStatus;
        readonly message: string;
        readonly code: string;
        readonly param: string | null;
      };
    }
  /** For the log. */
  | { readonly id: number; readonly failed: string };

/** @param answer gives what can be sent between threads */
export function answerQuestions<Question>(answer: (question: Question) => unknown): void {
  let last: Promise<void> = Promise.resolve();
  parentPort!.on("message", ({ id, question }: Asked<Question>) => {
    last = last.then(async () => {
      let told: Told;
      try {
        told = { id, answer: await answer(question) };
      } catch (error) {
        told = { id, ...failure(error) };
      }
      parentPort!.postMessage(told);
    });
  });
}

function failure(error: unknown): Pick<Extract<Told, { refused: unknown }>, "refused"> | { readonly failed: string } {
  const { status, message, code, param } = toApiError(error);
  if (status !== 500) return { refused: { status, message, code, param } };
  return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

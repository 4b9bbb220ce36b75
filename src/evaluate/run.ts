/** Runs an evaluation: what is not answered yet is asked, each answer judged and written down, until all are there. */
import { Random } from "../random.ts";
import type { Answerer, AnswerSettings, Ask } from "./answerers/answerer.ts";
import type { Item, ItemResult, Reply, Response } from "./item.ts";
import type { Journal } from "./record/journal.ts";
import type { Clock } from "./record/sample-record.ts";

export interface RunOptions {
  readonly items: readonly Item[];
  /** Answers to each item. */
  readonly samples: number;
  readonly settings: AnswerSettings;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Where answers are written down; null: nowhere. */
  readonly journal: Journal | null;
  /** Threads that compute here; 0 where a server does. */
  readonly threads: number;
  /** The machine's energy in joules up to now; null where it cannot be read. */
  readonly joules: () => number | null;
  readonly onProgress?: (progress: Progress) => void;
  readonly onNotice?: (line: string) => void;
}

export interface Progress {
  /** Answers there are, those of earlier sessions included. */
  readonly done: number;
  readonly right: number;
  /** New tokens of this session. */
  readonly tokens: number;
}

export interface Finished {
  readonly results: readonly ItemResult[];
  /** What all sessions used up. */
  readonly used: Omit<Clock, "session">;
}

/**
 * Asks, judges and writes down. An answer depends on its item, its number and the seed alone, not on what else is asked or when.
 * @throws UserError where something cannot be answered or written, or the signal's reason; what was answered is written down by then
 */
export async function runEvaluation(answerer: Answerer, options: RunOptions): Promise<Finished> {
  const { items, samples, settings, seed, signal, journal, onProgress } = options;
  const answers = new Map(items.map(({ id }) => [id, new Array<Response | undefined>(samples)]));
  const known = new Map(items.map((item) => [item.id, item]));
  const clock = sessionClock(options, journal?.clocks.length ?? 0);
  let [done, right, tokens] = [0, 0, 0];
  const keep = (id: string, sample: number, response: Response): void => {
    answers.get(id)![sample] = response;
    done++;
    right += response.accuracy;
  };
  for (const [id, own] of journal?.done ?? [])
    for (const [sample, response] of own) if (sample < samples) keep(id, sample, response);
  const asks: Ask[] = [];
  for (const item of items)
    for (let sample = 0; sample < samples; sample++)
      if (answers.get(item.id)![sample] === undefined)
        asks.push({ item, sample, seed: Random.from(seed, item.id, sample).bits() });

  const judging = new Judging(async ({ item, sample }, reply) => {
    const own = known.get(item.id)!;
    const response = { ...reply, ...(await own.judge(reply.text, reply.finish === "stop")) };
    journal?.append(own, sample, response, clock());
    keep(item.id, sample, response);
    onProgress?.({ done, right, tokens });
  });
  onProgress?.({ done, right, tokens });
  try {
    await answerer.answerAll(asks, settings, {
      signal: AbortSignal.any([signal, judging.failure]),
      onReply: (ask, reply) => judging.add(ask, reply),
      onTokens: (count) => {
        tokens = count;
        onProgress?.({ done, right, tokens });
      },
      onNotice: options.onNotice,
    });
  } finally {
    await judging.end();
  }
  judging.failure.throwIfAborted();
  signal.throwIfAborted(); // half an evaluation is no result
  return {
    results: items.map((item) => ({ item, responses: answers.get(item.id)! as Response[] })),
    used: sum([...(journal?.clocks ?? []), ...(asks.length > 0 ? [clock()] : [])]),
  };
}

/** Judges beside the answering: a verifier may take its time in a worker. The first failure is kept and stops the rest. */
class Judging {
  readonly #work: (ask: Ask, reply: Reply) => Promise<void>;
  readonly #pending = new Set<Promise<void>>();
  readonly #failed = new AbortController();

  constructor(work: (ask: Ask, reply: Reply) => Promise<void>) {
    this.#work = work;
  }

  get failure(): AbortSignal {
    return this.#failed.signal;
  }

  add(ask: Ask, reply: Reply): void {
    if (reply.finish === "abort") return;
    const work = this.#work(ask, reply)
      .catch((error) => this.#failed.abort(error))
      .finally(() => this.#pending.delete(work));
    this.#pending.add(work);
  }

  async end(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}

/** What this session has used up so far. */
function sessionClock({ threads, joules }: RunOptions, session: number): () => Clock {
  const [started, energy] = [performance.now(), joules()];
  return () => {
    const seconds = (performance.now() - started) / 1000;
    const now = joules();
    return {
      session,
      seconds,
      core_seconds: threads > 0 ? seconds * threads : null,
      joules: energy === null || now === null ? null : now - energy,
    };
  };
}

function sum(clocks: readonly Clock[]): Omit<Clock, "session"> {
  const of = (pick: (one: Clock) => number | null): number | null =>
    clocks.some((one) => pick(one) === null) ? null : clocks.reduce((all, one) => all + pick(one)!, 0);
  return {
    seconds: of(({ seconds }) => seconds)!,
    core_seconds: of((one) => one.core_seconds),
    joules: of((one) => one.joules),
  };
}

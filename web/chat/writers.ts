/** The answers being written: begun, stopped, gone on with, and taken up again by a page that was opened anew. */
import { ApiFailure, cancelAnswer, endThinking, type ModelInfo, verifyAnswer } from "../api/client.ts";
import { type ChatEvent, streamChat } from "../api/stream.ts";
import { IN_PAGE, streamInPage } from "../engine/in-page.ts";
import { writeAnswers } from "./answering.ts";
import { type Asked, bodyOf, usdPerSecond } from "./asking.ts";
import { clustered } from "./clusters.ts";
import { Draft } from "./draft.ts";
import { loadPieces } from "./pieces.ts";
import type { Settings } from "./settings.ts";
import { above, type Conversation, groupOf, type Message } from "./types.ts";

/** What the writers need of the page's state. */
export interface Surroundings {
  readonly state: () => { conversations: readonly Conversation[]; settings: Settings; models: readonly ModelInfo[] };
  readonly find: (conversation: string) => Conversation | undefined;
  readonly put: (conversation: Conversation) => void;
  readonly change: (conversation: string, message: string, change: Partial<Message>) => void;
  /** Saves a conversation in the browser. */
  readonly keep: (conversation: string) => void;
  readonly choose: (conversation: string, message: Message) => void;
  readonly ended: () => void;
}

interface Writer {
  readonly control: AbortController;
  readonly done: Promise<void>;
  stream: string | null;
}

export class Writers {
  readonly #page: Surroundings;
  /** By message. */
  readonly #writing = new Map<string, Writer>();
  /** Messages as they were when their writing began. */
  readonly #begun = new Map<string, Message>();

  constructor(page: Surroundings) {
    this.#page = page;
  }

  /** Writes answers asked for together; where there are several, they are put into clusters at the end. */
  async write(conversationId: string, made: readonly { asked: Asked; answers: readonly Message[] }[]): Promise<void> {
    const count = made.reduce((sum, { answers }) => sum + answers.length, 0);
    const { models } = this.#page.state();
    await Promise.all(
      made.map(({ asked, answers }) => {
        const usd = usdPerSecond(asked.settings, models, count);
        const priced = answers.map((answer) => ({ ...answer, usdPerSecond: usd }));
        for (const { id } of answers) this.#page.change(conversationId, id, { usdPerSecond: usd });
        const conversation = this.#page.find(conversationId)!;
        const body = bodyOf(asked, above(conversation, answers[0]), null);
        const { settings } = asked;
        return this.#follow(conversationId, priced, (signal) =>
          answers[0].model === IN_PAGE
            ? streamInPage(body.messages, settings, answers.length, signal)
            : streamChat({ body }, settings.key, signal),
        );
      }),
    );
    if (count > 1) await this.#vote(conversationId, made[0].answers[0]);
  }

  /** @param closed whether the thinking has ended with what there is */
  async goOn(conversationId: string, id: string, closed: boolean): Promise<void> {
    const conversation = this.#page.find(conversationId);
    const message = conversation?.messages[id];
    if (!conversation || !message) return;
    const settings = { ...this.#page.state().settings, model: message.model ?? "" };
    const body = bodyOf({ settings, labels: [""] }, above(conversation, message), message, closed);
    this.#page.change(conversationId, id, { state: "writing", failure: undefined });
    await this.#follow(conversationId, [this.#page.find(conversationId)!.messages[id]], (signal) =>
      streamChat({ body }, settings.key, signal),
    );
  }

  stop(id: string): void {
    const writer = this.#writing.get(id);
    if (writer === undefined) return;
    writer.control.abort();
    if (writer.stream !== null) cancelAnswer(writer.stream, this.#page.state().settings.key);
  }

  async answerNow(conversationId: string, id: string): Promise<void> {
    const writer = this.#writing.get(id);
    const alone = this.#page.find(conversationId)?.messages[id]?.group === undefined;
    if (writer?.stream && alone) {
      try {
        await endThinking(writer.stream, this.#page.state().settings.key);
        return;
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        // The server knows of no such answer any more: what has come of it is gone on with.
      }
    }
    this.stop(id);
    await writer?.done;
    await this.goOn(conversationId, id, true);
  }

  /** Takes up what an earlier page was reading. Returns the conversation of the newest such answer, or null. */
  resume(): string | null {
    let newest: string | null = null;
    for (const conversation of this.#page.state().conversations) {
      const streams = new Map<string, Message[]>();
      for (const message of Object.values(conversation.messages)) {
        if (message.state !== "writing" || message.stream === undefined) continue;
        streams.set(message.stream.id, [...(streams.get(message.stream.id) ?? []), message]);
      }
      for (const [stream, answers] of streams) {
        newest ??= conversation.id;
        void this.#takeUp(conversation.id, stream, answers);
      }
    }
    return newest;
  }

  async #takeUp(conversationId: string, stream: string, answers: readonly Message[]): Promise<void> {
    const ordered = answers.toSorted((a, b) => a.stream!.index - b.stream!.index);
    const { key } = this.#page.state().settings;
    const { promise: done, resolve: release } = Promise.withResolvers<void>();
    if (!(await held(stream, done))) {
      const failure = "Another tab of this browser is writing this answer.";
      for (const { id } of ordered) this.#page.change(conversationId, id, { state: "failed", failure });
      return;
    }
    const pieces = await loadPieces(stream);
    const last = pieces.at(-1)?.at ?? -1;
    const bring = (drafts: readonly Draft[]): void => {
      for (const piece of pieces) for (const [at, draft] of drafts.entries()) draft.append(piece.drafts[at]);
    };
    const read = (signal: AbortSignal) => streamChat({ id: stream, last }, key, signal);
    await this.#follow(conversationId, ordered, read, { stream, bring });
    release();
    if (ordered[0].group !== undefined) await this.#vote(conversationId, ordered[0]);
  }

  /** Reads a stream into messages until it ends. `earlier`: what an earlier page had of it. */
  async #follow(
    conversationId: string,
    answers: readonly Message[],
    read: (signal: AbortSignal) => AsyncIterable<ChatEvent>,
    earlier: { readonly stream: string; readonly bring: (drafts: readonly Draft[]) => void } | null = null,
  ): Promise<void> {
    const page = this.#page;
    const keepsTokens = page.state().settings.tokens;
    const drafts = answers.map((answer) => new Draft(answer, keepsTokens));
    earlier?.bring(drafts);
    const control = new AbortController();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const writer: Writer = { control, done, stream: earlier?.stream ?? null };
    for (const answer of answers) {
      this.#writing.set(answer.id, writer);
      this.#begun.set(answer.id, answer);
    }
    await writeAnswers(read(control.signal), drafts, writer.stream, control.signal, {
      changed: (index, change) => page.change(conversationId, answers[index].id, change),
      opened: (id) => {
        writer.stream = id;
        void held(id, done);
        for (const [index, answer] of answers.entries()) {
          const stream = { id, index };
          this.#begun.set(answer.id, { ...answer, stream });
          page.change(conversationId, answer.id, { stream });
        }
        page.keep(conversationId);
      },
    });
    for (const { id } of answers) {
      this.#writing.delete(id);
      this.#begun.delete(id);
    }
    page.keep(conversationId);
    resolve();
    page.ended();
  }

  /** A conversation as it is to be saved: what is being written stands there as it began, since its pieces are saved apart. */
  asBegun(conversation: Conversation): Conversation {
    const messages = { ...conversation.messages };
    for (const [id, message] of this.#begun) if (messages[id]) messages[id] = message;
    return { ...conversation, messages };
  }

  /** Which answers of a group say the same; the majority is the one gone on from. */
  async #vote(conversationId: string, one: Message): Promise<void> {
    const { settings } = this.#page.state();
    const conversation = this.#page.find(conversationId);
    const group = conversation ? groupOf(conversation, one) : [];
    if (group.some(({ state }) => state === "writing")) return;
    const verify = (gold: string, answer: string) => verifyAnswer(gold, answer, settings.key);
    try {
      const votes = await clustered(
        group.map(({ content }) => content),
        {
          // The gold answer is of no matter here: the verdict also says which answer it found.
          said: async (text) => (await verify("0", text)).answer || text.trim(),
          same: async (said, text) => (await verify(said, text)).correct,
        },
      );
      for (const [at, { id }] of group.entries()) this.#page.change(conversationId, id, { vote: votes[at] });
      const winner = group.find((_, at) => votes[at].wins);
      if (winner && one.label?.startsWith("Answer ")) this.#page.choose(conversationId, winner);
      this.#page.keep(conversationId);
    } catch {
      // Without the verifier the answers stand side by side all the same.
    }
  }
}

/** While this page reads a stream, no other may: a stream has one reader, and two would take it from each other for ever. */
const lockOf = (stream: string): string => `reckon stream ${stream}`;

/** True once the lock is held, which it then is until `until`; false where another page keeps it, beyond the moment that leaving takes. */
function held(stream: string, until: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    if (navigator.locks === undefined) return resolve(true); // a page that came by plain HTTP from elsewhere
    navigator.locks
      .request(lockOf(stream), { signal: AbortSignal.timeout(3000) }, () => {
        resolve(true);
        return until;
      })
      .catch(() => resolve(false));
  });
}

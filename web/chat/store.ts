/** The page's state outside of React: conversations, settings, what is being written. Components read snapshots of it. */
import { listModels, type ModelInfo } from "../api/client.ts";
import type { Alternative } from "../api/stream.ts";
import { IN_PAGE, inPageModel } from "../engine/in-page.ts";
import { requestsFor } from "./asking.ts";
import { branchAt } from "./branching.ts";
import { deleteConversation, loadConversations, saveConversation } from "./history.ts";
import { inOrder } from "./models.ts";
import { loadSettings, type Settings, saveSettings } from "./settings.ts";
import { type Conversation, type Message, pathOf } from "./types.ts";
import { Writers } from "./writers.ts";

export interface State {
  readonly conversations: readonly Conversation[];
  /** The one shown; null: a new one. */
  readonly current: string | null;
  readonly settings: Settings;
  readonly models: readonly ModelInfo[];
  /** A sentence for the reader: the server is away, a file could not be read. `retry`: of the server, which may be asked again. */
  readonly notice: { readonly text: string; readonly retry: boolean } | null;
  /** What was deleted last, while it can be had back. */
  readonly deleted: Conversation | null;
}

export class ChatStore {
  #state: State = {
    conversations: [],
    current: null,
    settings: loadSettings(),
    models: [],
    notice: null,
    deleted: null,
  };
  readonly #listeners = new Set<() => void>();
  readonly #writers = new Writers({
    state: () => this.#state,
    find: (id) => this.#find(id),
    put: (conversation) => this.#put(conversation),
    change: (conversation, id, change) => this.#change(conversation, id, change),
    keep: (id) => this.#keep(id),
    choose: (conversation, message) => this.#show(conversation, message),
    ended: () => {
      const known = this.#state.models.find(({ context_length }) => context_length !== undefined);
      const engine = this.#state.models.find(({ id }) => id === IN_PAGE);
      if (known === undefined || engine !== inPageModel()) void this.refreshModels();
    },
  });

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): State => this.#state;

  get conversation(): Conversation | null {
    return this.#state.conversations.find(({ id }) => id === this.#state.current) ?? null;
  }

  /** Reads what the browser kept and what the server has; answers that were being written go on. */
  async load(): Promise<void> {
    applyTheme(this.#state.settings.theme);
    const models = this.refreshModels();
    try {
      const kept = await loadConversations();
      // what was asked before the history was read stands, and counts more than what was read of it
      const newer = this.#state.conversations;
      const older = kept.filter(({ id }) => newer.every((one) => one.id !== id));
      this.#set({ conversations: [...newer, ...older].sort((a, b) => b.updated - a.updated) });
    } catch {
      this.notice("This browser keeps nothing for this page: conversations will be lost when it closes.");
    }
    const going = this.#writers.resume();
    if (going !== null && this.#state.current === null) this.#set({ current: going });
    await models;
  }

  async refreshModels(): Promise<void> {
    try {
      this.#set({ models: inOrder(await listModels(this.#state.settings.key), inPageModel()) });
      if (this.#state.notice?.retry) this.notice(null);
    } catch (error) {
      const served = this.#state.models.filter(({ id }) => id !== IN_PAGE);
      this.#set({ models: inOrder(served, inPageModel()), notice: { text: (error as Error).message, retry: true } });
    }
  }

  open(id: string | null): void {
    this.#set({ current: id });
  }

  change(settings: Partial<Settings>): void {
    const changed = { ...this.#state.settings, ...settings };
    saveSettings(changed);
    applyTheme(changed.theme);
    this.#set({ settings: changed });
  }

  notice(text: string | null): void {
    this.#set({ notice: text === null ? null : { text, retry: false } });
  }

  /** Adds a message of the reader's under the shown end, or under `parent`, and asks for answers in the way that is set. */
  send(content: string, parent?: string | null): void {
    const conversation = this.conversation ?? newConversation(content);
    const under = parent === undefined ? (pathOf(conversation).at(-1)?.id ?? null) : parent;
    const message: Message = { ...blank("user", under), content, state: "done" };
    this.#put(withMessages(conversation, [message]));
    this.#set({ current: conversation.id, deleted: null });
    this.#ask(message.id, this.#state.settings);
  }

  /** Further answers to the message above this one, in the way that is set or in another. */
  regenerate(answer: Message, way: Settings["way"] = this.#state.settings.way): void {
    if (answer.parent !== null) this.#ask(answer.parent, { ...this.#state.settings, way });
  }

  stop(id: string): void {
    this.#writers.stop(id);
  }

  /** Ends the thinking where it is: the answer comes now. */
  async answerNow(message: Message): Promise<void> {
    const conversation = this.conversation;
    if (conversation) await this.#writers.answerNow(conversation.id, message.id);
  }

  /** Writes on where an answer was stopped, cut or broken off. */
  goOn(message: Message): void {
    const conversation = this.conversation;
    if (conversation) void this.#writers.goOn(conversation.id, message.id, message.content !== "");
  }

  /** Another answer that is this one up to a token, has another in its place, and goes on from there. */
  branch(message: Message, at: number, other: Alternative): void {
    const conversation = this.conversation;
    if (!conversation) return;
    const { begun, closed } = branchAt(message, at, other);
    const { model, usdPerSecond } = message;
    const answer: Message = { ...blank("assistant", message.parent), ...begun, model, usdPerSecond };
    this.#put(withMessages(conversation, [answer]));
    void this.#writers.goOn(conversation.id, answer.id, closed);
  }

  /** Shows another of the messages under the same one. */
  choose(id: string): void {
    const conversation = this.conversation;
    if (conversation) this.#show(conversation.id, conversation.messages[id]);
  }

  /** It can be had back until another goes, or something is asked. */
  remove(id: string): void {
    const deleted = this.#find(id) ?? null;
    for (const message of Object.keys(deleted?.messages ?? {})) this.stop(message);
    this.#set({
      deleted,
      conversations: this.#state.conversations.filter((one) => one.id !== id),
      current: this.#state.current === id ? null : this.#state.current,
    });
    deleteConversation(id).catch(() => undefined);
  }

  /** Brings back what was deleted last; what was being written then has ended. */
  restore(): void {
    const { deleted } = this.#state;
    if (deleted === null) return;
    const ended = Object.entries(deleted.messages).map(([id, one]): [string, Message] => [
      id,
      one.state === "writing" ? { ...one, state: "stopped" } : one,
    ]);
    this.#set({ deleted: null, current: deleted.id });
    this.#put({ ...deleted, messages: Object.fromEntries(ended) });
  }

  take(conversations: readonly Conversation[]): void {
    for (const one of conversations) {
      const here = this.#find(one.id);
      // What was said here since it was saved stays.
      const messages = { ...one.messages, ...here?.messages };
      this.#put(here ? { ...here, messages, shown: { ...one.shown, ...here.shown } } : one);
    }
  }

  #ask(under: string, settings: Settings): void {
    const conversation = this.conversation;
    if (!conversation) return;
    const requests = requestsFor(settings, this.#state.models);
    const count = requests.reduce((sum, { labels }) => sum + labels.length, 0);
    const group = count > 1 ? crypto.randomUUID() : undefined;
    const made = requests.map((asked) => ({
      asked,
      answers: asked.labels.map((label): Message => {
        const model = asked.settings.model || this.#state.models[0]?.id;
        const answer: Message = { ...blank("assistant", under), model };
        return group === undefined ? answer : { ...answer, group, label };
      }),
    }));
    const all = made.flatMap(({ answers }) => answers);
    this.#put(withMessages(conversation, all));
    void this.#writers.write(conversation.id, made);
  }

  #show(conversationId: string, message: Message): void {
    const conversation = this.#find(conversationId);
    if (conversation)
      this.#put({ ...conversation, shown: { ...conversation.shown, [message.parent ?? ""]: message.id } });
  }

  #change(conversationId: string, id: string, change: Partial<Message>): void {
    const conversation = this.#find(conversationId);
    const message = conversation?.messages[id];
    if (!conversation || !message) return;
    const changed = { ...conversation, messages: { ...conversation.messages, [id]: { ...message, ...change } } };
    this.#set({ conversations: this.#state.conversations.map((one) => (one.id === conversationId ? changed : one)) });
  }

  #find(id: string): Conversation | undefined {
    return this.#state.conversations.find((one) => one.id === id);
  }

  #put(conversation: Conversation): void {
    const others = this.#state.conversations.filter(({ id }) => id !== conversation.id);
    this.#set({ conversations: [conversation, ...others].sort((a, b) => b.updated - a.updated) });
    this.#keep(conversation.id);
  }

  #keep(id: string): void {
    const conversation = this.#find(id);
    if (conversation) saveConversation(this.#writers.asBegun(conversation)).catch(() => undefined);
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** The messages are of one parent; the first of them is the one shown. */
function withMessages(conversation: Conversation, messages: readonly Message[]): Conversation {
  const [{ id, parent }] = messages;
  return {
    ...conversation,
    updated: Date.now(),
    messages: { ...conversation.messages, ...Object.fromEntries(messages.map((one) => [one.id, one])) },
    shown: { ...conversation.shown, [parent ?? ""]: id },
  };
}

const blank = (role: Message["role"], parent: string | null): Message => ({
  id: crypto.randomUUID(),
  parent,
  role,
  content: "",
  thinking: "",
  state: "writing",
});

function newConversation(first: string): Conversation {
  const line = first.trim().split("\n")[0];
  const title = line.length > 60 ? `${line.slice(0, 57)}...` : line;
  return { id: crypto.randomUUID(), title, updated: Date.now(), messages: {}, shown: {} };
}

function applyTheme(theme: Settings["theme"]): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

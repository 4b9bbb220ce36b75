/** The page's state outside of React: conversations, settings, what is being written. Components read snapshots of it. */
import { listModels, type ModelInfo } from "../api/client.ts";
import { type Beginning, writeAnswer } from "./answering.ts";
import { deleteConversation, loadConversations, saveConversation } from "./history.ts";
import { loadSettings, type Settings, saveSettings } from "./settings.ts";
import { type Conversation, childrenOf, type Message, pathOf } from "./types.ts";

export interface State {
  readonly conversations: readonly Conversation[];
  /** The one shown; null: a new one. */
  readonly current: string | null;
  readonly settings: Settings;
  readonly models: readonly ModelInfo[];
  /** A sentence for the reader: the server is away, a file could not be read. */
  readonly notice: string | null;
}

export class ChatStore {
  #state: State = { conversations: [], current: null, settings: loadSettings(), models: [], notice: null };
  readonly #listeners = new Set<() => void>();
  readonly #writing = new Map<string, AbortController>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): State => this.#state;

  get conversation(): Conversation | null {
    return this.#state.conversations.find(({ id }) => id === this.#state.current) ?? null;
  }

  /** Reads what the browser kept and what the server has. */
  async load(): Promise<void> {
    applyTheme(this.#state.settings.theme);
    try {
      this.#set({ conversations: await loadConversations() });
    } catch {
      this.#set({ notice: "This browser keeps nothing for this page: conversations will be lost when it closes." });
    }
    await this.refreshModels();
  }

  async refreshModels(): Promise<void> {
    try {
      this.#set({ models: await listModels(this.#state.settings.key), notice: null });
    } catch (error) {
      this.#set({ notice: (error as Error).message });
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
    this.#set({ notice: text });
  }

  /** Adds a message of the reader's under the shown end, or under `parent`, and asks for an answer. */
  send(content: string, parent?: string | null): void {
    const conversation = this.conversation ?? newConversation(content);
    const under = parent === undefined ? (pathOf(conversation).at(-1)?.id ?? null) : parent;
    const message: Message = { ...blank("user", under), content, state: "done" };
    this.#put(withMessage(conversation, message));
    this.#set({ current: conversation.id });
    void this.#answer(conversation.id, message.id, null);
  }

  /** A further answer to the message above this one. */
  regenerate(answer: Message, settings?: Partial<Settings>): void {
    if (this.#state.current !== null && answer.parent !== null) {
      void this.#answer(this.#state.current, answer.parent, null, settings);
    }
  }

  stop(id: string): void {
    this.#writing.get(id)?.abort();
  }

  /** Ends the thinking where it is: the same answer goes on behind the closing tag. */
  async answerNow(message: Message): Promise<void> {
    this.stop(message.id);
    await this.#ended(message.id);
    const now = this.conversation?.messages[message.id];
    // A content, if only a line end, closes the thinking it follows.
    if (now && this.#state.current) {
      await this.#goOn(this.#state.current, now, { thinking: now.thinking, content: "\n" });
    }
  }

  /** Shows another of the messages under the same one. */
  choose(message: Message): void {
    const conversation = this.conversation;
    if (conversation)
      this.#put({ ...conversation, shown: { ...conversation.shown, [message.parent ?? ""]: message.id } });
  }

  rename(id: string, title: string): void {
    const conversation = this.#state.conversations.find((one) => one.id === id);
    if (conversation) this.#put({ ...conversation, title });
  }

  remove(id: string): void {
    for (const message of Object.keys(this.#find(id)?.messages ?? {})) this.stop(message);
    this.#set({
      conversations: this.#state.conversations.filter((one) => one.id !== id),
      current: this.#state.current === id ? null : this.#state.current,
    });
    deleteConversation(id).catch(() => undefined);
  }

  take(conversations: readonly Conversation[]): void {
    for (const one of conversations) this.#put(one);
  }

  async #answer(
    conversationId: string,
    under: string,
    begun: Beginning | null,
    changed: Partial<Settings> = {},
  ): Promise<void> {
    const conversation = this.#find(conversationId);
    if (!conversation) return;
    const settings = { ...this.#state.settings, ...changed };
    const model = settings.model || this.#state.models[0]?.id;
    const answer: Message = { ...blank("assistant", under), model };
    this.#put(withMessage(conversation, answer));
    await this.#goOn(conversationId, answer, begun, settings);
  }

  async #goOn(
    conversationId: string,
    answer: Message,
    begun: Beginning | null,
    settings: Settings = this.#state.settings,
  ): Promise<void> {
    const conversation = this.#find(conversationId);
    if (!conversation) return;
    const above = ancestors(conversation, answer);
    const control = new AbortController();
    this.#writing.set(answer.id, control);
    this.#change(conversationId, answer.id, { state: "writing" });
    await writeAnswer(settings, above, begun, control.signal, (change) =>
      this.#change(conversationId, answer.id, change),
    );
    this.#writing.delete(answer.id);
    this.#changed();
    const written = this.#find(conversationId);
    if (written) this.#keep(written);
    if (this.#state.models.every(({ context_length }) => context_length === undefined)) void this.refreshModels();
  }

  #ended(id: string): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#writing.has(id)) return resolve();
      const remove = this.subscribe(() => {
        if (this.#writing.has(id)) return;
        remove();
        resolve();
      });
    });
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
    this.#keep(conversation);
  }

  #keep(conversation: Conversation): void {
    saveConversation(conversation).catch(() => undefined);
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function withMessage(conversation: Conversation, message: Message): Conversation {
  return {
    ...conversation,
    updated: Date.now(),
    messages: { ...conversation.messages, [message.id]: message },
    shown: { ...conversation.shown, [message.parent ?? ""]: message.id },
  };
}

function ancestors(conversation: Conversation, message: Message): Message[] {
  const above: Message[] = [];
  for (let id = message.parent; id !== null; id = conversation.messages[id].parent)
    above.unshift(conversation.messages[id]);
  return above;
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

/** The messages a message may be exchanged for, itself among them. */
export const siblingsOf = (conversation: Conversation, message: Message): Message[] =>
  childrenOf(conversation, message.parent);

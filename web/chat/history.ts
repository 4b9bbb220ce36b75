/** Conversations kept in the browser (IndexedDB), and as files. */
import { inStore } from "./database.ts";
import { fromMarkdown } from "./markdown-file.ts";
import { pack } from "./packed.ts";
import type { Conversation, Message } from "./types.ts";

/** All of them, the one used last first. What was being written when the page went, and cannot be read on, is called stopped. */
export async function loadConversations(): Promise<Conversation[]> {
  const all: Conversation[] = await inStore("conversations", "readonly", (store) => store.getAll());
  return all.map((one) => settled(one, ({ stream }) => stream !== undefined)).sort((a, b) => b.updated - a.updated);
}

export const saveConversation = (one: Conversation): Promise<IDBValidKey> =>
  inStore("conversations", "readwrite", (store) => store.put(one));

export const deleteConversation = (id: string): Promise<undefined> =>
  inStore("conversations", "readwrite", (store) => store.delete(id));

function settled(conversation: Conversation, goesOn: (message: Message) => boolean = () => false): Conversation {
  const messages = Object.entries(conversation.messages).map(([id, message]) => [
    id,
    packed(message.state === "writing" && !goesOn(message) ? { ...message, state: "stopped" } : message),
  ]);
  return { ...conversation, messages: Object.fromEntries(messages) };
}

/** The first versions of this page kept tokens as they came. */
function packed(message: Message): Message {
  const { thinkingTokens: thinking, answerTokens: answer } = message;
  return {
    ...message,
    ...(Array.isArray(thinking) ? { thinkingTokens: pack(thinking) } : {}),
    ...(Array.isArray(answer) ? { answerTokens: pack(answer) } : {}),
  };
}

/** Conversations of a file that was saved here. @throws Error with a sentence where it holds none */
export function fromFile(text: string): Conversation[] {
  const one = fromMarkdown(text, () => crypto.randomUUID());
  return one === null ? fromJson(text) : [one];
}

function fromJson(text: string): Conversation[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("The file is neither JSON nor Markdown that was saved here; import one that was.");
  }
  const list = (value as { conversations?: unknown })?.conversations;
  if (!Array.isArray(list) || !list.every(isConversation)) {
    throw new Error("The file holds no conversations; import a file that was exported here.");
  }
  return list.map((one) => settled(one));
}

function isConversation(value: unknown): value is Conversation {
  const one = value as Partial<Conversation> | null;
  const strings = typeof one?.id === "string" && typeof one.title === "string" && typeof one.updated === "number";
  if (!strings || typeof one.messages !== "object" || typeof one.shown !== "object" || !one.messages) return false;
  const messages = Object.values(one.messages);
  const sound = messages.every(
    (message) =>
      ["id", "content", "thinking", "state"].every((key) => typeof message?.[key as "id"] === "string") &&
      (message.role === "user" || message.role === "assistant"),
  );
  return (
    sound && Object.entries(one.messages).every(([id, message]) => id === message.id && endsAtTop(one.messages!, id))
  );
}

/** Whether what a message stands under is there, up to the first: a path that goes round would never end. */
function endsAtTop(messages: Conversation["messages"], from: string): boolean {
  const passed = new Set<string>();
  for (let id: string | null = from; id !== null; id = messages[id].parent) {
    if (passed.has(id) || !Object.hasOwn(messages, id) || messages[id].parent === undefined) return false;
    passed.add(id);
  }
  return true;
}

/** Hands the reader a file. */
export function download(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Conversations kept in the browser (IndexedDB), and as files. */
import { inStore } from "./database.ts";
import { pack } from "./packed.ts";
import { type Conversation, type Message, pathOf } from "./types.ts";

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

/** A conversation's shown path as a Markdown file, thinking in a quote. */
export function asMarkdown(conversation: Conversation): string {
  const parts = pathOf(conversation).map(({ role, content, thinking, model }) => {
    const thought = thinking === "" ? "" : `${thinking.trim().replace(/^/gm, "> ")}\n\n`;
    return `## ${role === "user" ? "You" : (model ?? "Model")}\n\n${thought}${content.trim()}\n`;
  });
  return `# ${conversation.title}\n\n${parts.join("\n")}`;
}

/** @throws Error with a sentence where the text is no export of conversations */
export function fromJson(text: string): Conversation[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("The file is not JSON; import a file that was exported here.");
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
  return Object.values(one.messages).every(
    (message) =>
      ["id", "content", "thinking", "state"].every((key) => typeof message?.[key as "id"] === "string") &&
      (message.role === "user" || message.role === "assistant"),
  );
}

/** Hands the reader a file. */
export function download(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** What a conversation is: a tree of messages, of which one path is shown. */
import type { Token } from "../api/stream.ts";

export interface Counts {
  readonly promptTokens: number;
  readonly thinkingTokens: number;
  readonly answerTokens: number;
  /** Seconds from sending to the first token, of thinking, and altogether. */
  readonly waited: number;
  readonly thought: number;
  readonly took: number;
}

export interface Message {
  readonly id: string;
  readonly parent: string | null;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly thinking: string;
  readonly state: "writing" | "done" | "stopped" | "cut" | "failed";
  /** Why it failed, in words. */
  readonly failure?: string;
  readonly model?: string;
  readonly counts?: Counts;
  /** What was drawn instead of what, in order: of the thinking and of the answer. */
  readonly thinkingTokens?: readonly Token[];
  readonly answerTokens?: readonly Token[];
}

export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly updated: number;
  readonly messages: Readonly<Record<string, Message>>;
  /** The child shown under a message; under "" the first message. */
  readonly shown: Readonly<Record<string, string>>;
}

export const childrenOf = (conversation: Conversation, parent: string | null): Message[] =>
  Object.values(conversation.messages).filter((message) => message.parent === parent);

/** The messages shown, from the first to the last. */
export function pathOf(conversation: Conversation): Message[] {
  const path: Message[] = [];
  for (let id = conversation.shown[""]; id !== undefined; id = conversation.shown[id]) {
    const message = conversation.messages[id];
    if (message === undefined || path.includes(message)) break;
    path.push(message);
  }
  return path;
}

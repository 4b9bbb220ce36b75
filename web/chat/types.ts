/** What a conversation is: a tree of messages, of which one path is shown. */
import { IN_PAGE } from "../engine/in-page.ts";
import type { PackedTokens } from "./packed.ts";

export interface Counts {
  readonly promptTokens: number;
  readonly thinkingTokens: number;
  readonly answerTokens: number;
  /** Seconds from sending to the first token, of thinking, and altogether. */
  readonly waited: number;
  readonly thought: number;
  readonly took: number;
}

/** Where an answer stands among those asked for together: which cluster of equal answers, and what it says. */
export interface Vote {
  readonly cluster: number;
  readonly said: string;
  readonly votes: number;
  /** More answers say this than say anything else. */
  readonly wins: boolean;
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
  /** While it is written: the server cannot be reached just now. */
  readonly lost?: boolean;
  readonly model?: string;
  readonly counts?: Counts;
  /** US dollars, where the server states a price. */
  readonly cost?: { readonly prompt: number; readonly thinking: number; readonly answer: number };
  /** US dollars that a second of writing costs: the machine's threads at their price, shared by the answers written at once. */
  readonly usdPerSecond?: number;
  /** What was drawn instead of what, in order: of the thinking and of the answer. */
  readonly thinkingTokens?: PackedTokens;
  readonly answerTokens?: PackedTokens;
  /** Answers asked for together share it, and are shown side by side; `label` tells them apart. */
  readonly group?: string;
  readonly label?: string;
  readonly vote?: Vote;
  /** Where another answer was left for this one, in words. */
  readonly branch?: string;
  /** The server's stream it comes by while it is written, and which of its answers it is. */
  readonly stream?: { readonly id: string; readonly index: number };
}

export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly updated: number;
  readonly messages: Readonly<Record<string, Message>>;
  /** The child shown under a message; under "" the first message. */
  readonly shown: Readonly<Record<string, string>>;
}

/** The engine in the page takes questions only; a server's also a beginning of the answer. */
export const goesOnFromText = ({ model }: Message): boolean => model !== IN_PAGE;

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

/** The messages above one, from the first. */
export function above(conversation: Conversation, message: Message): Message[] {
  const found: Message[] = [];
  for (let id = message.parent; id !== null; id = conversation.messages[id].parent)
    found.unshift(conversation.messages[id]);
  return found;
}

/** Those asked for together with a message, itself among them. */
export const groupOf = (conversation: Conversation, message: Message): Message[] =>
  message.group === undefined
    ? [message]
    : childrenOf(conversation, message.parent).filter(({ group }) => group === message.group);

/** What may be shown in a message's place: single answers, and of answers asked for together one. */
export function versionsOf(conversation: Conversation, message: Message): Message[] {
  const seen = new Set<string>();
  return childrenOf(conversation, message.parent).filter(({ id, group }) => {
    const own = group === undefined ? id : group;
    if (seen.has(own)) return false;
    seen.add(own);
    return true;
  });
}

/** Another way from one token of an answer on: what stands before it, with the other token in its place. */
import type { Alternative, Token } from "../api/stream.ts";
import { pack, unpack } from "./packed.ts";
import type { Message } from "./types.ts";

/** The tags around thinking come as tokens too; they are no part of its text. */
const isTag = (token: string): boolean => /^<\/?think(ing)?>$/.test(token.trim());

const textOf = (tokens: readonly Token[]): string =>
  tokens
    .map(({ token }) => token)
    .filter((token) => !isTag(token))
    .join("");

export interface Branch {
  readonly begun: Pick<Message, "thinking" | "content" | "thinkingTokens" | "answerTokens" | "branch">;
  /** The thinking has ended with what is begun. */
  readonly closed: boolean;
}

/** @param at counted over the thinking's tokens, then the answer's */
export function branchAt(message: Message, at: number, other: Alternative): Branch {
  const thinking = unpack(message.thinkingTokens);
  const answer = unpack(message.answerTokens);
  const all = [...thinking, ...answer];
  const instead: Token = { ...all[at], ...other };
  const branch = `from token ${at + 1}: ${JSON.stringify(other.token)} in place of ${JSON.stringify(all[at].token)}`;
  if (at < thinking.length) {
    const tokens = [...thinking.slice(0, at), instead];
    const ends = isTag(other.token) && other.token.includes("/");
    return {
      begun: { thinking: textOf(tokens), content: "", thinkingTokens: pack(tokens), branch },
      closed: ends,
    };
  }
  const tokens = [...answer.slice(0, at - thinking.length), instead];
  return {
    begun: {
      thinking: message.thinking,
      content: textOf(tokens),
      thinkingTokens: message.thinkingTokens,
      answerTokens: pack(tokens),
      branch,
    },
    closed: true,
  };
}

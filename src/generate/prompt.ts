/**
 * From messages to the ids a model reads. What people write is kept from steering the model: a role mark or end-of-text token
 * typed into a message becomes its plain characters, while the same tokens in the template stay tokens.
 */
import { type ChatMessage, type RenderOptions, renderChat } from "../text/template.ts";
import { messagesForTemplate } from "../text/template-messages.ts";
import { isControlToken, type Tokenizer } from "../text/tokenizer.ts";

export interface Prompt {
  /** The text as the model reads it. */
  readonly text: string;
  readonly ids: readonly number[];
  /** Whether the answer goes on within thinking. Default: where the text ends with the opening tag. */
  readonly insideThink?: boolean;
}

/** Renders messages with a chat template and encodes the result. @throws UserError */
export function chatPrompt(
  tokenizer: Tokenizer,
  template: string,
  messages: readonly ChatMessage[],
  options: RenderOptions = {},
): Prompt {
  const typed: string[] = [];
  const guarded = messagesForTemplate(template, messages).map((message) => guardAll(tokenizer, message, typed));
  const tools = options.tools?.map((tool) => guardAll(tokenizer, tool, typed));
  const tokens = {
    bosToken: tokenizer.bosId === null ? "" : tokenizer.tokenOf(tokenizer.bosId),
    eosToken: tokenizer.eosIds.length === 0 ? "" : tokenizer.tokenOf(tokenizer.eosIds[0]),
  };
  const rendered = renderChat(template, guarded, { ...tokens, ...options, tools });
  const ids: number[] = [];
  let text = "";
  // Odd pieces are numbers of typed marks.
  for (const [i, piece] of rendered.split(SENTINEL).entries()) {
    const part = i % 2 === 0 ? piece : typed[Number(piece)];
    text += part;
    if (part !== "") for (const id of tokenizer.encode(part, { parseSpecial: i % 2 === 0 })) ids.push(id);
  }
  return { text, ids };
}

/** A text as it is, special tokens in it read as such; BOS in front where the tokenizer puts one and the text has none. @throws UserError */
export function rawPrompt(tokenizer: Tokenizer, text: string): Prompt {
  const ids = tokenizer.encode(text, { parseSpecial: true });
  const withBos = tokenizer.encode(text, { parseSpecial: true, addSpecial: true });
  const { bosId } = tokenizer;
  return { text, ids: bosId !== null && ids[0] === bosId ? ids : withBos };
}

/** Stand-ins for typed marks on their way through the template: private-use characters, which no vocabulary's marks contain. */
const SENTINEL = /\uE000(\d+)\uE001/;
const LOOKS_LIKE_MARK = /<[^<>\n]{1,60}>|\[[A-Z_/]{1,30}\]|\uE000\d+\uE001/g;

/** Guards every text in a message or a tool: names, arguments and descriptions come from elsewhere as well. */
function guardAll<T>(tokenizer: Tokenizer, value: T, typed: string[]): T {
  if (typeof value === "string") return guard(tokenizer, value, typed) as T;
  if (Array.isArray(value)) return value.map((item) => guardAll(tokenizer, item, typed)) as T;
  if (typeof value !== "object" || value === null) return value;
  const guarded = Object.entries(value).map(([key, item]) => [
    key,
    key === "role" ? item : guardAll(tokenizer, item, typed),
  ]);
  return Object.fromEntries(guarded) as T;
}

function guard(tokenizer: Tokenizer, content: string, typed: string[]): string {
  return content.replace(LOOKS_LIKE_MARK, (mark) => {
    const id = tokenizer.idOf(mark);
    // Thinking tags are left alone: templates cut earlier thinking out by them.
    const steers = mark.startsWith("\uE000") || (id !== undefined && isControlToken(mark, tokenizer.isSpecial(id)));
    return steers ? `\uE000${typed.push(mark) - 1}\uE001` : mark;
  });
}

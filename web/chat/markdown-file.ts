/**
 * A conversation's shown path as a Markdown file, to be read by anyone and to be read back. Each part begins with a comment that no
 * reader of Markdown shows; the comments bear a mark that stands nowhere in the texts, so that nothing in them is taken for one.
 */
import { type Conversation, type Message, pathOf } from "./types.ts";

const PARTS = ["question", "thinking", "answer"] as const;

export function asMarkdown(conversation: Conversation): string {
  const path = pathOf(conversation);
  const texts = path.flatMap(({ content, thinking }) => [content, thinking]);
  let mark = 1;
  while (texts.some((text) => text.includes(`<!-- reckon ${mark} `))) mark++;
  const parts = path.map(({ role, content, thinking, model }) => {
    if (role === "user") return `## You\n\n<!-- reckon ${mark} question -->\n\n${content.trim()}\n`;
    const thought = thinking.trim() === "" ? "" : `<!-- reckon ${mark} thinking -->\n\n${quoted(thinking.trim())}\n\n`;
    return `## ${model ?? "Model"}\n\n${thought}<!-- reckon ${mark} answer -->\n\n${content.trim()}\n`;
  });
  return `# ${conversation.title}\n\n${parts.join("\n")}`;
}

/**
 * The conversation of a file that `asMarkdown` wrote, texts trimmed; null where it is no such file.
 * @param id a new one for each message and the conversation
 */
export function fromMarkdown(file: string, id: () => string): Conversation | null {
  const text = file.replaceAll("\r\n", "\n");
  const mark = /^# .*\n\n## .*\n\n<!-- reckon (\d+) question -->\n/.exec(text)?.[1];
  if (mark === undefined) return null;
  const title = text.slice(2, text.indexOf("\n"));
  const heads = [...text.matchAll(new RegExp(`<!-- reckon ${mark} (${PARTS.join("|")}) -->\\n\\n`, "g"))];
  const messages: Message[] = [];
  let thinking = "";
  for (const [at, { 0: head, 1: part, index }] of heads.entries()) {
    const end = heads[at + 1]?.index ?? text.length;
    const body = text.slice(index + head.length, end);
    if (part === "thinking") {
      thinking = unquoted(body.trim());
      continue;
    }
    // The heading of what follows stands at the end of the body, unless what follows is the answer to this thinking.
    const content = (heads[at + 1] === undefined ? body : body.replace(/\n## [^\n]*\n\n$/, "")).trim();
    const above = text.slice(0, part === "answer" && thinking !== "" ? heads[at - 1].index : index);
    const model = /## ([^\n]*)\n\n$/.exec(above)?.[1];
    messages.push({
      ...{ id: id(), parent: messages.at(-1)?.id ?? null, content, state: "done" },
      ...(part === "question" ? { role: "user", thinking: "" } : { role: "assistant", thinking, model }),
    });
    thinking = "";
  }
  return {
    ...{ id: id(), title, updated: Date.now() },
    messages: Object.fromEntries(messages.map((one) => [one.id, one])),
    shown: Object.fromEntries(messages.map((one) => [one.parent ?? "", one.id])),
  };
}

const quoted = (text: string): string => text.replace(/^/gm, "> ");
const unquoted = (text: string): string => text.replace(/^> ?/gm, "");

// A conversation saved as Markdown is read back as it was.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asMarkdown, fromMarkdown } from "./markdown-file.ts";
import type { Conversation, Message } from "./types.ts";
import { pathOf } from "./types.ts";

const pieces = fc.constantFrom(
  ...[
    "## You\n\n",
    "> a",
    "\n\n",
    "<!-- reckon 1 question -->\n\n",
    "<!-- reckon 2 answer -->",
    "x",
    " ",
    "```\n",
    "# t",
    "$1",
  ],
);
const text = fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join(""));
const turns = fc.array(fc.record({ question: text, thinking: text, answer: text }), { minLength: 1, maxLength: 3 });

function conversationOf(said: readonly { question: string; thinking: string; answer: string }[]): Conversation {
  const messages: Message[] = [];
  const add = (message: Omit<Message, "id" | "parent" | "state">): void => {
    messages.push({ ...message, id: `m${messages.length}`, parent: messages.at(-1)?.id ?? null, state: "done" });
  };
  for (const { question, thinking, answer } of said) {
    add({ role: "user", content: question, thinking: "" });
    add({ role: "assistant", content: answer, thinking, model: "reckon-nano" });
  }
  const shown = Object.fromEntries(messages.map((one) => [one.parent ?? "", one.id]));
  return {
    id: "c",
    title: "Of it all",
    updated: 1,
    messages: Object.fromEntries(messages.map((one) => [one.id, one])),
    shown,
  };
}

test("whatever was said, the file is read back as it was", () => {
  fc.assert(
    fc.property(turns, (said) => {
      let ids = 0;
      const back = fromMarkdown(asMarkdown(conversationOf(said)), () => `n${ids++}`);
      assert.ok(back !== null);
      assert.equal(back.title, "Of it all");
      assert.deepEqual(
        pathOf(back).map(({ role, content, thinking, model }) => ({ role, content, thinking, model })),
        said.flatMap(({ question, thinking, answer }) => [
          { role: "user", content: question.trim(), thinking: "", model: undefined },
          { role: "assistant", content: answer.trim(), thinking: thinking.trim(), model: "reckon-nano" },
        ]),
      );
    }),
  );
});

test("another Markdown file is none of ours", () => {
  assert.equal(
    fromMarkdown("# A title\n\n## You\n\nhello\n", () => "x"),
    null,
  );
});

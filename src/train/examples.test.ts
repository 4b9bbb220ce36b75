import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { readExamples } from "./examples.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-examples-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));

function read(text: string) {
  const file = path.join(place, "data.jsonl");
  fs.writeFileSync(file, text);
  return readExamples(file);
}

test("examples are prompts with answers, or messages whose thinking stands in think tags", () => {
  const messages = (content: string) =>
    JSON.stringify({
      messages: [
        { role: "user", content: "1+1?" },
        { role: "assistant", content },
      ],
    });
  assert.deepEqual(
    read(`{"prompt":"a","answer":"b"}\n\n${messages("<think>\n1+1=2\n</think>\n\n2")}\n${messages("two")}\n`),
    [
      { prompt: "a", thinking: "", answer: "b" },
      { prompt: "1+1?", thinking: "1+1=2", answer: "2" },
      { prompt: "1+1?", thinking: "", answer: "two" },
    ],
  );
});

test("GSM8K's lines are read as they are: steps as thinking, without calculator notes, and what follows ####", () => {
  const answer = "Half is 48/2 = <<48/2=24>>24 clips.\nTogether <<48+24=72>>72.\n#### 72";
  assert.deepEqual(read(JSON.stringify({ question: "How many?", answer })), [
    { prompt: "How many?", thinking: "Half is 48/2 = 24 clips.\nTogether 72.", answer: "72" },
  ]);
  assert.throws(() => read('{"question":"a","answer":"7"}'), /has no ####/);
});

test("a line that is no example is named by its number", () => {
  assert.throws(() => read('{"prompt":"a","answer":"b"}\n{"prompt":"a"}'), /data\.jsonl:2 is no example: answer/);
  assert.throws(() => read("[1"), /:1 is no example: it is not JSON/);
  assert.throws(() => read("7"), /it is not an object/);
  assert.throws(() => read('{"messages":[{"role":"user","content":"x"}]}'), /:1 is no example: messages/);
  assert.throws(() => read("\n"), /holds no examples/);
  assert.throws(() => readExamples(path.join(place, "none")), /cannot be read/);
});

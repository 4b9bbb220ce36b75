import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { testData } from "../../checkpoint/test-data.ts";
import { findContamination } from "./contamination.ts";
import { textOf } from "./read.ts";
import { wordsOf } from "./words.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-contamination-"));
after(() => fs.rmSync(place, { recursive: true }));

async function* chunked(text: string, size = 7): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

const question = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.";

test("a question is found through other case, punctuation, line ends and JSON escapes, in pieces of any size", async () => {
  const forms = [
    question,
    question.toUpperCase().replaceAll(" ", "\n\n"),
    JSON.stringify({ q: `She said: "${question.replaceAll(" ", "\n")}"` }),
    `{"q":"${question.replaceAll("A", "\\u0041")}"}`,
  ];
  for (const form of forms)
    for (const size of [1, 5, 1000]) {
      const { contaminated, hits, share } = await findContamination(
        [{ id: "q", text: question }],
        13,
        chunked(`before ${form} after`.replace("before {", "{"), size),
      );
      assert.deepEqual([contaminated, share, hits[0]?.share], [1, 1, 1], `${form} in pieces of ${size}`);
      assert.equal(hits[0]!.example, "natalia sold clips to 48 of her friends in april and then she");
    }
});

test("twelve words in a row are none of thirteen, and words taken apart are no run", async () => {
  const words = [...wordsOf(question)];
  const part = words.slice(2, 14).join(" ");
  const look = (text: string) => findContamination([{ id: "q", text: question }], 13, chunked(text));
  assert.equal((await look(part)).contaminated, 0);
  assert.equal((await look(`${part} in`)).contaminated, 0);
  assert.equal((await look(words.slice(2, 15).join(" "))).contaminated, 1);
  assert.equal((await look(words.join(" and ").replaceAll(" and ", " zebra "))).contaminated, 0);
});

test("short questions are found whole, and ones of a few words are not looked for", async () => {
  const questions = [
    { id: "short", text: "How many eggs are left over?" },
    { id: "tiny", text: "What is 2+2?" },
  ];
  const found = await findContamination(
    questions,
    13,
    chunked("Say how many eggs are left over today. What is 2+2? Yes."),
  );
  assert.deepEqual([found.short, found.too_short, found.hits.map(({ id }) => id), found.share], [1, 1, ["short"], 1]);
  assert.equal((await findContamination(questions, 13, chunked("how many eggs are left"))).contaminated, 0);
});

test("scripts without spaces count by characters", async () => {
  assert.deepEqual([...wordsOf("詹姆斯跑3次, 60米!")], ["詹", "姆", "斯", "跑", "3", "次", "60", "米"]);
  const text = "詹姆斯决定每周跑 3 次 3 段冲刺，每段冲刺跑 60 米。";
  assert.equal((await findContamination([{ id: "zh", text }], 13, chunked(`…${text}…`))).contaminated, 1);
});

test("what is found is what a plain search over all runs of words finds", async () => {
  const word = fc.constantFrom("a", "b", "c", "d");
  const texts = fc.array(fc.array(word, { minLength: 5, maxLength: 12 }), { minLength: 1, maxLength: 4 });
  const training = fc.array(fc.constantFrom("a", "b", "c", "d", "x"), { maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(texts, training, async (questions, read) => {
      const n = 6;
      const whole = ` ${read.join(" ")} `;
      const all = questions.map((words, i) => ({ id: String(i), text: words.join(" ") }));
      const expected = questions.flatMap((words, i) => {
        const length = Math.min(n, words.length);
        const runs = Array.from({ length: words.length - length + 1 }, (_, at) =>
          words.slice(at, at + length).join(" "),
        );
        const found = runs.filter((run) => whole.includes(` ${run} `)).length;
        return found === 0 ? [] : [{ id: String(i), share: found / runs.length }];
      });
      const { hits } = await findContamination(all, n, chunked(read.join(" ")));
      assert.deepEqual(
        hits.map(({ id, share }) => ({ id, share })),
        expected,
      );
    }),
    { numRuns: 60 },
  );
});

const { file, skip } = testData("benchmarks/gsm8k.test.jsonl.gz");
test("a benchmark's own file is wholly contaminated; gzip is read as it comes", { skip }, async () => {
  const questions = [
    {
      id: "0",
      text: "Janet’s ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends every day with four.",
    },
  ];
  assert.equal((await findContamination(questions, 13, textOf(file))).contaminated, 1);
  const own = path.join(place, "own.txt.gz");
  fs.writeFileSync(own, gzipSync("nothing of it"));
  assert.equal((await findContamination(questions, 13, textOf(own))).contaminated, 0);
  fs.writeFileSync(own, gzipSync("x".repeat(9999)).subarray(0, 20));
  await assert.rejects(findContamination(questions, 13, textOf(own)), { name: "UserError", message: /cannot be read/ });
  await assert.rejects(findContamination(questions, 13, textOf(path.join(place, "no"))), { message: /no such file/ });
});

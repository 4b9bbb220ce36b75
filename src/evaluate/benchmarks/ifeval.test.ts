import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { testData } from "../../checkpoint/test-data.ts";
import { summarize } from "../accuracy.ts";
import type { Item } from "../item.ts";
import { responseOf, sampleRecord } from "../record/sample-record.ts";
import { openBenchmark } from "./registry.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-ifeval-"));
after(() => fs.rmSync(place, { recursive: true }));
const { file: folder, skip } = testData("benchmarks");

const RECORD = {
  key: 7,
  prompt: "Write a short note in JSON, without commas.",
  instruction_id_list: ["detectable_format:json_format", "punctuation:no_comma", "length_constraints:number_words"],
  kwargs: [{}, { num_words: null }, { relation: "less than", num_words: 4 }],
};

function open(...records: readonly object[]): readonly Item[] {
  const file = path.join(place, "ifeval.jsonl");
  fs.writeFileSync(file, records.map((one) => `${JSON.stringify(one)}\n`).join(""));
  return openBenchmark(file, { seed: 1 }, { workingFolder: place, checkout: place }).items;
}

test("prompts and instructions are counted strictly and loosely, and kept with the answer", async () => {
  const [item] = open(RECORD);
  assert.deepEqual([item!.id, item!.prompt], ["7", RECORD.prompt]);
  const texts = [
    '{"note": "no"}',
    'Sure, here it is:\n{"note": "no"}',
    "yes, no, four, five, six",
    "<think>never ends",
  ];
  const clock = { session: 0, seconds: 0, core_seconds: null, joules: null };
  const responses = await Promise.all(
    texts.map(async (text, i) => {
      const judgement = await item!.judge(text, true);
      const response = { text, tokens: 1, thinking: 0, finish: "stop" as const, ...judgement };
      return responseOf(JSON.parse(JSON.stringify(sampleRecord(item!, i, response, clock))));
    }),
  );
  const { accuracy, parts } = summarize({ results: [{ item: item!, responses }], samples: 4 });
  assert.equal(accuracy, 1 / 4);
  assert.deepEqual(Object.fromEntries(parts), {
    prompt_loose: 2 / 4,
    instruction_strict: 3 / 12,
    instruction_loose: 6 / 12,
    "instruction_strict/detectable_format": 1 / 4,
    "instruction_strict/punctuation": 1 / 4,
    "instruction_strict/length_constraints": 1 / 4,
  });
  assert.match(responses[1]!.reason, /3 of 3 instructions are not followed: .*loosely kept/);
});

test("every published prompt has instructions that are known, with arguments that are theirs", { skip }, async () => {
  const { items } = openBenchmark("ifeval", { seed: 1 }, { workingFolder: place, checkout: place, folder });
  assert.equal(new Set(items.flatMap(({ gold }) => gold.split(", "))).size, 25);
  assert.equal((await items[0]!.judge("*One* two", true)).accuracy, 0);
});

test("instructions that are none are refused with their line", () => {
  for (const [change, wanted] of [
    [{ instruction_id_list: "x" }, /line 1: "instruction_id_list" is not a list/],
    [{ kwargs: [{}] }, /line 1: "kwargs" is not a list of 3 objects/],
    [{ instruction_id_list: ["made:up", "punctuation:no_comma", "punctuation:no_comma"] }, /line 1: .*made:up/],
    [{ kwargs: [{}, {}, { relation: "about", num_words: 4 }] }, /line 1: .*number_words do not fit: relation/],
  ] as const) {
    assert.throws(() => open({ ...RECORD, ...change }), wanted);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { failureOf, shortName } from "./names.ts";

test("an evaluation is called by its file, a published model's by model, level and way of asking", () => {
  for (const [id, name] of [
    ["first.jsonl", "first"],
    ["more/second.report.json", "more/second"],
    ["more/report.json", "more/report"],
    ["models/reckon-nano/evaluation.json/final/greedy", "reckon-nano, greedy"],
    ["models/reckon-nano/evaluation.json/base/sampled", "reckon-nano base, sampled"],
    ["models/reckon-nano/evaluation.json/final_f32/greedy", "reckon-nano in F32, greedy"],
    ["mine/evaluation.json/harder/2/base/greedy", "mine base, level 2, greedy"],
    ["mine/evaluation.json", "mine"],
    ["evaluation.json/final/greedy", "evaluation, greedy"],
  ] as const)
    assert.equal(shortName(id), name);
});

test("what is wrong with a file names it once, with its folder", () => {
  assert.equal(failureOf("more/a.json", "a.json is not JSON."), "more/a.json is not JSON.");
  assert.equal(failureOf("a.jsonl", "The answers are not judged."), "a.jsonl: The answers are not judged.");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { sameAnswer } from "../tasks/math/verify.ts";
import { majority } from "./vote.ts";

test("answers that a supplied equality holds for the same are one vote, under the first one's writing", () => {
  const answers = ["3", "\\boxed{\\frac{1}{2}}", "0.5", "3", "The answer is 1/2."];
  assert.equal(majority(answers).answer, "3");
  const vote = majority(answers, sameAnswer);
  assert.deepEqual([vote.answer, vote.votes, vote.index], ["\\boxed{\\frac{1}{2}}", 3, 1]);
  assert.deepEqual(
    vote.tally.map(({ votes }) => votes),
    [3, 2],
  );
});

test("an empty answer never wins a vote over a given one, with or without an equality", () => {
  for (const same of [undefined, sameAnswer]) assert.equal(majority(["", "", "7"], same).answer, "7");
});

/** Math-Verify's own test cases, and the list of those judged otherwise here: docs/verifier.md tells why, and must stay true. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { readTestJson, testData } from "../../checkpoint/test-data.ts";
import { verify } from "./verify.ts";

interface Oracle {
  readonly cases: readonly {
    readonly args: {
      readonly gold: string;
      readonly pred: string;
      readonly expected?: number;
      readonly result?: number;
      readonly precision?: number;
      readonly strict?: boolean;
      readonly allow_set_relation_comp?: boolean;
    };
  }[];
}

const name = "oracles/math_verify_cases.json";

test("Math-Verify's cases are judged as there, but for those docs/verifier.md lists", {
  skip: testData(name).skip,
}, () => {
  const { cases } = readTestJson<Oracle>(name);
  const others = cases.flatMap(({ args }, i) => {
    const { gold, pred, precision, strict, allow_set_relation_comp: relationsForSets } = args;
    const verdict = verify(gold, pred, { precision, strict, relationsForSets });
    const expected = (args.expected ?? args.result) === 1;
    return verdict.correct === expected ? [] : [`| ${i} | ${expected ? "right" : "wrong"} |`];
  });
  const document = fs.readFileSync(path.resolve(import.meta.dirname, "../../../docs/verifier.md"), "utf8");
  const listed = Array.from(document.matchAll(/^\| (\d+) \| (right|wrong) \|/gm), (match) => match[0]);
  assert.deepEqual(others, listed);
  assert.match(document, new RegExp(`${cases.length - others.length} of ${cases.length}`));
});

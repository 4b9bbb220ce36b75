import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReasoningSplitter, splitReasoning } from "./reasoning.ts";

const cut = (text: string, cuts: readonly number[]): string[] => {
  const at = [...new Set(cuts.map((one) => one % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => text.slice(from, [...at, text.length][i]));
};

test("thinking and answer are told apart, with white space between them left out", () => {
  const cases: [string, boolean, string, string][] = [
    ["<think>\na\n</think>\n\nb ", false, "a", "b "],
    ["\na b\n</think>\n\nc", true, "a b", "c"],
    ["\n<think>\na</think>b", true, "a", "b"],
    ["plain <think>x</think>", false, "", "plain <think>x</think>"],
    ["  plain", false, "", "  plain"],
    ["never closed </thin", true, "never closed </thin", ""],
    ["<think>never closed\n", false, "never closed", ""],
    ["</think>b", true, "", "b"],
    ["a</think>b</think>c", true, "a", "b</think>c"],
    ["<thi", false, "", "<thi"],
    ["<thi", true, "<thi", ""],
    ["", true, "", ""],
  ];
  for (const [text, startsInThink, reasoning, content] of cases) {
    assert.deepEqual(splitReasoning(text, { startsInThink }), { reasoning, content }, JSON.stringify(text));
  }
  assert.deepEqual(splitReasoning("<think>\na\n</think>\n\nb", { keepSpace: true }), {
    reasoning: "\na\n",
    content: "\n\nb",
  });
});

test("half a tag is held back until it is known to be one", () => {
  const splitter = new ReasoningSplitter({ startsInThink: true });
  assert.deepEqual(splitter.push("a</th"), { reasoning: "a", content: "" });
  assert.deepEqual(splitter.push("at"), { reasoning: "</that", content: "" });
  assert.deepEqual(splitter.push("</think"), { reasoning: "", content: "" });
  assert.ok(splitter.isThinking);
  assert.deepEqual(splitter.push(">b"), { reasoning: "", content: "b" });
  assert.ok(!splitter.isThinking);
});

test("however a text is cut into pieces, the split is the same", () => {
  const part = fc.constantFrom("<think>", "</think>", "<think", "</", "think>", "<", ">", " ", "\n", "a", "bc", "🦙");
  const texts = fc.array(part, { maxLength: 14 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      texts,
      fc.array(fc.nat(60), { maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      (text, cuts, startsInThink, keepSpace) => {
        const whole = splitReasoning(text, { startsInThink, keepSpace });
        const splitter = new ReasoningSplitter({ startsInThink, keepSpace });
        const deltas = [...cut(text, cuts).map((piece) => splitter.push(piece)), splitter.end()];
        assert.deepEqual(
          {
            reasoning: deltas.map((one) => one.reasoning).join(""),
            content: deltas.map((one) => one.content).join(""),
          },
          whole,
        );
      },
    ),
    { numRuns: 2000 },
  );
});

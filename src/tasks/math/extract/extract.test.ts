import assert from "node:assert/strict";
import { test } from "node:test";
import { finalAnswer } from "../verify.ts";

function found(cases: readonly (readonly [response: string, answer: string])[]): void {
  for (const [response, answer] of cases) assert.equal(finalAnswer(response), answer, response);
}

test("the last box counts, its braces matched", () =>
  found([
    ["first \\boxed{1}, then \\boxed{\\frac{1}{\\sqrt{2}}}.", "\\frac{1}{\\sqrt{2}}"],
    ["\\fbox{4}", "4"],
    ["\\boxed{4} no wait \\boxed{5}", "5"],
    ["\\boxed 7", "7"],
    ["it is \\boxed{\\text{Evelyn}", "\\text{Evelyn}"],
    ["\\boxed{}", "\\boxed{}"],
  ]));

test("boxes joined by a comma or a word are one answer", () =>
  found([
    ["\\boxed{1} and \\boxed{2}", "1, 2"],
    ["\\boxed{1}, \\boxed{2}, or \\boxed{3}", "1, 2, 3"],
    ["$y_1 = \\boxed{x}$ and $y_2 = \\boxed{2x}$", "x, 2x"],
    ["\\boxed{840}\n\n**Final Answer**\n\\boxed{840}", "840"],
  ]));

test("a final answer behind the box counts more than the box", () =>
  found([
    ["so \\boxed{200}. Final Answer: The final answer is $10,455$. I hope it is correct.", "10,455"],
    ["The final answer is \\boxed{5}. I hope it is correct.", "5"],
  ]));

test("without a box the answer stands behind ####, 'answer is' or 'Answer:'", () =>
  found([
    ["2 + 3 = 5\n#### 5", "5"],
    ["The answer is 12. That took 3 steps.", "12"],
    ["The answer is $\\frac{1}{2}$, since 2 is 2.", "\\frac{1}{2}"],
    ["**Answer:** 5", "5"],
    ["**Answer: B**", "B"],
    ["Final Answer: The largest $n$ is 34.", "34"],
    ["<answer> (1 + 2) * 3 </answer>", "(1 + 2) * 3"],
  ]));

test("else the last formula or number does, and money is not mistaken for mathematics", () =>
  found([
    ["I have $5 and spent $1, so $4 left.", "4"],
    ["Therefore $x = 3$ or $x = 4$.", "x = 3, x = 4"],
    ["42 apples and 7 pears", "7"],
    ["Soucis : 2,74 $ a..", "2,74"],
    ["**73**", "**73**"],
    ["it grew by 28 percent", "28 percent"],
    ["so the number is 10 which is 1,000.99m²", "1,000.99"],
  ]));

test("thinking is no answer, and thinking that does not end has none", () =>
  found([
    ["<think>it is \\boxed{3}</think>It is 4.", "4"],
    ["<think>it is \\boxed{3}", ""],
    ["it is \\boxed{3}</think>\n\nThe answer is 4", "4"],
    ["", ""],
  ]));

/** Judges an expression that must make a number out of given ones, each used exactly once: Countdown and the game of 24. */
import { type Evaluated, evaluate, isWhole, show } from "../../tasks/expression.ts";
import type { Judge } from "../item.ts";
import { judgeOfAnswers, type Verdict } from "./judge.ts";

export function expressionJudge(numbers: readonly number[], target: number): Judge {
  return judgeOfAnswers((answer): Verdict => {
    const text = plainExpression(answer);
    const sides = text.split("=").map((side) => side.trim());
    const read = sides.map((side) => evaluate(side));
    const failed = read.find((one) => typeof one === "string");
    if (typeof failed === "string") return { correct: false, reason: failed, answer: text };
    const values = read as Evaluated[];
    // "(8-2)*4 = 24": the side that uses the most numbers is meant, and what it is said to equal must be so
    const at = values.reduce(
      (best, { numbers: used }, i) => (used.length > values[best]!.numbers.length ? i : best),
      0,
    );
    return { ...checked(values[at]!, values, numbers, target), answer: sides[at]! };
  });
}

function checked(meant: Evaluated, sides: readonly Evaluated[], numbers: readonly number[], target: number): Verdict {
  const [used, given] = [meant.numbers.map(Number), [...numbers]].map((list) => list.sort((a, b) => a - b).join(" "));
  if (used !== given) return { correct: false, reason: `it uses ${used}, not each of ${given} once` };
  const other = sides.find(({ value }) => value.top !== meant.value.top || value.bottom !== meant.value.bottom);
  if (other !== undefined) return { correct: false, reason: `${show(meant.value)} is not ${show(other.value)}` };
  if (!isWhole(meant.value, BigInt(target)))
    return { correct: false, reason: `it makes ${show(meant.value)}, not ${target}` };
  return { correct: true, reason: `it makes ${target} from the given numbers` };
}

/** LaTeX and typographic signs as the plain ones. */
function plainExpression(text: string): string {
  let plain = text
    .replace(/\\(?:left|right|displaystyle|,|;|!|quad)\b|\\[,;!()[\]]|\$|`/g, " ")
    .replace(/\\times|\\cdot|[×⋅·∗]/g, "*")
    .replace(/\\div|[÷]/g, "/")
    .replace(/[−–]/g, "-")
    .replace(/[[]/g, "(")
    .replace(/[\]]/g, ")");
  for (let depth = 0; depth < 6; depth++) {
    const next = plain.replace(/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, "(($1)/($2))");
    if (next === plain) break;
    plain = next;
  }
  return plain.replace(/[{]/g, "(").replace(/[}]/g, ")").trim().replace(/\.$/, "");
}

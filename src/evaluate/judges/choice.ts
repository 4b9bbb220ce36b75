/** Judges a letter chosen among options. */
import type { Judge } from "../item.ts";
import { judgeOfAnswers } from "./judge.ts";

/** @param gold the right letter @param options how many there are, from A on */
export function choiceJudge(gold: string, options: number): Judge {
  const letter = gold.trim().replace(/[()]/g, "").toUpperCase();
  return judgeOfAnswers((answer) => {
    const said = readLetter(answer, options);
    if (said === null)
      return { correct: false, reason: `no letter was chosen: ${JSON.stringify(answer.slice(0, 60))}` };
    const correct = said === letter;
    return { correct, reason: correct ? `${said} is right` : `expected ${letter}, got ${said}`, answer: said };
  });
}

/** A letter alone or before a sign that ends it: "B", "(B)", "**B) 4 m/s**", "\text{(B)}"; two different letters are none. */
function readLetter(answer: string, options: number): string | null {
  const plain = answer
    .replace(/\\(?:text|mathrm|textbf|mathbf)\b/g, " ")
    .replace(/[$*{}]/g, " ")
    .trim();
  const letters = new Set<string>();
  const first = /^\(?([A-Za-z])(?=$|[).:,\s])/.exec(plain);
  if (first !== null) letters.add(first[1]!.toUpperCase());
  for (const match of plain.matchAll(/\(([A-Z])\)/g)) letters.add(match[1]!);
  const [only, second] = [...letters].filter((one) => one.charCodeAt(0) - 65 < options);
  return only === undefined || second !== undefined ? null : only;
}

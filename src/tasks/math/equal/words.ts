/** Answers that are words or the letter of a choice. */
import type { Expression } from "../read/expression.ts";
import { type Comparison, no, yes } from "./scalar.ts";

/** The letters and digits of a text, without case, LaTeX's commands, articles and punctuation. */
export function plainWords(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/\\(?:text|mbox|textbf|textit|textrm|textnormal|mathrm|mathbf|operatorname|boxed)\s*(?=\{)/g, "")
    .replace(/\\[,;:! ]|~/g, " ")
    .toLowerCase()
    .replace(/^\s*(?:the|a|an)\s+/, "")
    .replace(/(?<!\d)[.,]|[.,](?!\d)|[\s;:!?'"`*_$(){}]+/g, "");
}

/** The letter of a choice: "(C)", "C.", "C) 42", "\text{(C)}"; null for what starts otherwise. */
export function choiceLetter(text: string): string | null {
  const bare = text.replace(/\\(?:text|mbox|textbf|textrm|mathrm|mathbf|boxed)\s*|[{}$*\s]/g, "");
  const match = /^(?:\(([A-Za-z])\)|([A-Z])(?:[).:,]|$)|([a-z])$)/.exec(bare);
  return (match?.[1] ?? match?.[2] ?? match?.[3])?.toUpperCase() ?? null;
}

/** Compares words as they are, and letters of choices by the letter. */
export function compareWords(gold: string, answer: string): Comparison {
  const [g, a] = [plainWords(gold), plainWords(answer)];
  if (g !== "" && g === a) return yes("the same words");
  const letter = choiceLetter(gold);
  if (letter !== null && g.length === 1) {
    const chosen = choiceLetter(answer);
    if (chosen === letter) return yes(`both choose ${letter}`);
    if (chosen !== null) return no(`the answer chooses ${chosen}, gold ${letter}`);
  }
  return no("different words");
}

/** What an expression says where it is words, a name or letters side by side; null for anything else. */
export function wordsOf(a: Expression): string | null {
  if (a.kind === "text") return a.text;
  if (a.kind === "symbol") return a.name;
  if (a.kind === "constant") return a.name === "e" || a.name === "i" ? a.name : null;
  if (a.kind !== "product") return null;
  const letters = a.factors.map(wordsOf);
  return letters.every((letter) => letter?.length === 1) ? letters.join("") : null;
}

/** Words that say that there is no answer, as the empty set does. */
export const saysNone = (text: string): boolean =>
  /^(?:none|no(?:real|such)?(?:solutions?|values?|roots?)|(?:the)?emptyset|doesnotexist|dne)$/.test(plainWords(text));

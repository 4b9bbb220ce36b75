// What a tokenizer.json does to a text before cutting it, as Hugging Face's engine does it.

import { compilePattern, type PatternJson } from "./patterns.ts";
import { precompiledNormalizer } from "./precompiled.ts";

export type Normalizer = (text: string) => string;

interface StepJson {
  readonly type?: unknown;
  readonly [field: string]: unknown;
}

/** Compiles the `normalizer` of a tokenizer.json; null: it has a kind that is not known here. @throws UserError */
export function compileNormalizer(json: unknown, file: string): Normalizer | null {
  if (json === null || json === undefined) return (text) => text;
  if (typeof json !== "object") return null;
  const step = json as StepJson;
  switch (step.type) {
    case "Sequence": {
      if (!Array.isArray(step.normalizers)) return null;
      const steps = step.normalizers.map((one) => compileNormalizer(one, file));
      if (steps.includes(null)) return null;
      return (text) => steps.reduce((before, run) => run!(before), text);
    }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form = step.type;
      return (text) => text.normalize(form);
    }
    case "Lowercase":
      return lowercase;
    case "StripAccents":
      return (text) => text.replace(/\p{M}/gu, "");
    case "Strip": {
      const left = step.strip_left === true;
      const right = step.strip_right === true;
      return (text) => trimSpace(text, left, right);
    }
    case "Prepend":
      return typeof step.prepend === "string" ? (text) => (text === "" ? text : step.prepend + text) : null;
    case "Replace":
      return replacing(step, file);
    case "Precompiled":
      return typeof step.precompiled_charsmap === "string" ? precompiledNormalizer(step.precompiled_charsmap) : null;
    default:
      return null;
  }
}

function replacing(step: StepJson, file: string): Normalizer | null {
  const pattern = step.pattern as PatternJson | null;
  const { content } = step;
  if (typeof pattern !== "object" || pattern === null || typeof content !== "string") return null;
  if ("String" in pattern && typeof pattern.String === "string" && pattern.String !== "") {
    return (text) => text.replaceAll(pattern.String, () => content);
  }
  if (!("Regex" in pattern) || typeof pattern.Regex !== "string") return null;
  const find = compilePattern(pattern, file);
  return (text) => {
    const matches = find(text);
    let replaced = "";
    let before = 0;
    for (let i = 0; i < matches.length; i += 2) {
      replaced += text.slice(before, matches[i]) + content;
      before = matches[i + 1];
    }
    return before === 0 ? text : replaced + text.slice(before);
  };
}

/** Character by character, as Rust does it: JavaScript's whole-text rule for a Σ at a word's end does not apply. */
function lowercase(text: string): string {
  return text.includes("Σ") ? Array.from(text, (character) => character.toLowerCase()).join("") : text.toLowerCase();
}

const SPACE = /\p{White_Space}/u;

/** Trims Unicode's white space, which is not quite what JavaScript's trim() takes for it. */
export function trimSpace(text: string, left: boolean, right: boolean): string {
  let from = 0;
  let to = text.length;
  if (left) while (from < to && SPACE.test(text[from])) from++;
  if (right) while (to > from && SPACE.test(text[to - 1])) to--;
  return text.slice(from, to);
}

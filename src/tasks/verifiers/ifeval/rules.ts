/**
 * IFEval's 25 rules (Zhou et al. 2023, arXiv 2311.07911), by their ids: what arguments each takes, and whether a text keeps it. They
 * mean what google-research's instruction_following_eval means, slips included (highlights in `**` count like those in `*`; keywords
 * are found within words, forbidden words are not), so that figures compare. Where that leans on trained models, see text.ts (sentences) and
 * language.ts. All are linear in the text's length.
 */
import { z } from "zod";
import { languageOf } from "../language.ts";
import { countCapitalWords, countSentences, countWords, isLower, isUpper } from "./text.ts";

/** Whether a text keeps a rule, and what was found, in words. */
export interface Kept {
  readonly kept: boolean;
  readonly found: string;
}

/** A rule with its arguments, ready for a text that is not blank. */
export type Check = (text: string) => Kept;

/** Makes a check of a rule's arguments. @throws z.ZodError where they are not the rule's */
export type Rule = (args: unknown) => Check;

const count = z.int().nonnegative();
const word = z.string().min(1);
const words = z.array(word).min(1);
const relation = z.enum(["less than", "at least"]);

export const RULES: Readonly<Record<string, Rule>> = {
  "change_case:capital_word_frequency": rule(
    z.object({ capital_relation: relation, capital_frequency: count }),
    (text, { capital_relation, capital_frequency }) =>
      compared(countCapitalWords(text), capital_relation, capital_frequency, "words in capitals"),
  ),
  "change_case:english_capital": rule(z.object({}), (text) => english(text, isUpper(text), "in capitals")),
  "change_case:english_lowercase": rule(z.object({}), (text) => english(text, isLower(text), "in small letters")),
  "combination:repeat_prompt": rule(z.object({ prompt_to_repeat: word }), (text, { prompt_to_repeat }) =>
    told(text.trim().toLowerCase().startsWith(prompt_to_repeat.trim().toLowerCase()), "repeats the request first"),
  ),
  "combination:two_responses": rule(z.object({}), (text) => {
    const parts = text.split("******").map((part) => part.trim());
    const full = parts.filter((part) => part !== "");
    const blankWithin = parts.slice(1, -1).includes("");
    return {
      kept: !blankWithin && full.length === 2 && full[0] !== full[1],
      found: blankWithin ? "nothing between two rows of asterisks" : `${full.length} responses by six asterisks`,
    };
  }),
  "detectable_content:number_placeholders": rule(z.object({ num_placeholders: count }), (text, { num_placeholders }) =>
    compared(placeholders(text), "at least", num_placeholders, "placeholders"),
  ),
  "detectable_content:postscript": rule(z.object({ postscript_marker: word }), (text, { postscript_marker }) => {
    const lower = text.toLowerCase();
    const marker = postscript_marker.trim();
    const there =
      marker === "P.P.S"
        ? /p\.\s?p\.\s?s/.test(lower)
        : marker === "P.S."
          ? /p\.\s?s\./.test(lower)
          : lower.includes(marker.toLowerCase());
    return told(there, `has a postscript ${marker}`);
  }),
  "detectable_format:constrained_response": rule(z.object({}), (text) =>
    told(
      ["yes", "no", "maybe"].some((answer) => text.includes(`My answer is ${answer}.`)),
      "is one of the three answers",
    ),
  ),
  "detectable_format:json_format": rule(z.object({}), (text) => {
    try {
      JSON.parse(
        text
          .trim()
          .replace(/^```(?:json|Json|JSON)?/, "")
          .replace(/```$/, ""),
      );
      return { kept: true, found: "it is JSON" };
    } catch {
      return { kept: false, found: "it is not JSON" };
    }
  }),
  "detectable_format:multiple_sections": rule(
    z.object({ section_spliter: word, num_sections: count }),
    (text, { section_spliter, num_sections }) => {
      const heads = text.match(new RegExp(`${escaped(section_spliter.trim())}\\s?\\p{Nd}+`, "gu"));
      return compared(heads?.length ?? 0, "at least", num_sections, "sections");
    },
  ),
  "detectable_format:number_bullet_lists": rule(z.object({ num_bullets: count }), (text, { num_bullets }) => {
    const stars = text.match(/^[^\S\n]*\*[^*].*$/gm)?.length ?? 0;
    const bullets = stars + (text.match(/^[^\S\n]*-.*$/gm)?.length ?? 0);
    return { kept: bullets === num_bullets, found: `${bullets} bullets, exactly ${num_bullets} asked for` };
  }),
  "detectable_format:number_highlighted_sections": rule(z.object({ num_highlights: count }), (text, args) => {
    const single = text.match(/\*[^\n*]*\*/g) ?? [];
    const double = text.match(/\*\*[^\n*]*\*\*/g) ?? [];
    const full = [...single, ...double].filter((part) => part.replaceAll("*", "").trim() !== "");
    return compared(full.length, "at least", args.num_highlights, "highlights");
  }),
  "detectable_format:title": rule(z.object({}), (text) => told(text.split("\n").some(hasTitle), "has a <<title>>")),
  "keywords:existence": rule(z.object({ keywords: words }), (text, { keywords }) => {
    const missing = keywords.filter((one) => !new RegExp(escaped(one), "iu").test(text));
    return { kept: missing.length === 0, found: missing.length === 0 ? "all keywords" : `no ${missing.join(", ")}` };
  }),
  "keywords:forbidden_words": rule(z.object({ forbidden_words: words }), (text, { forbidden_words }) => {
    const there = forbidden_words.filter((one) =>
      new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(one)}(?![\\p{L}\\p{N}_])`, "iu").test(text),
    );
    return { kept: there.length === 0, found: there.length === 0 ? "no forbidden word" : `says ${there.join(", ")}` };
  }),
  "keywords:frequency": rule(z.object({ keyword: word, relation, frequency: count }), (text, args) => {
    const times = text.match(new RegExp(escaped(args.keyword.trim()), "giu"))?.length ?? 0;
    return compared(times, args.relation, args.frequency, `times ${args.keyword.trim()}`);
  }),
  "keywords:letter_frequency": rule(
    z.object({ letter: word, let_relation: relation, let_frequency: count }),
    (text, { letter, let_relation, let_frequency }) => {
      const times = text.toLowerCase().split(letter.trim().toLowerCase()).length - 1;
      return compared(times, let_relation, let_frequency, `times ${letter}`);
    },
  ),
  "language:response_language": rule(z.object({ language: word }), (text, { language }) => {
    const spoken = languageOf(text);
    // A text without words is of every language, as there.
    return { kept: spoken === null || spoken === language, found: `language ${spoken ?? "unknown"}, not ${language}` };
  }),
  "length_constraints:nth_paragraph_first_word": rule(
    z.object({ num_paragraphs: count, nth_paragraph: z.int().positive(), first_word: word }),
    (text, { num_paragraphs, nth_paragraph, first_word }) => {
      const all = text.split("\n\n").map((one) => one.trim());
      const full = all.filter((one) => one !== "").length;
      const own = nth_paragraph <= full ? all[nth_paragraph - 1]! : "";
      const begins = own
        .split(/\s/, 1)[0]!
        .replace(/^'+/, "")
        .replace(/^"+/, "")
        .split(/[.,?!'"]/, 1)[0]!
        .toLowerCase();
      return {
        kept: full === num_paragraphs && begins === first_word.toLowerCase(),
        found: `${full} paragraphs of ${num_paragraphs}, number ${nth_paragraph} begins "${begins.slice(0, 40)}"`,
      };
    },
  ),
  "length_constraints:number_paragraphs": rule(z.object({ num_paragraphs: count }), (text, { num_paragraphs }) => {
    const parts = text.split(/\s?\*\*\*\s?/).map((part) => part.trim());
    const full = parts.filter((part) => part !== "").length;
    const kept = !parts.slice(1, -1).includes("") && full === num_paragraphs;
    return { kept, found: `${full} paragraphs by ***, exactly ${num_paragraphs} asked for` };
  }),
  "length_constraints:number_sentences": rule(z.object({ relation, num_sentences: count }), (text, args) =>
    compared(countSentences(text), args.relation, args.num_sentences, "sentences"),
  ),
  "length_constraints:number_words": rule(z.object({ relation, num_words: count }), (text, args) =>
    compared(countWords(text), args.relation, args.num_words, "words"),
  ),
  "punctuation:no_comma": rule(z.object({}), (text) => told(!text.includes(","), "has no comma")),
  "startend:end_checker": rule(z.object({ end_phrase: word }), (text, { end_phrase }) => {
    const end = text.trim().replace(/^"+/, "");
    let last = end.length;
    while (last > 0 && end[last - 1] === '"') last--;
    return told(end.slice(0, last).toLowerCase().endsWith(end_phrase.trim().toLowerCase()), "ends with the phrase");
  }),
  "startend:quotation": rule(z.object({}), (text) => {
    const own = text.trim();
    return told(own.length > 1 && own.startsWith('"') && own.endsWith('"'), "stands in double quotes");
  }),
};

function rule<A>(schema: z.ZodType<A>, check: (text: string, args: A) => Kept): Rule {
  return (args) => {
    const own = schema.parse(args);
    return (text) => check(text, own);
  };
}

/** A pattern that matches the text itself. (RegExp.escape came with Node 24 only.) */
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

const told = (kept: boolean, what: string): Kept => ({ kept, found: kept ? what : `not: ${what}` });

function compared(found: number, relation: "less than" | "at least", wanted: number, what: string): Kept {
  const kept = relation === "at least" ? found >= wanted : found < wanted;
  return { kept, found: `${found} ${what}, ${relation} ${wanted} asked for` };
}

function english(text: string, kept: boolean, how: string): Kept {
  if (!kept) return { kept, found: `not all ${how}` };
  const language = languageOf(text);
  return { kept: language === null || language === "en", found: `${how}, language ${language ?? "unknown"}` };
}

/** `[...]` on one line; what a bracket opens ends with the next one that closes. */
function placeholders(text: string): number {
  let found = 0;
  let open = false;
  for (const character of text) {
    if (character === "[") open = true;
    else if (character === "\n") open = false;
    else if (character === "]" && open) {
      found++;
      open = false;
    }
  }
  return found;
}

/** Anything but angle brackets and blanks between the first `<<` of a line and its last `>>`. */
function hasTitle(line: string): boolean {
  const from = line.indexOf("<<");
  const to = line.lastIndexOf(">>");
  return from >= 0 && to >= from + 3 && line.slice(from, to).replace(/[<>]/g, "").trim() !== "";
}

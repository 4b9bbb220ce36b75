/** Cuts a cleaned text into the tokens of mathematics. One pass; every step moves on, so its time is linear. */
import { TooHard } from "../work.ts";
import { isUnitLetter, isUnitWord } from "./units.ts";
import { CONSTANTS, FUNCTIONS, GREEK, NUMBER_WORDS, SENTENCE_WORDS, SPACES, STYLES, TEXTS } from "./words.ts";

export type TokenType =
  /** text: the digits as written, with a point for the decimal mark and perhaps e and an exponent. */
  | "number"
  /** A numeral of letters and digits in front of the base `text` names behind the underscore. */
  | "numeral"
  | "letter"
  /** A run of letters that is one name ("Evelyn"), not a product. */
  | "word"
  | "function"
  | "constant"
  /** \frac and the like, without the backslash. */
  | "command"
  | "punctuation"
  /** Words in \text{...}, or a unit's name. */
  | "text"
  | "currency"
  | "percent"
  | "separator"
  | "end";

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  /** White space stands before it. */
  readonly spaced: boolean;
}

/** How commas between digits are read: thousands (outside of brackets), parts of a list, or the decimal mark. */
export type Commas = "thousands" | "list" | "decimal";

export interface Manner {
  readonly commas: Commas;
  /** No LaTeX but running text, where a word behind a number ends the number: in LaTeX it is what is counted. */
  readonly plain: boolean;
}

/** A text that is no formula; the message says what it stumbled over. */
export class NotMath extends Error {
  override readonly name = "NotMath";
}

/** More tokens than any answer has. */
const MOST_TOKENS = 3_000;

/** @throws NotMath for a sentence, TooHard for more tokens than an answer can have */
export function tokenize(text: string, { commas, plain }: Manner): readonly Token[] {
  return new Lexer(text, { commas, plain }).tokens();
}

/** What a token will be. */
type Piece = readonly [type: TokenType, text: string];

class Lexer {
  readonly #text: string;
  readonly #commas: Commas;
  readonly #plain: boolean;
  readonly #out: Token[] = [];
  #at = 0;
  #spaced = false;
  /** Open ( and [, inside of which commas separate. */
  #depth = 0;

  constructor(text: string, { commas, plain }: Manner) {
    this.#text = text;
    this.#commas = commas;
    this.#plain = plain;
  }

  tokens(): readonly Token[] {
    while (this.#at < this.#text.length) {
      this.#push(...this.#next());
      if (this.#out.length > MOST_TOKENS) throw new TooHard(`it has more than ${MOST_TOKENS} parts`);
    }
    this.#push(["end", ""]);
    return this.#out;
  }

  /** What the next characters are, as no, one or several tokens. */
  #next(): readonly Piece[] {
    const character = this.#text[this.#at]!;
    if (/[\s~]/.test(character)) {
      this.#at++;
      return this.#space();
    }
    if (isDigit(character) || (character === "." && isDigit(this.#text[this.#at + 1] ?? ""))) return [this.#number()];
    if (isLetter(character)) return this.#letters();
    if (character === "\\") return this.#command();
    this.#at++;
    return this.#sign(character);
  }

  #sign(character: string): readonly Piece[] {
    const following = this.#text[this.#at];
    if (character === "$" || character === "`" || character === '"') return []; // what math and quotes stand between
    if (character === "*" && following === "*") {
      // Python's power inside a formula; Markdown's bold around it
      this.#at++;
      const after = this.#text[this.#at] ?? "";
      return this.#afterValue() && /[\d({\\a-zA-Z+-]/.test(after) ? [["punctuation", "^"]] : [];
    }
    if (CURRENCIES.has(character)) return [["currency", character]];
    if (character === "%") return [["percent", "%"]];
    if (following === "=" && /[<>!=]/.test(character)) {
      this.#at++;
      return [["punctuation", character === "=" ? "=" : `${character}=`]];
    }
    if (character === "(" || character === "[") this.#depth++;
    if (character === ")" || character === "]") this.#depth--;
    return [["punctuation", character]];
  }

  #number(): Piece {
    const numeral = match(NUMERAL, this.#text, this.#at);
    if (numeral !== null) {
      this.#at += numeral.length;
      return ["numeral", numeral];
    }
    const grouped = this.#grouped();
    if (grouped !== null) return ["number", grouped];
    let written = match(DECIMAL, this.#text, this.#at)!;
    this.#at += written.length;
    if (this.#commas === "decimal" && this.#depth === 0 && !written.includes(".") && this.#text[this.#at] === ",") {
      const fraction = match(DIGITS, this.#text, this.#at + 1);
      if (fraction !== null) {
        written = `${written}.${fraction}`;
        this.#at += 1 + fraction.length;
      }
    }
    const exponent = match(EXPONENT, this.#text, this.#at) ?? "";
    this.#at += exponent.length;
    return ["number", written + exponent.replace("E", "e").replace("+", "")];
  }

  /** 1,234,567.8 or 1 234 567.8 without its marks. Within brackets, where commas separate, only groups that start with a zero show it. */
  #grouped(): string | null {
    const spaced = match(SPACE_GROUPS, this.#text, this.#at);
    const written = spaced ?? match(COMMA_GROUPS, this.#text, this.#at);
    if (written === null) return null;
    const separates = spaced === null && (this.#commas === "list" || this.#depth > 0);
    if (separates && !written.includes(",0")) return null;
    this.#at += written.length;
    return written.replace(/[\\, ]/g, "");
  }

  #letters(): readonly Piece[] {
    const run = match(LETTERS, this.#text, this.#at)!;
    this.#at += run.length;
    const glued = this.#afterValue() ? /^(and|or)([A-Za-z])$/.exec(run) : null; // 1orW(x)
    if (glued !== null) {
      return [
        ["separator", glued[1]!],
        ["letter", glued[2]!],
      ];
    }
    if ((run === "np" || run === "math") && this.#text[this.#at] === ".") {
      this.#at++; // np.arcsin
      return [];
    }
    const name = this.#name(run);
    return name === null ? Array.from(run, (letter): Piece => ["letter", letter]) : [name];
  }

  /** A run of letters that has a meaning as a whole; null where it is a product of variables. @throws NotMath for a sentence */
  #name(run: string): Piece | null {
    const lower = run.toLowerCase();
    const known = wordPiece(run, lower);
    const afterValue = this.#afterValue();
    if (run === "in" && afterValue && /^\s*[[({\\]/.test(this.#text.slice(this.#at, this.#at + 8)))
      return ["command", "in"];
    if (afterValue && (run === "base" || isUnitWord(run))) return ["text", run];
    if (this.#afterUnitPer() && (isUnitWord(run) || isUnitLetter(run))) return ["text", run];
    if (known !== null) return known;
    if (this.#plain && NUMBER_WORDS.has(lower) && !afterValue) return ["number", String(NUMBER_WORDS.get(lower))];
    const sentence = SENTENCE_WORDS.has(lower) && run.slice(1) === lower.slice(1);
    const previous = this.#out.at(-1);
    if (sentence || (run.length > 3 && previous?.type === "word" && this.#spaced)) {
      throw new NotMath(`"${run}" belongs to a sentence`);
    }
    if (run.length <= 3 || isAlphabetical(run)) return null;
    return [!this.#plain && previous?.type === "number" ? "text" : "word", run];
  }

  #command(): readonly Piece[] {
    const name = match(LETTERS, this.#text, this.#at + 1);
    if (name === null) {
      const character = this.#text[this.#at + 1] ?? "";
      this.#at += 1 + character.length;
      return this.#escaped(character);
    }
    this.#at += 1 + name.length;
    if (name.startsWith("quad") || name.startsWith("qquad")) {
      this.#at -= name.length - name.indexOf("quad") - 4; // \quadx, where a space was lost
      return this.#space();
    }
    if (name === "left" || name === "right") {
      if (this.#text[this.#at] === ".") this.#at++;
      return [];
    }
    if (UNSHOWN.has(name)) {
      this.#braced();
      return [];
    }
    if (SPACES.has(name)) return this.#space();
    if (STYLES.has(name)) return [];
    if (TEXTS.has(name)) return this.#textCommand(name);
    if (name === "mathbb" || name === "Bbb") return [["letter", `\\mathbb{${this.#braced() ?? ""}}`]];
    if (name === "begin" || name === "end") return [["command", `${name}{${this.#braced() ?? ""}}`]];
    return [commandPiece(name)];
  }

  /** A backslash before what is no letter. */
  #escaped(character: string): readonly Piece[] {
    if (character === "{" || character === "}") return [["punctuation", `\\${character}`]];
    if (character === "\\") return [["punctuation", "\\\\"]];
    if (character === "|") return [["punctuation", "|"]];
    if (character === "%") return [["percent", "%"]];
    if (character === "$") return [["currency", "$"]];
    return SPACES.has(character) ? this.#space() : []; // \( \) \[ \] stand around math, as $ does
  }

  /** What stands in \text{...}: a joining word, a formula of its own, or words. */
  #textCommand(command: string): readonly Piece[] {
    if (command === "textcolor") this.#braced();
    if (command === "operatorname" && this.#text[this.#at] === "*") this.#at++;
    const words = (this.#braced() ?? "").replace(/\\[,;:! ]|~/g, " ").trim();
    if (words === "") return this.#space();
    const joining = /^[,;]?\s*(and|or)\s*[,;]?$/i.exec(words);
    if (joining !== null) return [["separator", joining[1]!.toLowerCase()]];
    if (FUNCTIONS.has(words)) return [["function", FUNCTIONS.get(words)!]];
    if (this.#afterValue() && isUnitLetter(words)) return [["text", words]];
    // \text{(C)}, \textbf{12}, \mathrm{e}, \mathrm{AB} are formulas of their own; \mathrm{cm} stays words
    const formula = /^[\d\s.,+\-*/^(){}=<>|\\$%]*[A-Za-z]?[\d\s.,+\-*/^(){}=<>|\\$%]*$/.test(words);
    const letters = command === "mathrm" && !this.#afterValue() && /^[A-Za-z]{2,3}$/.test(words) && !isUnitWord(words);
    if (!formula && !letters) return [["text", words]];
    const inner = tokenize(words, { commas: this.#commas, plain: this.#plain }).slice(0, -1);
    return inner.map(({ type, text }): Piece => [type, text]);
  }

  /** The text in the braces that follow, null where none do. An unclosed one reaches to the end. */
  #braced(): string | null {
    while (this.#text[this.#at] === " ") this.#at++;
    if (this.#text[this.#at] !== "{") return null;
    const end = closingBrace(this.#text, this.#at);
    const inner = this.#text.slice(this.#at + 1, end);
    this.#at = Math.min(this.#text.length, end + 1);
    return inner;
  }

  #space(): readonly [] {
    this.#spaced = true;
    return [];
  }

  #afterValue(): boolean {
    const previous = this.#out.at(-1);
    return previous !== undefined && isValueEnd(previous);
  }

  /** Behind the stroke of km/h. */
  #afterUnitPer(): boolean {
    const [unit, stroke] = this.#out.slice(-2);
    return unit?.type === "text" && stroke?.text === "/" && (isUnitWord(unit.text) || isUnitLetter(unit.text));
  }

  #push(...pieces: readonly Piece[]): void {
    for (const [type, text] of pieces) {
      this.#out.push({ type, text, spaced: this.#spaced });
      this.#spaced = false;
    }
  }
}

/** A run of letters that is a word of mathematics wherever it stands. */
function wordPiece(run: string, lower: string): Piece | null {
  if (run.length === 1) return ["letter", run];
  if (lower === "and" || lower === "or") return ["separator", lower];
  if (run === "sqrt" || run === "frac") return ["command", run];
  if (FUNCTIONS.has(lower)) return ["function", FUNCTIONS.get(lower)!];
  if (CONSTANTS.has(lower)) return ["constant", CONSTANTS.get(lower)!];
  if (PERCENTS.has(lower)) return ["percent", run];
  return GREEK.has(run) && run.length > 2 ? ["letter", `\\${run}`] : null;
}

/** A command without an argument of its own. */
function commandPiece(name: string): Piece {
  if (FUNCTIONS.has(name)) return ["function", FUNCTIONS.get(name)!];
  if (CONSTANTS.has(name)) return ["constant", CONSTANTS.get(name)!];
  if (GREEK.has(name)) return ["letter", `\\${name}`];
  return OTHER_COMMANDS.get(name) ?? ["command", name];
}

/** Where the brace opened at `open` closes; the text's end where it does not. Escaped braces do not count. */
export function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at++;
    else if (character === "{") depth++;
    else if (character === "}" && --depth === 0) return at;
  }
  return text.length;
}

/** Whether a value may end with this token, so that a unit, an exponent or an implicit product can follow it. */
export const isValueEnd = ({ type, text }: Token): boolean =>
  type === "number" ||
  type === "numeral" ||
  type === "letter" ||
  type === "word" ||
  type === "constant" ||
  type === "percent" ||
  type === "text" ||
  (type === "punctuation" &&
    (text === ")" || text === "]" || text === "}" || text === "\\}" || text === "|" || text === "!"));

const isDigit = (character: string): boolean => character >= "0" && character <= "9";
const isLetter = (character: string): boolean =>
  (character >= "a" && character <= "z") || (character >= "A" && character <= "Z");

/** abcd, WXYZ: names of several quantities, as words never are. */
function isAlphabetical(run: string): boolean {
  for (let i = 1; i < run.length; i++) if (run[i]! <= run[i - 1]!) return false;
  return true;
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

const CURRENCIES = new Set("€£¥₹₽₪₩₫฿₴₦¢".split(""));
const PERCENTS = new Set(["percent", "percentage", "percents", "pct"]);

/** Commands whose argument is not part of the formula. */
const UNSHOWN = new Set(["hspace", "vspace", "phantom", "hphantom", "vphantom", "label", "tag", "color"]);

const OTHER_COMMANDS: ReadonlyMap<string, Piece> = new Map<string, Piece>([
  ["percent", ["percent", "%"]],
  ["land", ["separator", "and"]],
  ["wedge", ["separator", "and"]],
  ["lor", ["separator", "or"]],
  ["vee", ["separator", "or"]],
  ["lbrace", ["punctuation", "\\{"]],
  ["rbrace", ["punctuation", "\\}"]],
  ["AA", ["text", "angstrom"]],
]);

const DIGITS = /\d+/y;
const LETTERS = /[A-Za-z]+/y;
const DECIMAL = /\d*\.\d+|\d+\.?(?![.\d])|\d+/y;
const EXPONENT = /[eE][+-]?\d{1,6}(?![\d.])/y;
const SPACE_GROUPS = /[1-9]\d{0,2}(?:(?: |\\,)\d{3})+(?!\d)(?:\.\d+)?/y;
const COMMA_GROUPS = /[1-9]\d{0,2}(?:,\d{3})+(?!\d)(?:\.\d+)?/y;
const NUMERAL = /[0-9A-F]+(?=\s?_\s?(?:\{\s?(?:\d|\\text))|_\d)/y;

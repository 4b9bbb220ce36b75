// A Jinja template's text to tokens, with Jinja2's rules for white space as chat templates are rendered: the line break after a
// block is dropped (trim_blocks), and so are blanks before a block that stands first in its line (lstrip_blocks).

import { TemplateSyntaxError } from "./errors.ts";

export type TokenKind = "data" | "block_begin" | "block_end" | "variable_begin" | "variable_end" | "name" | "string" | "integer" | "float" | "operator" | "end"; // biome-ignore format: a list

export interface Token {
  readonly kind: TokenKind;
  /** Of a string: what it stands for. Of a number: its digits. */
  readonly value: string;
  readonly line: number;
}

const OPERATORS = ["//", "**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|", ";"]; // biome-ignore format: a list

const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}_]*/uy;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const INTEGER = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const STRING = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const SPACE = /\s+/y;
const BEGIN = /\{(?:%|\{|#)/g;
const RAW = /\{%([-+]?)\s*raw\s*(-%\}\s*|%\})/y;
const END_RAW = /\{%([-+]?)\s*endraw\s*(\+%\}|-%\}\s*|%\}\n?)/g;
const END_COMMENT = /(?:\+|(-))?#\}/g;

/** Reads a template. @throws TemplateSyntaxError */
export function tokenize(template: string): Token[] {
  let source = template.replace(/\r\n|\r/g, "\n");
  if (source.endsWith("\n")) source = source.slice(0, -1);
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  /** The place up to which lines are counted. */
  #counted = 0;
  /** Whether what comes next begins a line. */
  #lineStarts = true;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    while (this.#at < this.#source.length) this.#text();
    this.#push("end", "");
    return this.#tokens;
  }

  /** Text up to the next tag, and that tag. */
  #text(): void {
    const source = this.#source;
    BEGIN.lastIndex = this.#at;
    const begin = BEGIN.exec(source);
    if (begin === null) {
      this.#push("data", source.slice(this.#at));
      this.#at = source.length;
      return;
    }
    const sign = source[begin.index + 2] ?? "";
    const strips = sign === "-" || sign === "+" ? sign : "";
    this.#data(source.slice(this.#at, begin.index), strips, begin[0] !== "{{");
    this.#at = begin.index;
    if (begin[0] === "{#") this.#comment();
    else if (begin[0] === "{{") {
      this.#at += 2 + strips.length;
      this.#push("variable_begin", "");
      this.#inside("}}");
    } else if (!this.#raw()) {
      this.#at += 2 + strips.length;
      this.#push("block_begin", "");
      this.#inside("%}");
    }
  }

  #data(text: string, sign: string, isBlock: boolean): void {
    let kept = text;
    if (sign === "-") kept = text.trimEnd();
    else if (sign !== "+" && isBlock) {
      const from = text.lastIndexOf("\n") + 1;
      if ((from > 0 || this.#lineStarts) && /^\s*$/.test(text.slice(from))) kept = text.slice(0, from);
    }
    if (kept !== "") this.#push("data", kept);
  }

  #comment(): void {
    END_COMMENT.lastIndex = this.#at + 2;
    const end = END_COMMENT.exec(this.#source);
    if (end === null) throw this.#fail("a comment is not closed by #}");
    this.#at = end.index + end[0].length;
    this.#afterTag(end[1] === "-" ? "-" : end[0].startsWith("+") ? "+" : "", true);
  }

  #raw(): boolean {
    RAW.lastIndex = this.#at;
    const begin = RAW.exec(this.#source);
    if (begin === null) return false;
    const from = this.#at + begin[0].length;
    END_RAW.lastIndex = from;
    const end = END_RAW.exec(this.#source);
    if (end === null) throw this.#fail("a raw block is not closed by endraw");
    this.#at = from;
    this.#lineStarts = begin[0].endsWith("\n");
    this.#data(this.#source.slice(from, end.index), end[1], true);
    this.#at = end.index + end[0].length;
    this.#lineStarts = end[0].endsWith("\n");
    return true;
  }

  /** What follows a tag's end: white space after `-`, else a block's line break. */
  #afterTag(sign: string, isBlock: boolean): void {
    const before = this.#at;
    if (sign === "-") while (this.#at < this.#source.length && /\s/.test(this.#source[this.#at])) this.#at++;
    else if (sign !== "+" && isBlock && this.#source[this.#at] === "\n") this.#at++;
    this.#lineStarts = this.#at > before && this.#source[this.#at - 1] === "\n";
  }

  /** The tokens of a tag up to its end. */
  #inside(end: "}}" | "%}"): void {
    const source = this.#source;
    const open: string[] = [];
    while (this.#at < source.length) {
      SPACE.lastIndex = this.#at;
      this.#at += SPACE.exec(source)?.[0].length ?? 0;
      if (open.length === 0) {
        const sign = source[this.#at];
        const signed = sign === "-" || (sign === "+" && end === "%}");
        const closes = signed && source.startsWith(end, this.#at + 1);
        if (closes || source.startsWith(end, this.#at)) {
          this.#close(end, closes ? sign : "");
          return;
        }
      }
      if (this.#at < source.length) this.#token(open);
    }
    throw this.#fail(`a tag is not closed by ${end}`);
  }

  #close(end: "}}" | "%}", sign: string): void {
    this.#push(end === "}}" ? "variable_end" : "block_end", "");
    this.#at += end.length + sign.length;
    this.#afterTag(sign, end === "%}");
  }

  #token(open: string[]): void {
    const before = this.#tokens.at(-1);
    const afterDot = before?.kind === "operator" && before.value === ".";
    const name = this.#match(NAME);
    const float = name === null && !afterDot ? this.#match(FLOAT) : null;
    const integer = name === null && float === null ? this.#match(INTEGER) : null;
    const string = name === null && float === null && integer === null ? this.#match(STRING) : null;
    if (name !== null) this.#push("name", name);
    else if (float !== null) this.#push("float", float.replaceAll("_", ""));
    else if (integer !== null) this.#push("integer", integer.replaceAll("_", ""));
    else if (string !== null) this.#push("string", unescaped(string.slice(1, -1)));
    else this.#operator(open);
  }

  #operator(open: string[]): void {
    const operator = OPERATORS.find((one) => this.#source.startsWith(one, this.#at));
    if (operator === undefined) throw this.#fail(`unexpected character ${JSON.stringify(this.#source[this.#at])}`);
    if ("([{".includes(operator)) open.push(CLOSING[operator]);
    else if (")]}".includes(operator) && open.pop() !== operator) throw this.#fail(`unexpected '${operator}'`);
    this.#push("operator", operator);
    this.#at += operator.length;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found === null) return null;
    this.#at += found[0].length;
    return found[0];
  }

  #push(kind: TokenKind, value: string): void {
    for (; this.#counted < this.#at; this.#counted++) if (this.#source[this.#counted] === "\n") this.#line++;
    this.#tokens.push({ kind, value, line: this.#line });
  }

  #fail(message: string): TemplateSyntaxError {
    this.#push("end", "");
    return new TemplateSyntaxError(message, this.#line);
  }
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", a: "\x07", "\\": "\\", "'": "'", '"': '"', "\n": "" }; // biome-ignore format: a list

/** Python's escapes; a backslash before anything else stays. */
function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  const pattern = /\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{1,3}|[\s\S])/g;
  return text.replace(pattern, (whole, code: string) => {
    if (/^[xuU]./.test(code)) {
      const point = Number.parseInt(code.slice(1), 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    }
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    return ESCAPES[code] ?? whole;
  });
}

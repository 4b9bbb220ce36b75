// Strict JSON, character by character: says as early as possible whether a text still is the beginning of one JSON value, so that
// what a model writes can be passed on while it is written, and nothing is passed on that a JSON parser would refuse.

/** What the next character may be. */
type Expect =
  | "value"
  | "value or ]"
  | "key"
  | "key or }"
  | "colon"
  | "comma or end"
  | "string"
  | "escape"
  | "hex"
  | "number"
  | "word"
  | "done";

/** Feed characters with `push`. One value is read; white space around it is allowed. */
export class JsonReader {
  /** `{` and `[` that are open, innermost last. */
  readonly #open: string[] = [];
  #expect: Expect = "value";
  #inKey = false;
  #hex = 0;
  #word = "";
  #number = "";

  /** Whether the value is complete. A number at the top level is complete only at the end of the text, so never here. */
  get done(): boolean {
    return this.#expect === "done";
  }

  /** Objects and arrays that are open. */
  get depth(): number {
    return this.#open.length;
  }

  /** Whether the reader is inside a string, a key included. */
  get inString(): boolean {
    return this.#expect === "string" || this.#expect === "escape" || this.#expect === "hex";
  }

  /** Whether the string being read is a key of an object. */
  get inKey(): boolean {
    return this.#inKey;
  }

  /** Takes one UTF-16 unit; false where no JSON text goes on like this, after which the reader is of no more use. */
  push(unit: string): boolean {
    switch (this.#expect) {
      case "string":
        return this.#string(unit);
      case "escape":
        if (unit === "u") {
          this.#expect = "hex";
          this.#hex = 0;
          return true;
        }
        this.#expect = "string";
        return '"\\/bfnrt'.includes(unit);
      case "hex":
        if (++this.#hex === 4) this.#expect = "string";
        return /[0-9a-fA-F]/.test(unit);
      case "number":
        if (/[-+.eE0-9]/.test(unit)) {
          this.#number += unit;
          return this.#number.length <= LONGEST_NUMBER && NUMBER_BEGINNING.test(this.#number);
        }
        if (!NUMBER.test(this.#number)) return false;
        this.#after();
        return this.push(unit);
      case "word":
        this.#word += unit;
        if (WORDS.includes(this.#word)) this.#after();
        return WORDS.some((word) => word.startsWith(this.#word));
      default:
        return isSpace(unit) || this.#structure(unit);
    }
  }

  #string(unit: string): boolean {
    if (unit === "\\") this.#expect = "escape";
    else if (unit === '"') {
      if (this.#inKey) this.#expect = "colon";
      else this.#after();
      this.#inKey = false;
    } else return unit >= " ";
    return true;
  }

  #structure(unit: string): boolean {
    const expect = this.#expect;
    if (expect === "comma or end") {
      const inside = this.#open.at(-1);
      if (unit === ",") this.#expect = inside === "{" ? "key" : "value";
      else if (unit === (inside === "{" ? "}" : "]")) this.#close();
      else return false;
      return true;
    }
    if (expect === "colon") {
      this.#expect = "value";
      return unit === ":";
    }
    if (expect === "key" || expect === "key or }") {
      if (unit === "}" && expect === "key or }") this.#close();
      else if (unit === '"') {
        this.#expect = "string";
        this.#inKey = true;
      } else return false;
      return true;
    }
    if (expect === "done") return false;
    if (unit === "]" && expect === "value or ]") this.#close();
    else if (unit === "{" || unit === "[") {
      this.#open.push(unit);
      this.#expect = unit === "{" ? "key or }" : "value or ]";
    } else if (unit === '"') this.#expect = "string";
    else if (/[-0-9]/.test(unit)) {
      this.#expect = "number";
      this.#number = unit;
    } else {
      this.#expect = "word";
      this.#word = unit;
      return WORDS.some((word) => word.startsWith(unit));
    }
    return true;
  }

  #close(): void {
    this.#open.pop();
    this.#after();
  }

  /** A value ended. */
  #after(): void {
    this.#expect = this.#open.length === 0 ? "done" : "comma or end";
  }
}

const WORDS = ["true", "false", "null"];
/** Each character checks the whole number again, so that a number of a million digits must not be read. */
const LONGEST_NUMBER = 400;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
const NUMBER_BEGINNING = /^-?((0|[1-9]\d*)(\.\d*|(\.\d+)?[eE][-+]?\d*)?)?$/;
const isSpace = (unit: string): boolean => unit === " " || unit === "\n" || unit === "\r" || unit === "\t";

// What stands inside one tool call, read while it is written: DeepSeek's name and JSON, and Hermes' JSON object with name and
// arguments. A reader gives out the name once it is certain and the arguments as far as they are valid JSON.

import { JsonReader } from "./json-reader.ts";

export interface ToolCallReader {
  /** Reads on from the beginning of `text`, which goes on where the last one was taken; tells how much it took. `last`: no more comes. */
  read(text: string, last: boolean): number;
  /** What became certain since the last time: the name, once, and more of the arguments. */
  take(): { readonly name: string | null; readonly text: string };
  /** The call is whole. */
  readonly done: boolean;
  /** Why it cannot be read, null while it can. */
  readonly problem: string | null;
}

/** A reader for one call, from after its opening mark. */
export const callReader = (format: "deepseek" | "hermes"): ToolCallReader =>
  format === "deepseek" ? new DeepSeekReader() : new HermesReader();

class Output {
  done = false;
  problem: string | null = null;
  #name: string | null = null;
  #named = false;
  #text = "";

  take(): { name: string | null; text: string } {
    const output = { name: this.#name, text: this.#named ? this.#text : "" };
    this.#name = null;
    if (this.#named) this.#text = "";
    return output;
  }

  protected give(name: string): void {
    this.#name = name;
    this.#named = true;
  }

  protected add(text: string): void {
    this.#text += text;
  }
}

const SEPARATOR = "<｜tool▁sep｜>";
const CLOSING = "<｜tool▁call▁end｜>";

/** `function<sep>NAME\n```json\n{...}\n```` (V3, R1), or `NAME<sep>{...}` (V3.1). */
class DeepSeekReader extends Output implements ToolCallReader {
  readonly #json = new JsonReader();
  #header: string | null = null;
  #inJson = false;

  read(text: string): number {
    let at = 0;
    if (this.#header === null) {
      const separator = text.indexOf(SEPARATOR);
      const closing = text.indexOf(CLOSING);
      if (closing >= 0 && (separator < 0 || closing < separator)) {
        this.problem = "the call has no name";
        return 0;
      }
      if (separator < 0) return 0;
      this.#header = text.slice(0, separator).trim();
      at = separator + SEPARATOR.length;
    }
    if (!this.#inJson) {
      const brace = text.indexOf("{", at);
      const closing = text.indexOf(CLOSING, at);
      if (closing >= 0 && (brace < 0 || closing < brace)) {
        this.problem = "the call has no arguments";
        return at;
      }
      if (brace < 0) return at;
      const name = nameBefore(text.slice(at, brace), this.#header);
      if (name === null) {
        this.problem = "the call's name is not followed by its arguments";
        return at;
      }
      this.give(name);
      this.#inJson = true;
      at = brace;
    }
    const from = at;
    while (at < text.length && !this.#json.done) {
      if (!this.#json.push(text[at])) {
        this.problem = "the arguments are not JSON";
        break;
      }
      at++;
    }
    this.add(text.slice(from, at));
    this.done = this.#json.done;
    return at;
  }
}

/** The name in what stands between separator and JSON, or in the header where nothing stands there. */
function nameBefore(text: string, header: string): string | null {
  if (text.trim() === "") return header === "" ? null : header;
  const [first, ...rest] = text.trimStart().split("\n");
  const name = first.trim();
  return /^(```(json)?)?$/.test(rest.join("\n").trim()) && !name.includes("`") ? name : null;
}

/** `{"name": "...", "arguments": {...}}` in any order; arguments may also be called parameters, or be JSON inside a string. */
class HermesReader extends Output implements ToolCallReader {
  readonly #json = new JsonReader();
  /** The text so far, from the opening brace. */
  #text = "";
  /** Where the key or value being read begins, -1 between them. */
  #start = -1;
  #key: string | null = null;
  #afterColon = false;
  #name: string | null = null;
  /** Arguments before the name: held until it comes. */
  #arguments: string | null = null;
  #streaming = false;

  read(text: string): number {
    let at = 0;
    for (; at < text.length && this.problem === null && !this.done; at++) this.#unit(text[at]);
    // the unit that does not fit belongs to the rest
    return this.problem === null || at === 0 ? at : at - 1;
  }

  #unit(unit: string): void {
    const json = this.#json;
    const { depth, inString } = json;
    if (!json.push(unit) || (depth === 0 && unit !== "{" && !/\s/.test(unit))) {
      this.problem = "the call is not a JSON object";
      return;
    }
    const at = this.#text.length;
    this.#text += unit;
    if (this.#streaming && json.depth >= 1 && !(depth === 1 && json.depth === 1)) this.add(unit);
    if (depth !== 1) {
      if (this.#streaming && json.depth === 1) this.#streaming = false;
      return;
    }
    if (json.inKey && this.#start < 0) this.#start = at;
    else if (inString && !json.inString && this.#key === null) {
      this.#key = JSON.parse(this.#text.slice(this.#start)) as string;
      this.#start = -1;
    } else if (unit === ":" && !inString && !this.#afterColon) this.#afterColon = true;
    else if ((unit === "," || unit === "}") && !inString) this.#endValue(this.#text.slice(this.#start, at).trim());
    else if (this.#afterColon && this.#start < 0 && !/\s/.test(unit)) {
      this.#start = at;
      if (unit === "{" && isArguments(this.#key) && this.#name !== null && this.#arguments === null) {
        this.#streaming = true;
        this.#arguments = "";
        this.give(this.#name);
        this.add(unit);
      }
    }
    if (json.done) this.#finish();
  }

  #endValue(text: string): void {
    const key = this.#key;
    this.#key = null;
    this.#start = -1;
    this.#afterColon = false;
    if (key === null) return; // an empty object
    if (key === "name") {
      const name: unknown = JSON.parse(text);
      if (typeof name !== "string" || name === "") this.problem = "the call's name is not a text";
      else this.#name ??= name;
    } else if (isArguments(key) && this.#arguments === null) {
      const value: unknown = JSON.parse(text);
      const inner = typeof value === "string" ? value : value === null ? "{}" : text;
      if (isObjectText(inner)) this.#arguments = inner;
      else this.problem = "the call's arguments are not an object";
      if (this.problem === null && this.#name !== null) this.#giveWhole();
    }
  }

  #giveWhole(): void {
    this.give(this.#name!);
    this.add(this.#arguments ?? "{}");
    this.#arguments = "";
  }

  #finish(): void {
    if (this.problem !== null) return;
    if (this.#name === null) this.problem = "the call has no name";
    else {
      if (this.#arguments !== "") this.#giveWhole();
      this.done = true;
    }
  }
}

const isArguments = (key: string | null): boolean => key === "arguments" || key === "parameters";

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

// Splits what a reasoning model writes into thinking and answer while it is being written. A tag may arrive in pieces, so the
// end of a piece that could be the beginning of a tag is held back; the result never depends on where the pieces were cut.

export interface ReasoningDelta {
  readonly reasoning: string;
  readonly content: string;
}

export interface ReasoningOptions {
  /** The prompt ended with an open <think>, so the text starts as thinking. Default false. */
  readonly startsInThink?: boolean;
  /** Keeps white space around the thinking and before the answer. Default false: it is left out, as DeepSeek's API does. */
  readonly keepSpace?: boolean;
}

const OPEN = "<think>";
const CLOSE = "</think>";

/** Feed text with `push`, close with `end`. Without a closing tag everything stays thinking. */
export class ReasoningSplitter {
  /** start: a think block may still open; thinking and answering are what they say. */
  #state: "start" | "thinking" | "answering" = "start";
  readonly #prefilled: boolean;
  readonly #keepSpace: boolean;
  #held = "";
  #trimStart = false;

  constructor(options: ReasoningOptions = {}) {
    this.#prefilled = options.startsInThink ?? false;
    this.#keepSpace = options.keepSpace ?? false;
  }

  /** Whether what comes next is thinking. */
  get isThinking(): boolean {
    return this.#state === "thinking" || (this.#state === "start" && this.#prefilled);
  }

  push(piece: string): ReasoningDelta {
    this.#held += piece;
    return this.#advance(false);
  }

  /** What was held back. */
  end(): ReasoningDelta {
    return this.#advance(true);
  }

  #advance(last: boolean): ReasoningDelta {
    let reasoning = "";
    let content = "";
    if (this.#state === "start" && !this.#open(last)) return { reasoning, content };
    if (this.#state === "thinking") reasoning = this.#think(last);
    if (this.#state === "answering") content = this.#release(this.#held.length);
    return { reasoning, content };
  }

  /** Decides whether the text opens with a think block, which a model may write even where the prompt already did; false: not yet known. */
  #open(last: boolean): boolean {
    const text = this.#held.trimStart();
    if (text.startsWith(OPEN)) {
      this.#held = text.slice(OPEN.length);
      this.#enter("thinking");
    } else if (!last && OPEN.startsWith(text)) {
      return false;
    } else if (this.#prefilled) {
      this.#enter("thinking");
    } else {
      this.#state = "answering"; // no thinking at all: the text stays as it is
    }
    return true;
  }

  #think(last: boolean): string {
    const at = this.#held.indexOf(CLOSE);
    if (at >= 0) {
      const thought = this.#release(at);
      this.#held = this.#held.slice(CLOSE.length);
      this.#enter("answering");
      return this.#keepSpace ? thought : thought.trimEnd();
    }
    let safe = this.#held.length;
    if (!last) safe -= openTail(this.#held, CLOSE);
    // white space at the end is thinking only if more thinking follows
    if (!this.#keepSpace) safe = this.#held.slice(0, safe).trimEnd().length;
    const thought = this.#release(safe);
    if (last) this.#held = "";
    return thought;
  }

  #enter(state: "thinking" | "answering"): void {
    this.#state = state;
    this.#trimStart = !this.#keepSpace;
  }

  #release(length: number): string {
    let text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    if (this.#trimStart) {
      text = text.trimStart();
      if (text !== "") this.#trimStart = false;
    }
    return text;
  }
}

/** The whole text at once; equal to pushing it in any pieces. */
export function splitReasoning(text: string, options: ReasoningOptions = {}): ReasoningDelta {
  const splitter = new ReasoningSplitter(options);
  const first = splitter.push(text);
  const rest = splitter.end();
  return { reasoning: first.reasoning + rest.reasoning, content: first.content + rest.content };
}

/** Length of the longest end of `text` that is a beginning of `tag`. */
function openTail(text: string, tag: string): number {
  for (let n = Math.min(text.length, tag.length - 1); n > 0; n--) if (tag.startsWith(text.slice(-n))) return n;
  return 0;
}

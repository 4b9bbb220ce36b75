// Splits what a reasoning model writes into thinking and answer while it is being written. A tag may arrive in pieces, so the
// end of a piece that could be the beginning of a tag is held back; the result never depends on where the pieces were cut.

import type { Tokenizer } from "./tokenizer.ts";

export interface ReasoningDelta {
  readonly reasoning: string;
  readonly content: string;
}

/** The two tags a model puts around its thinking. */
export interface ReasoningFormat {
  readonly open: string;
  readonly close: string;
}

/** DeepSeek-R1's and Qwen's tags. */
export const THINK_TAGS: ReasoningFormat = { open: "<think>", close: "</think>" };

/** Tags of published models; the first whose closing tag the template or vocabulary has is taken. */
const KNOWN_FORMATS: readonly ReasoningFormat[] = [
  THINK_TAGS,
  { open: "[THINK]", close: "[/THINK]" }, // Magistral
  { open: "<seed:think>", close: "</seed:think>" }, // Seed-OSS
  { open: "<|START_THINKING|>", close: "<|END_THINKING|>" }, // Command
  { open: "<|begin_of_thought|>", close: "<|end_of_thought|>" }, // Sky-T1
  { open: "◁think▷", close: "◁/think▷" }, // Kimi
  { open: "<thinking>", close: "</thinking>" },
  { open: "<thought>", close: "</thought>" },
  { open: "<reasoning>", close: "</reasoning>" },
];

/**
 * The tags a model was trained on, told from its vocabulary (a tag that is one token) or its chat template; null where neither
 * knows any, as with a model that does not think.
 */
export function reasoningFormatOf(
  template: string | null,
  tokenizer?: Pick<Tokenizer, "idOf">,
): ReasoningFormat | null {
  const inVocabulary = ({ open, close }: ReasoningFormat): boolean =>
    tokenizer?.idOf(close) !== undefined && tokenizer.idOf(open) !== undefined;
  const inTemplate = ({ close }: ReasoningFormat): boolean => template?.includes(close) === true;
  return (
    KNOWN_FORMATS.find((format) => inVocabulary(format) && (template === null || inTemplate(format))) ??
    KNOWN_FORMATS.find(inTemplate) ??
    KNOWN_FORMATS.find((format) => inVocabulary(format)) ??
    // a template that only opens the block for the model, as DeepSeek-R1's first one
    KNOWN_FORMATS.find(({ open }) => template?.includes(open) === true) ??
    null
  );
}

/** Whether a rendered prompt ends inside an open think block, so that what is generated starts as thinking. */
export const endsInsideThink = (prompt: string, { open }: ReasoningFormat = THINK_TAGS): boolean =>
  prompt.trimEnd().endsWith(open);

export interface ReasoningOptions {
  /** The prompt ended with an open think block, so the text starts as thinking. Default false. */
  readonly startsInThink?: boolean;
  /** Keeps white space around the thinking and before the answer. Default false: it is left out, as DeepSeek's API does. */
  readonly keepSpace?: boolean;
  /** Default: `<think>` and `</think>`. */
  readonly format?: ReasoningFormat;
  /** All of the text is answer, tags in it included. Default false. */
  readonly plain?: boolean;
}

/**
 * Feed text with `push`, close with `end`. The rules, as DeepSeek's API, vLLM and llama.cpp have them:
 * - The first closing tag ends the thinking, wherever it stands, inside a code fence too. Without one everything stays thinking.
 * - A further block opens only directly after one that closed (an empty block before the real one, several cycles); its thinking
 *   joins what came before. Once the answer has begun, tags in it are its text.
 * - An opening tag that the prompt had already written is dropped when the model writes it again.
 */
export class ReasoningSplitter {
  /** start: a think block may still open; between: one has closed, and the answer not begun. */
  #state: "start" | "thinking" | "between" | "answering" = "start";
  readonly #prefilled: boolean;
  readonly #keepSpace: boolean;
  readonly #format: ReasoningFormat;
  /** Text not yet decided on. */
  #held = "";
  /** White space that is thinking if more thinking follows. */
  #space = "";
  /** Whether any thinking was given out. */
  #thought = false;

  constructor(options: ReasoningOptions = {}) {
    this.#prefilled = options.startsInThink ?? false;
    this.#keepSpace = options.keepSpace ?? false;
    this.#format = options.format ?? THINK_TAGS;
    if (options.plain) this.#state = "answering";
  }

  /** Whether what comes next is thinking. */
  get isThinking(): boolean {
    return this.#state === "thinking" || (this.#state === "start" && this.#prefilled);
  }

  /** Whether what comes next is the answer for certain; false also where a block may still open. */
  get isAnswering(): boolean {
    return this.#state === "answering";
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
    for (;;) {
      const before = this.#state;
      if (before === "start") this.#start(last);
      else if (before === "thinking") reasoning += this.#think(last);
      else if (before === "between") reasoning += this.#between(last);
      else {
        content = this.#held;
        this.#held = "";
      }
      if (this.#state === before) return { reasoning, content };
    }
  }

  /** Decides whether the text opens with a think block, which a model may write even where the prompt already did. */
  #start(last: boolean): void {
    const opens = this.#opens(last);
    if (opens === null) return;
    if (opens) this.#dropOpening();
    // without any thinking the text stays as it is
    this.#state = opens || this.#prefilled ? "thinking" : "answering";
  }

  #think(last: boolean): string {
    const { close } = this.#format;
    const at = this.#held.indexOf(close);
    const safe = at >= 0 ? at : this.#held.length - (last ? 0 : openTail(this.#held, close));
    const thought = this.#takeThought(safe);
    if (at >= 0) {
      this.#held = this.#held.slice(close.length);
      this.#state = "between";
    }
    return thought;
  }

  /** After a block: another one, or the answer. */
  #between(last: boolean): string {
    const opens = this.#opens(last);
    if (opens === null) return "";
    if (opens) {
      const space = this.#held.slice(0, this.#held.indexOf(this.#format.open));
      // two thoughts with nothing between them would run into one word
      this.#space += space === "" && this.#space === "" && !this.#keepSpace ? "\n" : space;
      this.#dropOpening();
      this.#state = "thinking";
      return "";
    }
    if (!this.#keepSpace) this.#held = this.#held.trimStart();
    this.#state = "answering";
    return "";
  }

  /** Whether what is held opens a block, white space in front of it aside; null: not yet known. */
  #opens(last: boolean): boolean | null {
    const { open } = this.#format;
    const text = this.#held.trimStart();
    if (text.startsWith(open)) return true;
    return !last && open.startsWith(text) ? null : false;
  }

  #dropOpening(): void {
    this.#held = this.#held.trimStart().slice(this.#format.open.length);
  }

  /** The first `length` units held, as thinking. White space at its end waits for more thinking. */
  #takeThought(length: number): string {
    const text = this.#space + this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    this.#space = "";
    if (this.#keepSpace) return text;
    const end = text.trimEnd();
    this.#space = text.slice(end.length);
    const thought = this.#thought ? end : end.trimStart();
    if (thought !== "") this.#thought = true;
    else if (!this.#thought) this.#space = "";
    return thought;
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

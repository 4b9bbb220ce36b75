// Tokens that are cut out of a text before anything else: marks of roles, BOS, words added later. The longest at the earliest place
// wins, as in Hugging Face's engine.

/** As tokenizer.json lists them. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  /** Matches only where no letter, digit or underscore stands beside it. */
  readonly single_word?: boolean;
  /** Swallows white space on its left, on its right. */
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
  /** Is looked for in the normalized text, else in the text as it came. */
  readonly normalized?: boolean;
}

/** A stretch of text, or a token found in it. */
export type Section = string | AddedToken;

/** Finds a set of tokens in texts. */
export class AddedTokenSplitter {
  /** By the first UTF-16 unit: the lengths that occur, longest first, and the tokens. */
  readonly #byFirst = new Map<number, { readonly lengths: number[]; readonly tokens: Map<string, AddedToken> }>();

  /** `contentOf`: what a token looks like where it is looked for. */
  constructor(tokens: readonly AddedToken[], contentOf: (token: AddedToken) => string = (token) => token.content) {
    for (const token of tokens) {
      const content = contentOf(token);
      if (content === "") continue;
      const first = content.charCodeAt(0);
      const list = this.#byFirst.get(first) ?? { lengths: [] as number[], tokens: new Map<string, AddedToken>() };
      this.#byFirst.set(first, list);
      if (!list.lengths.includes(content.length)) list.lengths.push(content.length);
      if (!list.tokens.has(content)) list.tokens.set(content, token);
    }
    for (const { lengths } of this.#byFirst.values()) lengths.sort((a, b) => b - a);
  }

  /** Cuts a text: stretches of text, none empty, and the tokens between them. */
  split(text: string): Section[] {
    if (this.#byFirst.size === 0) return text === "" ? [] : [text];
    const sections: Section[] = [];
    let before = 0;
    for (let at = 0; at < text.length; at++) {
      const list = this.#byFirst.get(text.charCodeAt(at));
      if (list === undefined) continue;
      let token: AddedToken | undefined;
      let end = at;
      for (let i = 0; i < list.lengths.length && token === undefined; i++) {
        end = at + list.lengths[i];
        token = list.tokens.get(text.slice(at, end));
      }
      if (token === undefined) continue;
      if (!(token.single_word && isInsideWord(text, at, end))) {
        const from = token.lstrip ? Math.max(spaceStart(text, at), before) : at;
        const to = token.rstrip ? spaceEnd(text, end) : end;
        if (from > before) sections.push(text.slice(before, from));
        sections.push(token);
        before = to;
        at = to - 1;
      } else at = end - 1;
    }
    if (before < text.length) sections.push(before === 0 ? text : text.slice(before));
    return sections;
  }
}

const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const SPACE = /\p{White_Space}/u;

function isInsideWord(text: string, from: number, to: number): boolean {
  const before = /[\s\S]$/u.exec(text.slice(Math.max(0, from - 2), from))?.[0];
  const after = text.codePointAt(to);
  return (before !== undefined && WORD.test(before)) || (after !== undefined && WORD.test(String.fromCodePoint(after)));
}

function spaceStart(text: string, at: number): number {
  while (at > 0 && SPACE.test(text[at - 1])) at--;
  return at;
}

function spaceEnd(text: string, at: number): number {
  while (at < text.length && SPACE.test(text[at])) at++;
  return at;
}

/** Files and long pastes as parts of a question: what may be attached, and how it stands in the text that is sent. */

/** Larger files are refused: the text goes into the question. */
const LARGEST = 1_000_000;

/** A paste longer than this is attached: a text field lays out all of its lines at every key. */
const LONG_PASTE = 4000;
const MANY_LINES = 60;

export interface Attached {
  readonly name: string;
  readonly text: string;
}

/** A file's text. @throws Error with a sentence where it cannot be attached */
export async function readText(file: File): Promise<Attached> {
  const { name } = file;
  if (file.size > LARGEST) throw new Error(tooLarge(name, file.size));
  let bytes: ArrayBuffer;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    throw new Error(`${name} cannot be read; a folder cannot be attached, its files can.`);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return { name, text };
  } catch {
    // Told below.
  }
  throw new Error(`${name} is not text in UTF-8, so the model cannot read it; attach the text of it.`);
}

/** @throws Error with a sentence where the text is too large; null where it is short enough to stand in the field */
export function readPaste(text: string): Attached | null {
  if (text.length > LARGEST) throw new Error(tooLarge("The pasted text", text.length));
  const long = text.length > LONG_PASTE || text.split("\n", MANY_LINES + 1).length > MANY_LINES;
  return long ? { name: "Pasted text", text } : null;
}

const tooLarge = (what: string, size: number): string =>
  `${what} has ${(size / 1e6).toFixed(1)} MB, and 1 MB is the most that can be attached; attach the part you mean.`;

/** The question with what is attached: each in a fence that nothing inside it closes. */
export function withAttached(text: string, attached: readonly Attached[]): string {
  const parts = attached.map(({ name, text: content }) => {
    const longest = (content.match(/`{3,}/g) ?? []).reduce((most, { length }) => Math.max(most, length), 2);
    const fence = "`".repeat(longest + 1);
    return `${name}:\n${fence}\n${content}\n${fence}`;
  });
  return [text.trim(), ...parts].filter((part) => part !== "").join("\n\n");
}

/** What was asked, and from the first attachment on the rest: as `withAttached` put them together. */
export function apart(content: string): readonly [asked: string, attached: string] {
  const at = /(?:^|\n\n)[^\n]+:\n`{3,}\n/.exec(content)?.index ?? content.length;
  return [content.slice(0, at), content.slice(at).trimStart()];
}

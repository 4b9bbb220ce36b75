/** A response as it was recorded, cut where its thinking ends. */

const [OPEN, CLOSE] = ["<think>", "</think>"];

/** Without tags everything is the answer; thinking that never ends has none. */
export function splitThinking(text: string): { readonly thinking: string; readonly answer: string } {
  const end = text.lastIndexOf(CLOSE);
  const begun = text.startsWith(OPEN) ? text.slice(OPEN.length) : text;
  if (end < 0) return text.startsWith(OPEN) ? { thinking: begun, answer: "" } : { thinking: "", answer: text };
  return { thinking: begun.slice(0, end - (text.length - begun.length)), answer: text.slice(end + CLOSE.length) };
}

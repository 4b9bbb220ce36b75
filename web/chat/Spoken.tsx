/**
 * What a screen reader is told while an answer comes: that the model thinks, that it answers, and how it ended; never the tokens
 * themselves, which would be read over each other. What was there when the page or a conversation was opened is not told of.
 */
import { useRef } from "react";
import { visible } from "../markdown/visible.ts";
import type { Message } from "./types.ts";

/** An answer is read out as far as this; the rest is there to be read. */
const READ_OUT = 200;

export function Spoken({ writing, last }: { readonly writing: Message | null; readonly last: Message | undefined }) {
  const seen = useRef<string | null>(null);
  if (writing) seen.current = last!.id;
  return (
    <p className="unseen" role="status">
      {writing ? sayWriting(writing) : last && seen.current === last.id ? sayEnd(last) : ""}
    </p>
  );
}

const sayWriting = ({ content, group }: Message): string =>
  group !== undefined
    ? "The model is writing several answers."
    : content === ""
      ? "The model is thinking."
      : "The model is answering.";

function sayEnd({ state, content, group }: Message): string {
  const text = visible(content.trim());
  const read = text.length > READ_OUT ? `${text.slice(0, READ_OUT)}…` : text;
  switch (state) {
    case "failed": // told as an alert
      return "";
    case "stopped":
      return "Stopped, as you asked.";
    case "cut":
      return text === ""
        ? "The token limit ended the thinking: there is no answer."
        : "The token limit ended the answer.";
    default:
      return group === undefined ? `The answer is complete: ${read}` : "The answers are complete.";
  }
}

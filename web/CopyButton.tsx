/** Copies a text, and says so. */
import { useState } from "react";
import { copyText } from "./clipboard.ts";

export function CopyButton({ text }: { readonly text: string }) {
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await copyText(text);
      setSaid("Copied");
    } catch {
      setSaid("Not allowed");
    }
    setTimeout(() => setSaid(""), 1500);
  };
  return (
    <button type="button" onClick={copy}>
      <span aria-live="polite">{said || "Copy"}</span>
    </button>
  );
}

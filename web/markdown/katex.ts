/** KaTeX, loaded apart from the rest of the page. */
import katex from "katex";
import "katex/dist/katex.min.css";

/** Formulas longer than this stay text: laying one out takes the page's only thread. */
const LONGEST = 5000;

/**
 * Puts a formula into an element. Nodes are made rather than HTML, so the page's policy may forbid inline styles; `trust` is
 * off, so \href, \includegraphics and \html commands do nothing.
 */
export function drawFormula(source: string, displayMode: boolean, place: HTMLElement): void {
  if (source.length > LONGEST) return;
  try {
    katex.render(source, place, {
      displayMode,
      throwOnError: true,
      trust: false,
      strict: "ignore",
      maxExpand: 200,
      maxSize: 20,
    });
  } catch {
    place.textContent = source;
  }
}

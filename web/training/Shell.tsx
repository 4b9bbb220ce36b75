/** What the data pages share: the way between the windows, and how a failure is told. */
import type { ReactNode } from "react";
import type { Reading } from "../../src/serve/training/samples/row.ts";
import { visible } from "../markdown/visible.ts";
import { count } from "./figures.ts";

const PLACES = [
  ["/", "Chat"],
  ["/runs", "Runs"],
  ["/evals", "Evaluations"],
] as const;

export function Shell({ here, children }: { readonly here: "/runs" | "/evals"; readonly children: ReactNode }) {
  return (
    <div className="data-page">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="top">
        <span className="name">Reckon</span>
        <nav aria-label="Windows">
          {PLACES.map(([path, name]) => (
            <a key={path} href={path} aria-current={path === here ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

export function Failure({ text, again }: { readonly text: string | null; readonly again?: () => void }) {
  if (text === null) return null;
  return (
    <p className="failure" role="alert">
      {visible(text)}{" "}
      {again && (
        <button type="button" onClick={again}>
          Retry
        </button>
      )}
    </p>
  );
}

/** A large run is read when it is first looked at. */
export function Progress({ reading }: { readonly reading: Reading | null }) {
  if (reading === null) return null;
  const { samples, about } = reading;
  return (
    <p className="quiet figure" role="status">
      <progress max={about} value={samples} aria-label="Read" />{" "}
      {samples < about
        ? `Reading ${count(samples)} of about ${count(about)} samples`
        : `Sorting ${count(samples)} samples`}
    </p>
  );
}

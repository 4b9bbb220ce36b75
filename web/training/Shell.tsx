/** What the data pages share: the way between the windows, and how a failure is told. */
import type { ReactNode } from "react";

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
      {text}{" "}
      {again && (
        <button type="button" onClick={again}>
          Retry
        </button>
      )}
    </p>
  );
}

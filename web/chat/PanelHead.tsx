/** The head of what opens above the conversation; it stays in view while the rest scrolls. */
import type { ReactNode } from "react";

interface Props {
  readonly title: string;
  readonly onClose: () => void;
  /** Beside the title. */
  readonly children?: ReactNode;
}

export function PanelHead({ title, onClose, children }: Props) {
  return (
    <div className="panel-head">
      <h2>{title}</h2>
      {children}
      <button type="button" onClick={onClose}>
        Close
      </button>
    </div>
  );
}

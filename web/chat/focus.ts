/**
 * Where the keyboard is when what had the focus goes away. A browser would begin again at the page's head; here the focus goes to the
 * same control of what stands in the place now, else to the nearest one that was made for it, else to the question.
 *
 * Controls that lead into each other, such as Edit and Cancel, share a `data-focus`.
 */
import { type RefObject, useEffect } from "react";

/** An element and where it stood, from itself outwards. */
interface Place {
  readonly element: HTMLElement;
  readonly name: string;
  readonly kind: string | undefined;
  readonly steps: readonly { readonly parent: Element; readonly index: number }[];
}

const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']";

export function useKeptFocus(root: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    let last: Place | null = null;
    const note = (event: FocusEvent): void => {
      last = placeOf(event.target as HTMLElement, root.current!);
    };
    const forget = ({ relatedTarget }: FocusEvent): void => {
      const was = last;
      if (relatedTarget !== null || was === null) return;
      // A click beside everything takes the focus away on purpose. What is being removed is told of before it is gone.
      queueMicrotask(() => {
        if (last === was && isThere(was.element)) last = null;
      });
    };
    const look = (): void => {
      if (last === null || isThere(last.element)) return;
      const { activeElement } = document;
      if (activeElement !== null && activeElement !== document.body && activeElement !== last.element) return;
      const next = instead(last, root.current!);
      last = null;
      next?.focus();
    };
    const observer = new MutationObserver(look);
    observer.observe(root.current!, { childList: true, subtree: true, attributeFilter: ["disabled"] });
    root.current!.addEventListener("focusin", note);
    root.current!.addEventListener("focusout", forget);
    return () => observer.disconnect();
  }, [root]);
}

const isThere = (element: HTMLElement): boolean => element.isConnected && !element.matches(":disabled");

function placeOf(element: HTMLElement, root: Element): Place {
  const steps: { parent: Element; index: number }[] = [];
  for (let at: Element = element; at !== root && at.parentElement !== null; at = at.parentElement) {
    steps.push({ parent: at.parentElement, index: [...at.parentElement.children].indexOf(at) });
  }
  return { element, name: nameOf(element), kind: kindOf(element), steps };
}

const nameOf = (element: Element): string => element.getAttribute("aria-label") ?? element.textContent ?? "";

const kindOf = (element: Element): string | undefined => element.closest<HTMLElement>("[data-focus]")?.dataset.focus;

const usable = (element: Element): element is HTMLElement =>
  !element.matches(":disabled") && (element as HTMLElement).checkVisibility();

function instead({ name, kind, steps }: Place, root: Element): HTMLElement | null {
  const { parent, index } = steps.find((step) => step.parent.isConnected) ?? { parent: root, index: 0 };
  // What stands there now; where the last of a list is gone, the one before it.
  const there = parent.children[Math.min(index, parent.children.length - 1)] ?? parent;
  const controls = [...there.querySelectorAll(FOCUSABLE), ...(there.matches(FOCUSABLE) ? [there] : [])].filter(usable);
  const alike = (one: HTMLElement): boolean => kind !== undefined && one.dataset.focus === kind;
  const found = controls.find((one) => nameOf(one) === name) ?? controls.find(alike);
  if (found) return found;
  const kin = [...root.querySelectorAll<HTMLElement>("[data-focus]")].find(
    (one) => alike(one) && one.matches(FOCUSABLE) && usable(one),
  );
  if (kin) return kin;
  const around = parent.closest("nav, section, [role=group]");
  const near = around && [...around.querySelectorAll(FOCUSABLE)].find(usable);
  return near || document.querySelector<HTMLElement>("#ask");
}

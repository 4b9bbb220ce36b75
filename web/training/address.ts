/** What is shown stands in the page's address, so that every view has a link; going back goes to the view before. */
import { useSyncExternalStore } from "react";

const subscribe = (listener: () => void): (() => void) => {
  window.addEventListener("popstate", listener);
  return () => window.removeEventListener("popstate", listener);
};

export interface Address {
  readonly get: (name: string) => string | null;
  readonly all: (name: string) => readonly string[];
}

export function useAddress(): Address {
  const search = useSyncExternalStore(subscribe, () => location.search);
  const params = new URLSearchParams(search);
  return {
    get: (name) => params.get(name),
    all: (name) =>
      params
        .get(name)
        ?.split(",")
        .filter((one) => one !== "") ?? [],
  };
}

/** The address with some of its parts changed; null takes one away. @param keep false: nothing else stays */
export function addressWith(parts: Readonly<Record<string, string | number | null>>, keep = true): string {
  const params = new URLSearchParams(keep ? location.search : "");
  for (const [name, value] of Object.entries(parts)) {
    if (value === null || value === "") params.delete(name);
    else params.set(name, String(value));
  }
  const search = params.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
  return search === "" ? location.pathname : `?${search}`;
}

/** Shows another view. @param replace without a step to go back by: for what changes with every key typed */
export function go(address: string, replace = false): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  window.dispatchEvent(new PopStateEvent("popstate"));
}

/** For links: a plain click stays on the page, all others do as links do. */
export function follow(event: React.MouseEvent<HTMLAnchorElement>): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(event.currentTarget.getAttribute("href")!);
}

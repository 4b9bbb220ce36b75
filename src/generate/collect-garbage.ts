import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | null = null;

/**
 * Collects all garbage now. V8 leaves what start-up and the reading of a vocabulary made lying beneath what is loaded next, 7 MB of it,
 * since nothing presses: memory outside its heap, where weights go, does not count with it.
 */
export function collectGarbage(): void {
  if (collect === null) {
    // V8 gives the function to contexts made while the flag is set, and to this one only through such a context
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as (how: object) => void;
    setFlagsFromString("--no-expose-gc");
    collect = () => gc({ type: "major", execution: "sync", flavor: "last-resort" });
  }
  collect();
}

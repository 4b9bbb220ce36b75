import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StopMatcher } from "./stop.ts";

const letters = (most: number, least = 0) =>
  fc.array(fc.constantFrom("a", "b", "c"), { minLength: least, maxLength: most }).map((all) => all.join(""));

test("text ends before the stop text that is whole first, however the pieces are cut, and none of it is shown", () => {
  fc.assert(
    fc.property(
      fc.array(letters(6), { maxLength: 12 }),
      fc.array(letters(4, 1), { maxLength: 3 }),
      fc.boolean(),
      (pieces, stops, include) => {
        const matcher = new StopMatcher(stops, include);
        let shown = "";
        for (const piece of pieces) {
          shown += matcher.push(piece);
          if (!include) for (const stop of stops) assert.ok(!shown.includes(stop));
        }
        shown += matcher.end();
        const [text, stopped] = cutPlainly(pieces.join(""), stops, include);
        assert.equal(shown, text);
        assert.equal(matcher.stopped, stopped);
      },
    ),
    { numRuns: 2000 },
  );
});

test("what cannot become a stop text is shown at once", () => {
  const matcher = new StopMatcher(["\nUser:", "###"]);
  assert.equal(matcher.push("a\nUs"), "a");
  assert.equal(matcher.push("ual "), "\nUsual ");
  assert.equal(matcher.push("#"), "");
  assert.equal(matcher.push("#1"), "##1");
  assert.equal(matcher.push("x###y"), "x");
  assert.equal(matcher.stopped, "###");
  assert.equal(matcher.push("more"), "");
});

/** Grows the text by one character at a time until it ends in a stop text. */
function cutPlainly(text: string, stops: readonly string[], include: boolean): [string, string | null] {
  for (let end = 1; end <= text.length; end++) {
    const found = stops.filter((stop) => text.slice(0, end).endsWith(stop)).sort((a, b) => b.length - a.length)[0];
    if (found !== undefined) return [text.slice(0, include ? end : end - found.length), found];
  }
  return [text, null];
}

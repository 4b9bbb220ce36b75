import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { COLOURS } from "./colours.ts";

test("reports have the colours of the app", () => {
  const css = readFileSync(new URL("../web/colours.css", import.meta.url), "utf8");
  const [light, dark] = css.split('[data-theme="dark"]').map((part) => part.slice(0, part.indexOf("}")));
  const of = (part: string, name: string): string | undefined => new RegExp(`--${name}: (#\\w+);`).exec(part)?.[1];
  for (const [name, [day, night]] of Object.entries(COLOURS))
    assert.deepEqual([of(light!, name), of(dark!, name)], [day, night], name);
});

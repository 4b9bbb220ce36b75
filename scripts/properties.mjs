// Loaded before each test file: property tests draw the same examples at every run, so that a red test is red again on
// the next machine. `RECKON_SEED=N npm test` draws others.
import { readFileSync } from "node:fs";

const file = process.argv[1] ?? "";
// read, not guessed: fast-check takes 0.2 s to load, and most test files do without it
if (file.endsWith(".test.ts") && readFileSync(file, "utf8").includes('from "fast-check"')) {
  const { default: fc } = await import("fast-check");
  fc.configureGlobal({ seed: Number(process.env.RECKON_SEED ?? 1) });
}

#!/usr/bin/env node
// The `reckon` command: plain JavaScript, so that the system's Node, however old, can hand over to one that runs TypeScript. In the
// published package, where all is compiled, there is nothing to hand over to.
import { existsSync } from "node:fs";

const compiled = new URL("../build/package/src/cli/main.js", import.meta.url);
const isCheckout = existsSync(new URL("../src/cli/main.ts", import.meta.url));

if (isCheckout) {
  const { launch } = await import("../scripts/launch.mjs");
  await launch(process.argv.slice(2));
} else if (Number(process.versions.node.split(".")[0]) < 22) {
  process.stderr.write(`reckon: Reckon needs Node 22 or newer and this is ${process.versions.node}: install one.\n`);
  process.exitCode = 1;
} else {
  const { main } = await import(compiled.href);
  await main(process.argv.slice(2));
}

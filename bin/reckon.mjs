#!/usr/bin/env node
// The `reckon` command: plain JavaScript, so that the system's Node, however old, can hand over to one that runs TypeScript.
import { launch } from "../scripts/launch.mjs";

await launch(process.argv.slice(2));

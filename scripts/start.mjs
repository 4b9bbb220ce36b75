// `npm start`: set-up, then a chat with the bundled model on a terminal, and three answered questions where there is none.
import { launch } from "./launch.mjs";
import { setUp } from "./setup.mjs";

await setUp();
const onTerminal = process.stdin.isTTY && process.stdout.isTTY;
await launch([onTerminal ? "chat" : "demo", ...process.argv.slice(2)]);

// `npm start`: set-up, then the window of chat and training, served with the bundled model until it is stopped.
import { launch } from "./launch.mjs";
import { setUp } from "./setup.mjs";

await setUp();
if (process.stdout.isTTY) {
  process.stderr.write(
    "Open the address below in a browser. (`npx reckon chat` chats in the terminal, `npm run demo` answers three questions.)\n",
  );
}
await launch(["serve", "--log-level", "warn", ...process.argv.slice(2)]);

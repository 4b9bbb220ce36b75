// `npm run demo`: set-up, then three questions answered by the bundled model, with speed and cost.
import { launch } from "./launch.mjs";
import { setUp } from "./setup.mjs";

await setUp();
await launch(["demo", ...process.argv.slice(2)]);

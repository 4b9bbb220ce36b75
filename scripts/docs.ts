// `npm run docs`: writes docs/api.md from the schemas requests are checked by.
import { writeFileSync } from "node:fs";
import { apiMarkdown } from "../src/serve/api/markdown.ts";

writeFileSync(new URL("../docs/api.md", import.meta.url), apiMarkdown());

// How the web app is built: into build/web, everything from this server, nothing inlined (the page's policy forbids data: fonts).
import { fileURLToPath } from "node:url";

/** @param {string} name a page beside this file */
const page = (name) => fileURLToPath(new URL(name, import.meta.url));

/** @type {import("vite").UserConfig} */
export default {
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  logLevel: "warn",
  build: {
    outDir: fileURLToPath(new URL("../build/web", import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    rolldownOptions: { input: [page("index.html"), page("runs.html"), page("evals.html")] },
    target: "es2023",
    modulePreload: { polyfill: false },
  },
};

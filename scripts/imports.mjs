// The rule that keeps the rooms apart: imports point downward, and no files import each other in a circle. It reads the
// text of the files, so it needs neither a build nor the compiler.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** A file directly in src/ (errors, random numbers): all may import it, it may import only its like. */
const ground = "src";

/** Floors of the building, lowest first. A room may import from its own floor and from those below it. */
export const floors = [
  [ground],
  ["kernels"],
  ["tensor"],
  ["model", "text", "checkpoint"],
  ["generate", "tasks", "plan"],
  ["evaluate", "train"],
  ["cli", "serve", "web", "browser", "recipes", "cluster", "bench"],
];

const sourceFolders = ["src", "bench", "web"];
const notOurs = new Set(["node_modules", "dist", "build"]);

/**
 * Every breach of the rule below `root`, as a sentence each: "src/a.ts -> src/b.ts: why".
 * @param {string} root
 * @returns {string[]}
 */
export function importBreaches(root) {
  const files = sourceFolders.flatMap((folder) => sourceFiles(join(root, folder)));
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  const breaches = [];
  for (const file of files) {
    const from = local(root, file);
    const targets = importsOf(readFileSync(file, "utf8")).flatMap((specifier) => resolveImport(file, specifier));
    const inside = [...new Set(targets.map((target) => local(root, target)))];
    graph.set(from, inside);
    breaches.push(...inside.flatMap((to) => breach(from, to)));
  }
  return [...breaches, ...circles(graph).map((circle) => `${circle.join(" -> ")}: a circle of imports`)];
}

/**
 * The relative specifiers a TypeScript file imports, exports from, or loads by import(), comments left out.
 * @param {string} text
 * @returns {string[]}
 */
export function importsOf(text) {
  const code = text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, string) => string ?? " ",
  );
  const statement = /^[ \t]*(?:import|export)\b(?:[^"';]*?\bfrom)?\s*["']([^"'\n]+)["']/gm;
  const call = /\bimport\(\s*["']([^"'\n]+)["']/g;
  return [...code.matchAll(statement), ...code.matchAll(call)]
    .map((match) => match[1])
    .filter((s) => s.startsWith("."));
}

/** @param {string} from @param {string} to @returns {string[]} */
function breach(from, to) {
  if (isTest(from)) {
    return []; // a test may look at anything: nobody imports it
  }
  if (isTest(to)) {
    return [`${from} -> ${to}: a test is not for importing`];
  }
  const [above, below] = [floorOf(from), floorOf(to)];
  if (above === null || below === null) {
    const [file, room] = above === null ? [from, roomOf(from)] : [to, roomOf(to)];
    return [`${from} -> ${to}: ${file} is in a room scripts/imports.mjs does not know (${room})`];
  }
  return below > above ? [`${from} -> ${to}: upward, from ${roomOf(from)} to ${roomOf(to)}`] : [];
}

/** @param {string} file */
function isTest(file) {
  return /\.test\.tsx?$/.test(file);
}

/** @param {string} file such as src/model/mla.ts, src/error.ts, bench/gemm.ts */
function roomOf(file) {
  const [top, next, ...rest] = file.split("/");
  return top === "src" && rest.length > 0 ? next : top;
}

/** @param {string} file @returns {number | null} */
function floorOf(file) {
  const floor = floors.findIndex((rooms) => rooms.includes(roomOf(file)));
  return floor === -1 ? null : floor;
}

/** @param {string} importer @param {string} specifier @returns {string[]} */
function resolveImport(importer, specifier) {
  const path = join(dirname(importer), specifier.replace(/\?.*$/, ""));
  // AssemblyScript writes its imports without an ending.
  const candidates = [path, `${path}.ts`, `${path}.tsx`, join(path, "index.ts")];
  const found = candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
  return found !== undefined && /\.tsx?$/.test(found) ? [found] : [];
}

/**
 * One circle for each group of files that import each other, shortest walk first found. Tarjan's components would name
 * the group; a reader wants the walk.
 * @param {Map<string, string[]>} graph
 * @returns {string[][]}
 */
function circles(graph) {
  /** @type {string[][]} */
  const found = [];
  const done = new Set();
  /** @type {string[]} */
  const path = [];
  /** @param {string} file */
  const walk = (file) => {
    const start = path.indexOf(file);
    if (start !== -1) {
      found.push([...path.slice(start), file]);
      return;
    }
    if (done.has(file)) {
      return;
    }
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      walk(next);
    }
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) {
    walk(file);
  }
  return found;
}

/** @param {string} folder @returns {string[]} */
function sourceFiles(folder) {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        return notOurs.has(entry.name) ? [] : sourceFiles(path);
      }
      return /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts") ? [path] : [];
    });
}

/** @param {string} root @param {string} file */
function local(root, file) {
  return relative(root, file).split(sep).join("/");
}

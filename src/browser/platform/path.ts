/** Paths of the files in memory, under node:path's names: always absolute or made so, always with slashes. */

/** Joins and tidies: no empty parts, no `.`, and `..` goes up. */
export function join(...parts: readonly string[]): string {
  const tidy: string[] = [];
  const whole = parts.filter((part) => part !== "").join("/");
  for (const part of whole.split("/")) {
    if (part === "..") tidy.pop();
    else if (part !== "" && part !== ".") tidy.push(part);
  }
  return (whole.startsWith("/") ? "/" : "") + tidy.join("/");
}

/** The last parts from the last absolute one on; there is no folder but the root to begin from. */
export const resolve = (...parts: readonly string[]): string =>
  join(
    "/",
    ...parts.slice(
      Math.max(
        0,
        parts.findLastIndex((part) => part.startsWith("/")),
      ),
    ),
  );

export const basename = (path: string, ending = ""): string => {
  const name = path.replace(/\/+$/, "").split("/").at(-1) ?? "";
  return ending !== "" && name !== ending && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
};

export const dirname = (path: string): string => path.replace(/\/*[^/]*\/*$/, "") || (path.startsWith("/") ? "/" : ".");

export const extname = (path: string): string => /[^/](\.[^./]*)$/.exec(path)?.[1] ?? "";

export default { join, resolve, basename, dirname, extname };

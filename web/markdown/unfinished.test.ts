// What is shown of a Markdown text while it is written: no mark stands there as text, and the end is what was written.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Block, parseBlocks } from "./blocks.ts";
import { type Inline, parseInline } from "./inline.ts";
import { splitBlocks } from "./split.ts";
import { finished } from "./unfinished.ts";

/** A text's blocks as short words: kinds in brackets, texts as they would be read. */
function told(text: string): string {
  const inline = (parts: readonly Inline[]): string =>
    parts
      .map((part) =>
        part.kind === "text"
          ? part.text
          : part.kind === "break"
            ? "\n"
            : `[${part.kind} ${"children" in part ? inline(part.children) : part.text}]`,
      )
      .join("");
  const block = (one: Block): string => {
    switch (one.kind) {
      case "paragraph":
      case "heading":
        return inline(parseInline(one.text));
      case "code":
      case "math":
        return `[${one.kind}: ${one.text}]`;
      case "table":
        return `[table ${[one.head, ...one.rows].map((row) => row.map((cell) => inline(parseInline(cell))).join(",")).join("/")}]`;
      case "list":
        return `[list ${one.items.map((item) => item.map(block).join(" ")).join("; ")}]`;
      case "quote":
        return `[quote ${one.blocks.map(block).join(" ")}]`;
      case "rule":
        return "[rule]";
    }
  };
  return parseBlocks(text).map(block).join(" ");
}

test("marks without a partner are taken as closed, or are not there yet", () => {
  for (const [half, shown] of [
    ["so **bold", "so [strong bold]"],
    ["so **bold*", "so [strong bold]"],
    ["so **", "so"],
    ["so **bold** and *slan", "so [strong bold] and [em slan]"],
    ["**a *b", "[strong a [em b]]"],
    ["~~gone", "[del gone]"],
    ["`x = 1", "[code x = 1]"],
    ["`", ""],
    ["see [the page](https://exa", "see the page"],
    ["see [the page](https://example.com/)", "see [link the page]"],
    ["the interval [0, 1", "the interval [0, 1"],
    ["so $x^2 +", "so [math x^2 +]"],
    ["so \\(x^2 +", "so [math x^2 +]"],
    ["so \\(x^2\\", "so [math x^2]"],
    ["it costs $5 and", "it costs $5 and"],
    ["37*48", "37*48"],
    ["$$\n\\frac{1}{2}\n$", "[math: \n\\frac{1}{2}\n]"],
    ["```js\nlet x = 1;\n``", "[code: let x = 1;]"],
    ["``", ""],
    ["```js\nlet a = `", "[code: let a = `]"],
    ["| a | b", "[table a,b]"],
    ["| a | b |\n|", "[table a,b]"],
    ["| a | b |\n|--", "[table a,b]"],
    ["| a | b |\n|--|--|\n| 1 | **2", "[table a,b/1,[strong 2]]"],
    ["- one\n- **two", "[list one; [strong two]]"],
    ["- **one\n- two", "[list **one; two]"],
    ["# A *head", "A [em head]"],
    ["> **said", "[quote [strong said]]"],
  ] as const) {
    assert.equal(told(finished(half)).trimEnd(), shown, half);
  }
});

const SAMPLE = `# Sums of *squares*

The **sum** is $\\frac{n(n+1)}{2}$, by [this page](https://example.com/a_b "title"), or \\(x_1 + x_2\\).

- first **point** with \`code\`
- second, which costs $5

| n | **sum** |
|--:|:----|
| 1 | $1^2$ |
| 2 | \`a\` |

$$
\\sum_{k=1}^n k
$$

> a *quote*

\`\`\`python
def f():
    """Doc:

    \`\`\`
    not the end
    \`\`\`
    """
    return "**x**"
\`\`\`

The ~~end~~ _here_.
`;

test("no prefix of a text shows the marks that its whole means, and nothing shown goes away but for the end", () => {
  const whole = told(SAMPLE);
  assert.ok(whole.includes("[table n,[strong sum]/1,[math 1^2]/2,[code a]]"), whole);
  for (let end = 1; end <= SAMPLE.length; end++) {
    const pieces = splitBlocks(SAMPLE.slice(0, end));
    const shown = pieces.map((piece, at) => told(at === pieces.length - 1 ? finished(piece) : piece)).join(" ");
    const marks = shown.replaceAll(/\[code: [\s\S]*$/g, "").replaceAll(/\[math[^\]]*\]/g, "");
    assert.doesNotMatch(marks, /\*|~|`|\]\(|https|\\|\|--|_/, SAMPLE.slice(0, end).slice(-60));
  }
});

test("a closed text is left as it is", () => {
  for (const piece of splitBlocks(SAMPLE)) assert.equal(told(finished(piece)), told(piece));
});

test("any text can be finished, and costs what it is long", () => {
  const marks = fc.constantFrom(
    "**",
    "*",
    "_",
    "`",
    "```",
    "$",
    "$$",
    "\\(",
    "[",
    "](",
    "|",
    "\n",
    "\n\n",
    "a",
    " ",
    "~~",
    "> ",
    "- ",
  );
  fc.assert(fc.property(fc.array(marks, { maxLength: 60 }), (parts) => void told(finished(parts.join("")))));
  const started = process.cpuUsage().user;
  for (const mark of ["*a ", "`a ``", "[a](", "\\(", "$x_", "| "]) finished(mark.repeat(3000));
  assert.ok(process.cpuUsage().user - started < 3e6, "three seconds of a processor");
});

test("a fence ends where its own marks stand alone, so that code may hold others", () => {
  const code = "````md\n```js\nx\n```\n````";
  assert.equal(told(code), "[code: ```js\nx\n```]");
  assert.equal(told("```\n```python\n\nprint\n```"), "[code: ```python\n\nprint]");
  assert.equal(splitBlocks("```\n```python\n\nprint\n```").length, 1);
  assert.equal(told("  ```\n  a\n    b\n  ```"), "[code: a\n  b]");
  assert.equal(told("The rows:\n| a |\n|--|\n| 1 |"), "The rows: [table a/1]");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readTestJson, testData } from "../checkpoint/test-data.ts";
import {
  endsInsideThink,
  type ReasoningFormat,
  ReasoningSplitter,
  reasoningFormatOf,
  splitReasoning,
  THINK_TAGS,
} from "./reasoning.ts";

const cut = (text: string, cuts: readonly number[]): string[] => {
  const at = [...new Set(cuts.map((one) => one % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => text.slice(from, [...at, text.length][i]));
};

test("thinking and answer are told apart, with white space between them left out", () => {
  const cases: [string, boolean, string, string][] = [
    ["<think>\na\n</think>\n\nb ", false, "a", "b "],
    ["\na b\n</think>\n\nc", true, "a b", "c"],
    ["\n<think>\na</think>b", true, "a", "b"],
    ["plain <think>x</think>", false, "", "plain <think>x</think>"],
    ["  plain", false, "", "  plain"],
    ["never closed </thin", true, "never closed </thin", ""],
    ["<think>never closed\n", false, "never closed", ""],
    ["</think>b", true, "", "b"],
    ["a</think>b</think>c", true, "a", "b</think>c"],
    ["<thi", false, "", "<thi"],
    ["<thi", true, "<thi", ""],
    ["", true, "", ""],
    // as vLLM's parser for R1
    ["<think>r</think>", false, "r", ""],
    ["\n<think>r</think>\nc", false, "r", "c"],
    ["no tag at all", true, "no tag at all", ""],
    // a closing tag in a code fence ends the thinking: nothing tells it from the real one
    ["a ```\n</think>\n``` b", true, "a ```", "``` b"],
    // tags in the answer are its text
    ["a</think>use `<think>` and `</think>`", true, "a", "use `<think>` and `</think>`"],
    ["a</think>\n```\n<think>x</think>\n```", true, "a", "```\n<think>x</think>\n```"],
    // blocks directly after each other
    ["<think></think>\n<think>a</think>b", false, "a", "b"],
    ["<think>a\n</think>\n\n<think>\nb</think>c", false, "a\n\n\n\nb", "c"],
    ["<think>a</think><think>b</think>c<think>d</think>", false, "a\nb", "c<think>d</think>"],
    ["<think>a</think>\n<think>cut", false, "a\ncut", ""],
    ["<think>a</think>\n<thi", false, "a", "<thi"],
    ["<think><think>a</think>b", false, "<think>a", "b"],
  ];
  for (const [text, startsInThink, reasoning, content] of cases) {
    assert.deepEqual(splitReasoning(text, { startsInThink }), { reasoning, content }, JSON.stringify(text));
  }
  const kept: [string, string, string][] = [
    ["<think>\na\n</think>\n\nb", "\na\n", "\n\nb"],
    ["<think>a\n</think>\n<think> b</think> c", "a\n\n b", " c"],
    ["<think>a</think><think>b</think>", "ab", ""],
    ["<think>a</think>\n", "a", "\n"],
  ];
  for (const [text, reasoning, content] of kept) {
    assert.deepEqual(splitReasoning(text, { keepSpace: true }), { reasoning, content }, JSON.stringify(text));
  }
});

test("half a tag is held back until it is known to be one", () => {
  const splitter = new ReasoningSplitter({ startsInThink: true });
  assert.deepEqual(splitter.push("a</th"), { reasoning: "a", content: "" });
  assert.deepEqual(splitter.push("at"), { reasoning: "</that", content: "" });
  assert.deepEqual(splitter.push("</think"), { reasoning: "", content: "" });
  assert.ok(splitter.isThinking);
  assert.deepEqual(splitter.push(">b"), { reasoning: "", content: "b" });
  assert.ok(!splitter.isThinking);
});

test("however a text is cut into pieces, the split is the same", () => {
  const formats: ReasoningFormat[] = [THINK_TAGS, { open: "aab", close: "aaab" }];
  const part = fc.constantFrom(
    ...[
      "<think>",
      "</think>",
      "<think",
      "</",
      "think>",
      "<",
      ">",
      " ",
      "\n",
      "a",
      "bc",
      "🦙",
      "aab",
      "aaab",
      "aa",
      "ab",
    ],
  );
  const texts = fc.array(part, { maxLength: 14 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      texts,
      fc.constantFrom(...formats),
      fc.array(fc.nat(60), { maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      (text, format, cuts, startsInThink, keepSpace) => {
        const whole = splitReasoning(text, { startsInThink, keepSpace, format });
        const splitter = new ReasoningSplitter({ startsInThink, keepSpace, format });
        const deltas = [...cut(text, cuts).map((piece) => splitter.push(piece)), splitter.end()];
        assert.deepEqual(
          {
            reasoning: deltas.map((one) => one.reasoning).join(""),
            content: deltas.map((one) => one.content).join(""),
          },
          whole,
        );
      },
    ),
    { numRuns: 4000, seed: 3 },
  );
});

test("a model's own tags are told from its template and vocabulary", {
  skip: testData("oracles/llama_server_goldens.json.gz").skip,
}, () => {
  const { templates } = readTestJson<{ templates: Record<string, { template: string }> }>(
    "oracles/llama_server_goldens.json.gz",
  );
  for (const [name, { template }] of Object.entries(templates)) {
    const thinks = !/Llama-3|Qwen2\.5/.test(name);
    assert.deepEqual(reasoningFormatOf(template), thinks ? THINK_TAGS : null, name);
  }
  const vocabulary = (...tokens: string[]) => ({ idOf: (token: string) => (tokens.includes(token) ? 1 : undefined) });
  const magistral = { open: "[THINK]", close: "[/THINK]" };
  assert.deepEqual(reasoningFormatOf(null, vocabulary("[THINK]", "[/THINK]")), magistral);
  assert.deepEqual(
    reasoningFormatOf("{{ '[THINK]' + m + '[/THINK]' }}", vocabulary("<think>", "</think>", "[THINK]", "[/THINK]")),
    magistral,
  );
  assert.deepEqual(reasoningFormatOf("no tags", vocabulary("<think>", "</think>")), THINK_TAGS);
  assert.deepEqual(reasoningFormatOf("{{ '<|Assistant|><think>\n' }}"), THINK_TAGS);
  assert.equal(reasoningFormatOf("{{ messages }}", vocabulary("<s>")), null);
  assert.ok(endsInsideThink("x[THINK]\n", magistral) && !endsInsideThink("x[THINK]\n"));
  assert.deepEqual(splitReasoning("[THINK]a[/THINK]b<think>", { format: magistral }), {
    reasoning: "a",
    content: "b<think>",
  });
});

interface Served {
  readonly case: string;
  readonly raw: string;
}

test("what llama-server streamed and what it answered at once split alike", {
  skip: testData("oracles/llama_server_goldens.json.gz").skip,
}, () => {
  const { sse } = readTestJson<{ sse: readonly Served[] }>("oracles/llama_server_goldens.json.gz");
  const raw = (name: string): string => sse.find((one) => one.case === name)!.raw;
  interface Chunk {
    readonly choices: readonly { readonly delta: { readonly reasoning_content?: string } }[];
  }
  const pieces = raw("reasoning stream")
    .split("\n\n")
    .filter((line) => line.startsWith("data: {"))
    .flatMap((line) => (JSON.parse(line.slice(6)) as Chunk).choices)
    .flatMap(({ delta }) => delta.reasoning_content ?? []);
  const whole = (JSON.parse(raw("reasoning non-stream")) as { choices: { message: { reasoning_content: string } }[] })
    .choices[0].message.reasoning_content;
  const tagged = (JSON.parse(raw("reasoning_format none")) as { choices: { message: { content: string } }[] })
    .choices[0].message.content;
  const splitter = new ReasoningSplitter({ startsInThink: true, keepSpace: true });
  const deltas = [...pieces.map((piece) => splitter.push(piece)), splitter.end()];
  assert.equal(deltas.map((one) => one.reasoning).join(""), whole);
  assert.ok(deltas.every((one) => one.content === ""));
  assert.deepEqual(splitReasoning(tagged, { keepSpace: true }), { reasoning: whole, content: "" });
});

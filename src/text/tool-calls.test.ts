import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readTestJson, testData } from "../checkpoint/test-data.ts";
import { JsonReader } from "./json-reader.ts";
import { renderChat } from "./template.ts";
import {
  parseToolCalls,
  type ToolCallDelta,
  ToolCallParser,
  type ToolCallProblem,
  type ToolFormat,
  toolFormatOf,
} from "./tool-calls.ts";

const B = "<｜tool▁calls▁begin｜>";
const C = "<｜tool▁call▁begin｜>";
const S = "<｜tool▁sep｜>";
const E = "<｜tool▁call▁end｜>";
const END = "<｜tool▁calls▁end｜>";
const r1 = (name: string, json: string): string => `${C}function${S}${name}\n\`\`\`json\n${json}\n\`\`\`${E}`;
const v31 = (name: string, json: string): string => `${C}${name}${S}${json}${E}`;
const hermes = (json: string): string => `<tool_call>\n${json}\n</tool_call>`;

test("DeepSeek's two forms and Hermes' give name and arguments, parallel calls in order", () => {
  const cases: [ToolFormat, string, string, [string, string][]][] = [
    ["deepseek", `Let me look.${B}${r1("f", '{"a": 1}')}\n${r1("g", "{}")}${END}`, "Let me look.", [["f", '{"a": 1}'], ["g", "{}"]]],
    ["deepseek", `${B}${v31("f", '{"a":"}<｜tool▁call▁end｜>"}')}${v31("g", "{}")}${END}`, "", [["f", '{"a":"}<｜tool▁call▁end｜>"}'], ["g", "{}"]]],
    ["deepseek", `<｜tool▁calls｜>${r1("f", '{"a": [1, {"b": null}]}')}`, "", [["f", '{"a": [1, {"b": null}]}']]],
    ["deepseek", `${v31("f", "{}")}`, "", [["f", "{}"]]],
    ["hermes", `Sure.\n${hermes('{"name": "f", "arguments": {"a": "</tool_call>"}}')}\n${hermes('{"name": "g", "arguments": {}}')}`, "Sure.", [["f", '{"a": "</tool_call>"}'], ["g", "{}"]]],
    ["hermes", hermes('{"arguments": {"a": 1.5e3}, "name": "f"}'), "", [["f", '{"a": 1.5e3}']]],
    ["hermes", hermes('{"name": "f", "arguments": "{\\"a\\": 1}"}'), "", [["f", '{"a": 1}']]],
    ["hermes", hermes('{"name": "f"}'), "", [["f", "{}"]]],
    ["hermes", hermes('{"name": "f", "arguments": null}'), "", [["f", "{}"]]],
    ["hermes", hermes('{"id": {"x": [1]}, "name": "f", "parameters": {"a": {"name": "no"}}, "n": -1}'), "", [["f", '{"a": {"name": "no"}}']]],
    ["hermes", '<tool_call>{"name": "f", "arguments": {}}', "", [["f", "{}"]]],
    ["hermes", '<tool_call>{"name": "f", "arguments": {}}<tool_call>{"name": "g"}', "", [["f", "{}"], ["g", "{}"]]],
    ["hermes", " no call <tool", " no call <tool", []],
    ["hermes", "\n", "\n", []],
  ]; // biome-ignore format: one case a line
  for (const [format, text, content, calls] of cases) {
    const parsed = parseToolCalls(text, { format, newId: (i) => `call_${i}` });
    const expected = calls.map(([name, json], i) => ({ id: `call_${i}`, name, arguments: json }));
    assert.deepEqual(parsed, { content, calls: expected, problems: [] }, text);
  }
});

test("a malformed call is reported with its reason and its text, and the next one is still read", () => {
  const cases: [ToolFormat, string, RegExp][] = [
    ["hermes", "{'name': 'f'}", /not a JSON object/],
    ["hermes", '[{"name": "f"}]', /not a JSON object/],
    ["hermes", "see above", /not a JSON object/],
    ["hermes", "", /not a JSON object/],
    ["hermes", '{"arguments": {}}', /no name/],
    ["hermes", '{"name": 3}', /name is not a text/],
    ["hermes", '{"name": "f", "arguments": [1]}', /arguments are not an object/],
    ["hermes", '{"name": "f", "arguments": "x"}', /arguments are not an object/],
    ["hermes", '{"name": "f", "arguments": {"a": tru}}', /not a JSON object/],
    ["deepseek", `${S}{}`, /name is not followed|no name/],
    ["deepseek", "f", /no name/],
    ["deepseek", `function${S}f`, /no arguments/],
    ["deepseek", `function${S}f\nplease {}`, /not followed by its arguments/],
    ["deepseek", `f${S}{"a": 01}`, /not JSON/],
  ];
  for (const [format, body, reason] of cases) {
    const raw = format === "hermes" ? `<tool_call>${body}</tool_call>` : `${C}${body}${E}`;
    const good = format === "hermes" ? hermes('{"name": "ok"}') : v31("ok", "{}");
    const { calls, problems, content } = parseToolCalls(`a ${raw}${good}`, { format });
    assert.deepEqual(calls, [{ name: "ok", arguments: "{}" }], body);
    assert.equal(content, "a");
    assert.equal(problems.length, 1, body);
    assert.match(problems[0].reason, reason, body);
    assert.equal(problems[0].raw, raw);
  }
});

test("a call cut off by the end of the text is reported, what came before it stands", () => {
  for (const text of [`<tool_call>{"name": "f", "arguments": {"a": "b`, "<tool_call>", `${C}f${S}{"a`, `${C}fun`]) {
    const format = text.startsWith("<tool_call>") ? "hermes" : "deepseek";
    const { content, calls, problems } = parseToolCalls(`x${text}`, { format });
    assert.deepEqual([content, calls], ["x", []]);
    assert.deepEqual(
      problems.map((one) => [one.reason, one.raw]),
      [["the call is cut off", text]],
    );
  }
  const trailing = parseToolCalls(hermes('{"name": "f"}}'), { format: "hermes" });
  assert.deepEqual(trailing.calls, [{ name: "f", arguments: "{}" }]);
  assert.deepEqual(trailing.problems, [{ index: null, reason: "there is text after the call's JSON", raw: "}\n" }]);
});

test("arguments come while they are written, and are a beginning of valid JSON at every moment", () => {
  const parser = new ToolCallParser({ format: "hermes", newId: () => "id" });
  assert.deepEqual(parser.push('<tool_call>{"name": "f", "argu'), { content: "", calls: [], problems: [] });
  assert.deepEqual(parser.push('ments": {"a').calls, [{ index: 0, id: "id", name: "f", argumentsDelta: '{"a' }]);
  assert.deepEqual(parser.push('": 1').calls, [{ index: 0, argumentsDelta: '": 1' }]);
  assert.deepEqual(parser.push("}}</tool").calls, [{ index: 0, argumentsDelta: "}" }]);
  assert.deepEqual(parser.push("_call>"), { content: "", calls: [], problems: [] });
  assert.equal(parser.count, 1);
});

const joined = (format: ToolFormat, pieces: readonly string[]) => {
  const parser = new ToolCallParser({ format });
  const outputs = [...pieces.map((piece) => parser.push(piece)), parser.end()];
  const calls = new Map<number, ToolCallDelta>();
  const problems: ToolCallProblem[] = outputs.flatMap((one) => [...one.problems]);
  for (const one of outputs.flatMap((output) => output.calls)) {
    const before = calls.get(one.index);
    calls.set(one.index, before ? { ...before, argumentsDelta: before.argumentsDelta + one.argumentsDelta } : one);
  }
  return { content: outputs.map((one) => one.content).join(""), calls: [...calls.values()], problems };
};

test("however a text is cut into pieces, contents, calls and problems are the same, and nothing throws", () => {
  const part = fc.constantFrom(
    B, C, S, E, END, "<tool_call>", "</tool_call>", "<tool", "</", "f", "function", "\n```json\n", "```", "{", "}", '{"name": "f", ',
    '"arguments": ', '{"a": 1}', '{"a": "\\u00e9', '"', "[", "]", "1", "-", "tru", "e", ",", ":", " ", "\n", "🦙",
  ); // biome-ignore format: a list
  const texts = fc.array(part, { maxLength: 24 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      fc.constantFrom<ToolFormat>("deepseek", "hermes"),
      texts,
      fc.array(fc.nat(200), { maxLength: 8 }),
      (format, text, cuts) => {
        const at = [...new Set(cuts.map((one) => one % (text.length + 1)))].sort((a, b) => a - b);
        const pieces = [0, ...at].map((from, i) => text.slice(from, [...at, text.length][i]));
        assert.deepEqual(joined(format, pieces), joined(format, [text]));
        for (const { argumentsDelta } of joined(format, pieces).calls) {
          const reader = new JsonReader();
          for (const unit of argumentsDelta) assert.ok(reader.push(unit[0]));
        }
      },
    ),
    { numRuns: 3000, seed: 11 },
  );
});

test("the strict reader takes exactly what JSON.parse takes", () => {
  const part = fc.constantFrom(...'{}[],:"\\ \n-+.eE019atrufnlsbu', "true", "null", '"a"', "\\u00e9", "1.5", '"k":');
  const texts = fc.oneof(
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.json({ depthSize: "small" }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const reader = new JsonReader();
      // a space ends a number at the top level
      const taken = [...text.split(""), " "].every((unit) => reader.push(unit)) && reader.done;
      let parsed = true;
      try {
        JSON.parse(text);
      } catch {
        parsed = false;
      }
      assert.equal(taken, parsed, JSON.stringify(text));
    }),
    { numRuns: 5000, seed: 5 },
  );
});

test("the format is told from the template, and what a template writes is read back", {
  skip: testData("oracles/llama_server_goldens.json.gz").skip,
}, () => {
  const { templates } = readTestJson<{ templates: Record<string, { template: string }> }>(
    "oracles/llama_server_goldens.json.gz",
  );
  const formats: Record<string, ToolFormat | null> = {
    "deepseek-ai-DeepSeek-R1-Distill-Llama-8B": "deepseek",
    "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B": "deepseek",
    "llama-cpp-deepseek-r1": "deepseek",
    "deepseek-ai-DeepSeek-V3.1": "deepseek",
    "Qwen-QwQ-32B": "hermes",
    "Qwen-Qwen3-0.6B": "hermes",
    "Qwen-Qwen2.5-7B-Instruct": "hermes",
    "meta-llama-Llama-3.1-8B-Instruct": null,
  };
  for (const [name, { template }] of Object.entries(templates)) {
    const format = toolFormatOf(template);
    assert.equal(format, formats[name], name);
    if (format === null || name === "llama-cpp-deepseek-r1") continue; // that one loses the calls
    const takesObjects = /arguments'?\]? \| tojson/.test(template);
    const args = { city: "Saint-Étienne", days: [1, 2] };
    const call = (n: string) => ({
      type: "function",
      function: { name: n, arguments: takesObjects ? args : JSON.stringify(args) },
    });
    const messages = [
      { role: "user", content: "Weather?" },
      { role: "assistant", content: format === "hermes" ? "" : null, tool_calls: [call("today"), call("tomorrow")] },
    ];
    const before = renderChat(template, messages.slice(0, 1), { addGenerationPrompt: false });
    const written = renderChat(template, messages, { addGenerationPrompt: false }).slice(before.length);
    const { calls, problems } = parseToolCalls(written, { format });
    assert.deepEqual(problems, [], name);
    assert.deepEqual(
      calls.map((one) => [one.name, JSON.parse(one.arguments)]),
      [["today", args], ["tomorrow", args]],
      `${name}: ${written}`,
    ); // biome-ignore format: two pairs
  }
  assert.equal(toolFormatOf(null, { idOf: (token) => (token === "<tool_call>" ? 5 : undefined) }), "hermes");
  assert.equal(toolFormatOf("{{ messages }}<tool_call><function=f>"), null);
  assert.equal(toolFormatOf(null), null);
});

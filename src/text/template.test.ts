import assert from "node:assert/strict";
import { test } from "node:test";
import { readTestJson, testData } from "../checkpoint/test-data.ts";
import { UserError } from "../error.ts";
import { BUNDLED_TEMPLATE, type ChatMessage, endsInsideThink, renderChat } from "./template.ts";

interface LlamaServer {
  readonly templates: Readonly<
    Record<
      string,
      { readonly template: string; readonly bos: string; readonly prompts: Readonly<Record<string, Rendered>> }
    >
  >;
}
interface Rendered {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly prompt: string;
}

const tokens = { bosToken: "<｜begin▁of▁sentence｜>", eosToken: "<｜end▁of▁sentence｜>" };

test("the bundled template joins system texts in front, drops earlier thinking and opens a think block", () => {
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "1+1?" },
    { role: "assistant", content: "<think>easy</think>2" },
    { role: "system", content: "Be exact." },
    { role: "user", content: "2+2?" },
  ];
  assert.equal(
    renderChat(BUNDLED_TEMPLATE, messages, tokens),
    "<｜begin▁of▁sentence｜>Be brief.\n\nBe exact.<｜User｜>1+1?<｜Assistant｜>2<｜end▁of▁sentence｜><｜User｜>2+2?<｜Assistant｜><think>",
  );
  assert.equal(
    renderChat(BUNDLED_TEMPLATE, [{ role: "user", content: " a\n" }], { ...tokens, addGenerationPrompt: false }),
    "<｜begin▁of▁sentence｜><｜User｜> a\n",
  );
});

test("a message a template cannot take, and a template that is not Jinja, are one sentence", () => {
  const bad: [string, ChatMessage[], RegExp][] = [
    [
      BUNDLED_TEMPLATE,
      [{ role: "tool", content: "x" }],
      /refused the messages: this model knows the roles system, user and assistant, not tool/,
    ],
    ["{% if %}", [], /is not valid Jinja/],
    ["{{ raise_exception('no') }}", [], /refused the messages: no\./],
  ];
  for (const [template, messages, sentence] of bad) {
    assert.throws(
      () => renderChat(template, messages),
      (error) => error instanceof UserError && sentence.test(error.message) && !error.message.includes("\n"),
    );
  }
});

test("a prompt is known to end inside a think block", () => {
  assert.ok(endsInsideThink("<｜Assistant｜><think>\n"));
  assert.ok(!endsInsideThink("<think></think>"));
});

test("published templates render as llama-server renders them", {
  skip: testData("oracles/llama_server_goldens.json.gz").skip,
}, () => {
  const { templates } = readTestJson<LlamaServer>("oracles/llama_server_goldens.json.gz");
  // llama-server fills in these two where the request does not
  const defaults = { enable_thinking: true, date_string: "23 Nov 2026" };
  for (const [name, { template, prompts }] of Object.entries(templates)) {
    for (const [label, { messages, tools, kwargs, prompt }] of Object.entries(prompts)) {
      if (label === "tool_call") continue; // the server rewrites calls before the template sees them
      const rendered = renderChat(template, messages, { tools, variables: { ...defaults, ...kwargs } });
      assert.equal(rendered, prompt, `${name}: ${label}`);
    }
  }
});

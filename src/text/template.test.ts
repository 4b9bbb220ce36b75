import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { readTestJson, testData } from "../checkpoint/test-data.ts";
import { UserError } from "../error.ts";
import { endsInsideThink } from "./reasoning.ts";
import { BUNDLED_TEMPLATE, type ChatMessage, loadChatTemplate, renderChat } from "./template.ts";
import { messagesForTemplate } from "./template-messages.ts";

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
    ["\n{% if %}", [], /is not valid Jinja: unexpected the end of the tag \(line 2\)/],
    [
      "{{ messages[0].content.x.y }}",
      [{ role: "user", content: "x" }],
      /refused the messages: 'str object' has no attribute 'x'/,
    ],
    ["{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", [], /more than 5000000 steps/],
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
  // llama-server gives these templates no content instead of None, and so loses the calls that they write only with None
  const losesCalls = /R1-Distill/;
  // llama-server fills in these two where the request does not
  const defaults = { enable_thinking: true, date_string: "23 Nov 2026" };
  for (const [name, { template, prompts }] of Object.entries(templates)) {
    for (const [label, { messages, tools, kwargs, prompt }] of Object.entries(prompts)) {
      // which Jinja2 refuses: it writes a generator as JSON
      if (label === "tool_call" && name === "llama-cpp-deepseek-r1") continue;
      const adapted = messagesForTemplate(template, messages);
      const rendered = renderChat(template, adapted, { tools, variables: { ...defaults, ...kwargs } });
      if (label === "tool_call" && losesCalls.test(name)) {
        assert.ok(
          name.startsWith("llama-cpp") || /get_weather\n```json\n\{"city": ?"Paris"\}\n```/.test(rendered),
          rendered,
        );
      } else assert.equal(rendered, prompt, `${name}: ${label}`);
    }
  }
});

test("calls come out as each template writes them, whatever form they were given in", () => {
  const call = (args: unknown) => ({ id: "c", type: "function", function: { name: "f", arguments: args } });
  const concatenating =
    "{% for m in messages %}{% if m.content is none %}{{ m.tool_calls[0].function.arguments + '!' }}{% endif %}{% endfor %}";
  const dumping = "{% for m in messages %}{% if '</t>' in m.content or m.tool_calls %}{{ m.tool_calls[0].function.arguments | tojson }}{% endif %}{% endfor %}"; // biome-ignore format: one template a line
  for (const content of [null, "", undefined]) {
    for (const args of ['{"a": 1.0}', { a: 1 }]) {
      const messages: ChatMessage[] = [{ role: "assistant", content, tool_calls: [call(args)] }];
      const text = typeof args === "string" ? args : '{"a":1}';
      assert.equal(renderChat(concatenating, messagesForTemplate(concatenating, messages)), `${text}!`);
      const dumped = typeof args === "string" ? '{"a": 1.0}' : '{"a": 1}';
      assert.equal(renderChat(dumping, messagesForTemplate(dumping, messages)), dumped);
    }
  }
  // arguments that are no JSON, and templates that write no calls, stay as they are
  const odd: ChatMessage[] = [{ role: "assistant", content: "", tool_calls: [call("{")] }];
  assert.deepEqual(messagesForTemplate(dumping, odd), odd);
  assert.deepEqual(messagesForTemplate("{{ messages }}", [{ role: "user", content: "x" }]), [
    { role: "user", content: "x" },
  ]);
  const thinking = messagesForTemplate("", [{ role: "assistant", content: "x", reasoning: "because" }]);
  assert.deepEqual(thinking, [
    { role: "assistant", content: "x", reasoning: "because", thinking: "because", reasoning_content: "because" },
  ]);
});

test("a model's template is found wherever it is kept", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-template-"));
  const write = (name: string, content: unknown): void => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  };
  try {
    assert.equal(loadChatTemplate(folder), null);
    write("tokenizer_config.json", {});
    assert.equal(loadChatTemplate(folder), null);
    write("tokenizer_config.json", { chat_template: "one" });
    assert.equal(loadChatTemplate(folder, true), "one");
    const named = [
      { name: "default", template: "plain" },
      { name: "tool_use", template: "with tools" },
    ];
    write("tokenizer_config.json", { chat_template: named });
    assert.deepEqual([loadChatTemplate(folder), loadChatTemplate(folder, true)], ["plain", "with tools"]);
    write("chat_template.json", { chat_template: "of its own" });
    assert.equal(loadChatTemplate(folder), "of its own");
    write("chat_template.jinja", "jinja");
    assert.equal(loadChatTemplate(folder, true), "jinja");
    write("additional_chat_templates/tool_use.jinja", "more");
    assert.deepEqual([loadChatTemplate(folder), loadChatTemplate(folder, true)], ["jinja", "more"]);
    fs.rmSync(path.join(folder, "chat_template.jinja"));
    write("chat_template.json", "{");
    assert.throws(() => loadChatTemplate(folder), /chat_template\.json is not valid JSON/);
    for (const odd of [null, 3, [null], [{ name: "default", template: 3 }], { tool_use: "x" }]) {
      write("chat_template.json", { chat_template: odd });
      write("tokenizer_config.json", "null");
      assert.equal(loadChatTemplate(folder), null, JSON.stringify(odd));
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

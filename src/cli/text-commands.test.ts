import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { testData } from "../checkpoint/test-data.ts";
import { characterTokenizerConfig, characterTokenizerJson } from "../text/character-tokenizer.ts";
import { BUNDLED_TEMPLATE } from "../text/template.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-text-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const write = (name: string, content: unknown): string => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
};
write("tokenizer.json", characterTokenizerJson());
write("tokenizer_config.json", characterTokenizerConfig(BUNDLED_TEMPLATE, 256));

/** Runs one command with commander as main.ts does, in a process of its own. */
function reckon(args: readonly string[], input = ""): { code: number | null; out: string; error: string } {
  const cli = (name: string): string => JSON.stringify(path.join(import.meta.dirname, name));
  const script = `
    import { runCommand } from ${cli("main.ts")};
    import { reportError, wantsJson } from ${cli("output.ts")};
    const table = ["tokenize", "render"].map((name) => ({ name, description: "", load: () => import(${cli("")} + "/" + name + ".ts") }));
    const args = JSON.parse(process.env.ARGS);
    await runCommand(args, table).catch((error) => { process.exitCode = reportError(error, { json: wantsJson(args) }); });`;
  const env = { ...process.env, ARGS: JSON.stringify(args) };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    input,
    env,
    encoding: "utf8",
  });
  return { code: status, out: stdout, error: stderr };
}

test("tokenize prints the ids of standard input, special tokens only when asked for", () => {
  assert.deepEqual(reckon(["tokenize", "--model", folder, "--json"], "1+1\n"), {
    code: 0,
    out: '{"ids":[25,19,25,7]}\n',
    error: "",
  });
  assert.equal(reckon(["tokenize", "--model", folder, "--add-special"], "1").out, "0 25\n");
  assert.equal(reckon(["tokenize", "--model", folder, "--parse-special"], "<｜User｜>1").out, "3 25\n");
  const refused = reckon(["tokenize", "--model", folder, "--json"], "<｜User｜>1");
  assert.equal(refused.code, 1);
  assert.match(JSON.parse(refused.out).error.message, /"｜" \(U\+FF5C, at position 1\)/);
});

test("tokenize --batch answers each line in order and names a line that is wrong", () => {
  const batch = write("batch.jsonl", '{"id":"a","text":"1"}\n\n{"id":2,"text":""}\n');
  assert.equal(
    reckon(["tokenize", "--model", folder, "--batch", batch]).out,
    '{"id":"a","ids":[25],"decoded":"1"}\n{"id":2,"ids":[],"decoded":""}\n',
  );
  const wrong = reckon([
    "tokenize",
    "--model",
    folder,
    "--batch",
    write("wrong.jsonl", '{"id":1,"text":"1"}\n{"id":2}\n'),
  ]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.error, /wrong\.jsonl, line 2 lacks a text/);
});

test("render prints the template's text and nothing else", () => {
  const messages = write("messages.json", [{ role: "user", content: "1+1?\n" }]);
  assert.equal(
    reckon(["render", "--model", folder, "--messages", messages]).out,
    "<｜begin▁of▁sentence｜><｜User｜>1+1?\n<｜Assistant｜><think>",
  );
  assert.equal(
    reckon(["render", "--model", folder, "--messages", messages, "--no-generation-prompt"]).out,
    "<｜begin▁of▁sentence｜><｜User｜>1+1?\n",
  );
  const template = write("t.jinja", "{{ bos_token }}{{ messages[0].content }}{{ n + 1 }}{{ tools | length }}");
  const tools = write("tools.json", [{}, {}]);
  const args = [
    "render",
    "--template",
    template,
    "--messages",
    messages,
    "--tools",
    tools,
    "--set",
    'bos_token="<s>"',
    "--set",
    "n=1",
  ];
  assert.equal(reckon(args).out, "<s>1+1?\n22");
});

test("wrong input of render is one sentence with its exit code", () => {
  const messages = write("messages.json", [{ role: "user", content: "x" }]);
  const cases: [string[], number, RegExp][] = [
    [["--messages", path.join(folder, "none.json")], 1, /--messages .*none\.json cannot be read \(ENOENT\)/],
    [["--messages", write("bad.json", "{")], 1, /is not JSON/],
    [["--messages", write("bad2.json", [{ content: "x" }])], 1, /must be a JSON list of messages, each with a role/],
    [["--messages", messages, "--set", "x"], 2, /--set takes key=json/],
    [["--messages", messages, "--set", "x=y"], 2, /--set x needs JSON/],
    [["--messages", messages, "--template", "t"], 2, /exclude each other/],
    [[], 2, /required option '--messages <file>'/],
  ];
  for (const [args, code, sentence] of cases) {
    const result = reckon(["render", "--model", folder, ...args]);
    assert.equal(result.code, code, result.error);
    assert.match(result.error, sentence);
    assert.equal(result.error.trim().split("\n").length, 1);
    assert.equal(result.out, "");
  }
  assert.match(
    reckon(["render", "--model", path.join(folder, "absent"), "--messages", messages]).error,
    /does not exist; check the path/,
  );
});

const SMOL = testData("weights/SmolLM2-135M-Instruct.Q4_1.gguf");

test("both commands read a GGUF file's vocabulary and template", { skip: SMOL.skip }, () => {
  const batch = write("smol.jsonl", '{"id":1,"text":"Once upon a time"}\n{"id":2,"text":"<|im_end|>"}\n');
  const args = ["tokenize", "--model", SMOL.file, "--batch", batch];
  const [first, second] = reckon(args).out.split("\n");
  assert.equal(first, '{"id":1,"ids":[6403,1980,253,655],"decoded":"Once upon a time"}');
  assert.match(second, /"ids":\[(\d+,)+\d+\],"decoded":"<\|im_end\|>"/);
  assert.match(reckon([...args, "--parse-special"]).out, /"ids":\[2\]/);
  const messages = write("hi.json", [{ role: "user", content: "Hi" }]);
  assert.equal(
    reckon(["render", "--model", SMOL.file, "--messages", messages]).out,
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n" +
      "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
  );
});

test("numbers in tools are printed as they are written, 1.0 as 1.0", () => {
  const messages = write("messages.json", [{ role: "user", content: "x" }]);
  const tools = write("floats.json", '[{"minimum": 0.0, "maximum": 1, "step": 1e-1}]');
  const template = write("floats.jinja", "{{ tools | tojson }}{{ n }}");
  const args = ["render", "--template", template, "--messages", messages, "--tools", tools, "--set", "n=2.0"];
  assert.equal(reckon(args).out, '[{"minimum": 0.0, "maximum": 1, "step": 0.1}]2.0');
});

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { summarize } from "../accuracy.ts";
import { evaluationCost } from "../cost/cost.ts";
import type { Item, Judge, Response } from "../item.ts";
import { weightsFingerprint } from "./fingerprint.ts";
import { Journal, readSampleRecords } from "./journal.ts";
import { readSamples } from "./read-samples.ts";
import type { Settings } from "./settings.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-record-"));
after(() => fs.rmSync(place, { recursive: true }));
const at = (name: string): string => path.join(place, name);

const settings: Settings = {
  benchmark: "sums",
  benchmark_sha256: "ab",
  licence: "own",
  model: "tiny",
  server: null,
  weights: "w",
  temperature: 0.6,
  top_p: 0.95,
  max_tokens: 8,
  think_budget: null,
  seed: 1,
  judge: null,
  judge_prompt: null,
};
const judge: Judge = (text) => ({
  accuracy: text.endsWith("right") ? 1 : 0,
  format: 1,
  reason: "said so",
  answer: text,
});
const item = (id: string): Item => ({
  id,
  group: "sums",
  variant: null,
  question: id,
  prompt: `ask ${id}`,
  gold: "right",
  judge,
});
const items = [item("a"), item("b")];
const response = (text: string): Response => ({
  ...{ text, tokens: 3, thinking: 1, finish: "stop", promptTokens: 9, cachedTokens: 2, seconds: 0.5 },
  ...{ accuracy: text === "right" ? 1 : 0, format: 1, reason: "said so", answer: text },
});
const clock = (session: number, seconds: number) => ({ session, seconds, core_seconds: 2 * seconds, joules: null });

function begun(name: string): string {
  const file = at(name);
  const journal = Journal.open(file, settings, items);
  journal.append(items[0]!, 0, response("right"), clock(0, 1));
  journal.append(items[1]!, 0, response("wrong"), clock(0, 2));
  journal.close();
  return file;
}

test("answers written down are there again, with what was used up, and more can follow", () => {
  const file = begun("again.jsonl");
  const journal = Journal.open(file, settings, items);
  assert.deepEqual(journal.done.get("a")!.get(0), response("right"));
  assert.deepEqual(journal.clocks, [clock(0, 2)]);
  journal.append(items[0]!, 1, response("wrong"), clock(1, 4));
  journal.close();
  const lines = readSampleRecords(file);
  assert.deepEqual(
    lines.map(({ id, sample }) => [id, sample]),
    [
      ["a", 0],
      ["b", 0],
      ["a", 1],
    ],
  );
  assert.deepEqual(
    lines.map((line) => [line.evaluation?.benchmark, line.prompt]),
    [
      ["sums", "ask a"],
      [undefined, "ask b"],
      [undefined, undefined],
    ],
  );
});

test("a last line that a kill tore is dropped, wherever it was torn, and nothing else", () => {
  const whole = fs.readFileSync(begun("whole.jsonl"));
  const second = whole.indexOf(10) + 1;
  const file = at("torn.jsonl");
  for (const length of [whole.length, whole.length - 1, second + 40, second + 1, second, second - 1, 30, 12]) {
    fs.writeFileSync(file, whole.subarray(0, length));
    const journal = Journal.open(file, settings, items);
    const kept = length === whole.length ? 2 : length >= second ? 1 : 0;
    assert.equal([...journal.done.values()].length, kept, `${length} bytes`);
    journal.append(items[1]!, 1, response("right"), clock(1, 1));
    journal.close();
    assert.equal(readSampleRecords(file).length, kept + 1);
    assert.equal(readSampleRecords(file)[0]!.evaluation?.model, "tiny");
  }
});

test("other settings, other questions, and files that are no evaluation's are refused and left as they are", () => {
  const file = begun("kept.jsonl");
  const before = fs.readFileSync(file);
  const refused = (
    message: RegExp,
    other: Partial<Settings> = {},
    asked: readonly Item[] = items,
    name = file,
  ): void => {
    assert.throws(() => Journal.open(name, { ...settings, ...other }, asked), {
      name: "UserError",
      exitCode: 2,
      message,
    });
  };
  refused(/holds an evaluation with temperature 0\.6, not 1; give the same settings/, { temperature: 1 });
  refused(/with model "tiny", not "large"/, { model: "large" });
  refused(/with other weights of the model tiny/, { weights: "v" });
  refused(/with another content of the benchmark's file/, { benchmark_sha256: "cd" });
  refused(/with server null, not "http:\/\/h\/v1"/, { server: "http://h/v1" });
  refused(/holds the question b, which this evaluation does not ask/, {}, [items[0]!]);
  refused(/holds another wording of the question a/, {}, [{ ...items[0]!, prompt: "other" }, items[1]!]);
  assert.deepEqual(fs.readFileSync(file), before);
  for (const content of [
    "my notes",
    '{"id":"a","question":"q"}',
    '{"id":"a","question":"q"}\n',
    `${before}not json\n`,
  ]) {
    const own = at("own.jsonl");
    fs.writeFileSync(own, content);
    refused(/own\.jsonl, line \d: not an answer of an evaluation; it is left as it is/, {}, items, own);
    assert.equal(fs.readFileSync(own, "utf8"), content);
  }
});

test("a file is written by one evaluation at a time", () => {
  const file = begun("locked.jsonl");
  const journal = Journal.open(file, settings, items);
  assert.throws(() => Journal.open(file, settings, items), { name: "UserError" });
  journal.close();
  Journal.open(file, settings, items).close();
  assert.ok(!fs.existsSync(`${file}.lock`));
});

const read = (name: string, lines: readonly unknown[] | string, anew = false) => {
  fs.writeFileSync(
    at(name),
    typeof lines === "string" ? lines : lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  );
  return readSamples(
    at(name),
    (_, gold) => (text) => ({ accuracy: text.endsWith(gold) ? 1 : 0, format: 1, reason: "compared", answer: text }),
    anew,
  );
};

test("answers of all three forms are read; those judged already are not judged again unless asked to", async () => {
  const forms = [
    { id: 1, gold: 7, samples: ["it is 7", "it is 8"] },
    { id: "two", correct: [true, false, false] },
    { id: "three", correct: [true, true], samples: ["<think>x</think>\\boxed{5}", "\\boxed{6}"], gold: "6" },
  ];
  const { results, name, blind, settings: none } = await read("mixed.jsonl", forms);
  assert.deepEqual(
    results.map(({ item: { id, gold }, responses }) => [id, gold, responses.map(({ accuracy }) => accuracy)]),
    [
      ["1", "7", [1, 0]],
      ["two", "", [1, 0, 0]],
      ["three", "6", [1, 1]],
    ],
  );
  assert.deepEqual(
    results[2]!.responses.map(({ answer }) => answer),
    ["5", "6"],
  );
  assert.deepEqual([name, blind, none], ["mixed", true, null]);
  const own = await readSamples(begun("own-form.jsonl"), () => judge);
  assert.deepEqual(
    [own.name, own.settings?.model, own.used],
    ["sums", "tiny", { seconds: 2, core_seconds: 4, joules: null }],
  );
  assert.deepEqual(own.results[0]!.responses, [response("right")]);
  const again = await read(
    "again.jsonl",
    [{ id: "three", correct: [true, true], samples: ["5", "6"], gold: "6" }],
    true,
  );
  assert.deepEqual(
    again.results[0]!.responses.map(({ accuracy }) => accuracy),
    [0, 1],
  );
});

test("answers of others may tell their tokens, and then have a price", async () => {
  const lines = [
    { id: "a", gold: "1", samples: ["1", "2"], tokens: [30, 10], prompt_tokens: 100 },
    { id: "b", correct: [true, false], tokens: [50, 10], prompt_tokens: 20 },
  ];
  const { results } = await read("counted.jsonl", lines);
  const price = { input: 1, cached: null, output: 10, date: "2025", source: "a list" };
  const rate = { kind: "tokens", price } as const;
  const cost = evaluationCost({ results, seconds: Number.NaN, core_seconds: null, joules: null, rate });
  assert.deepEqual([cost.usd, cost.per_answer.tokens], [(240 + 1000) / 1e6, 25]);
  assert.equal(cost.per_right_answer!.usd, 1240 / 2 / 1e6);
});

test("only right and wrong known: cons@k takes all wrong answers as one, ties by chance", async () => {
  const { results } = await read("bools.jsonl", [
    { id: "a", correct: [true, true, false, false] },
    { id: "b", correct: [true, true, true, false] },
  ]);
  const { cons, pass, accuracy } = summarize({ results, samples: 4 }, { ks: [1, 4] });
  assert.deepEqual([cons.get(4), cons.get(1), pass.get(1), accuracy], [0.75, 0.625, 0.625, 0.625]);
  // with the answers given, three different wrong ones do not gang up
  const told = await read("told.jsonl", [
    { id: "a", correct: [true, true, false, false, false], answers: ["7", "7.", "1", "2", null] },
  ]);
  assert.equal(summarize({ results: told.results, samples: 5 }, { ks: [5] }).cons.get(5), 1);
});

test("a file may be gzipped; what is wrong with it is told by line", async () => {
  fs.writeFileSync(at("a.jsonl.gz"), gzipSync('\ufeff{"id":"a","correct":[true]}\r\n'));
  const { results, name } = await readSamples(at("a.jsonl.gz"), () => judge);
  assert.deepEqual([results.length, name], [1, "a"]);
  const cases: readonly (readonly [readonly unknown[] | string, RegExp])[] = [
    ['{"id":"a","correct":[true]}\nnonsense\n', /bad\.jsonl, line 2: not JSON/],
    [[{ id: "a" }], /line 1: the field samples or correct is missing/],
    [[{ correct: [true] }], /line 1: id: /],
    [[{ id: "a", samples: ["x"] }], /line 1: answers to be judged need gold and samples/],
    [[{ id: "a", correct: [1] }], /line 1: correct\.0: /],
    [[{ id: "a", gold: "1", samples: [] }], /line 1: there is no answer/],
    [[{ id: "a", gold: "1", samples: ["x"], tokens: [1, 2] }], /line 1: samples has 1 entries and tokens 2/],
    [[{ id: "a", correct: [true, false], samples: ["x"] }], /line 1: correct has 2 entries and samples 1/],
    [
      [
        { id: "a", correct: [true] },
        { id: "a", correct: [true] },
      ],
      /line 2: the id "a" is that of line 1 already/,
    ],
    ["", /holds no answers/],
  ];
  for (const [lines, message] of cases) await assert.rejects(read("bad.jsonl", lines), { name: "UserError", message });
  await assert.rejects(
    readSamples(at("nowhere.jsonl"), () => judge),
    { message: /there is no such file/ },
  );
});

test("weights are told by their content, wherever they lie and whatever lies beside them", () => {
  const [one, two] = [at("m1"), at("m2")];
  const bytes = Buffer.alloc(3e6, 7);
  for (const folder of [one, two]) {
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, "model.safetensors"), bytes);
  }
  fs.writeFileSync(path.join(two, "README.md"), "a card");
  assert.equal(weightsFingerprint(one), weightsFingerprint(two));
  assert.equal(weightsFingerprint(path.join(one, "model.safetensors")), weightsFingerprint(one));
  bytes[bytes.length - 1] = 8;
  fs.writeFileSync(path.join(two, "model.safetensors"), bytes);
  assert.notEqual(weightsFingerprint(one), weightsFingerprint(two));
});

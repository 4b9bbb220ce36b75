import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, mock, test } from "node:test";
import { commands, runCommand } from "../main.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-eval-files-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));
const at = (name: string): string => path.join(place, name);

/** What `reckon eval` prints on standard output; the test runner's own words there are bytes. */
async function printed(...args: readonly string[]): Promise<string> {
  let text = "";
  const write = process.stdout.write.bind(process.stdout);
  const caught = mock.method(process.stdout, "write", (piece: string | Uint8Array) => {
    if (typeof piece !== "string") return write(piece);
    text += piece;
    return true;
  });
  try {
    await runCommand(["eval", ...args], commands);
  } finally {
    caught.mock.restore();
  }
  return text;
}

test("answers from files: the contract's keys, by several k, judged and compared", async () => {
  const judged = at("judged.jsonl");
  fs.writeFileSync(
    judged,
    '{"id":"a","correct":[true,true,false,false]}\n{"id":"b","correct":[true,false,false,false]}\n',
  );
  const row = JSON.parse(await printed("--from-samples", judged, "--k", "1,2,4", "--json"));
  assert.deepEqual([row.benchmark, row.n, row["pass@1"], row["pass@4"], row.items], ["judged", 2, 3 / 8, 1, judged]);
  assert.ok(Math.abs(row["pass@2"] - (5 / 6 + 1 / 2) / 2) < 1e-12);
  assert.ok(Math.abs(row["pass@1_stderr"] - Math.sqrt(((1 / 8) ** 2 * 2) / 2 / 2)) < 1e-12);
  assert.deepEqual([row["cons@1"], row["cons@4"]], [3 / 8, 0.25]);
  for (const key of ["tokens", "cost"]) assert.equal(typeof row[key], "object");
  const texts = at("texts.jsonl");
  fs.writeFileSync(
    texts,
    '{"id":"a","gold":"1/2","samples":["<think>x</think>\\\\boxed{0.5}","\\\\boxed{\\\\frac{1}{2}}","It is 3.","<think>never"]}\n',
  );
  const other = JSON.parse(await printed("--from-samples", texts, "--k", "4", "--json"));
  assert.deepEqual([other["pass@1"], other["cons@4"]], [0.5, 1]);
  const compared = JSON.parse(await printed("compare", judged, texts, "--json", "--report", at("compared")));
  assert.deepEqual([compared.n, compared.left_out, compared.mcnemar.neither], [1, [1, 0], 1]);
  assert.ok(fs.existsSync(at("compared.html")));
  await assert.rejects(printed("--from-samples", judged, "--k", "8", "--json"), {
    exitCode: 2,
    message: `--k 8 needs at least 8 answers to each question, and ${judged} has 4`,
  });
});

test("contamination counts the questions that stand in training data", async () => {
  const training = at("training.jsonl");
  const question = "A baker bakes twelve loaves every morning and sells nine of them before noon each day";
  fs.writeFileSync(
    at("bench.jsonl"),
    [question, "Something else entirely that nobody ever wrote down in any place before now"]
      .map((text, id) => JSON.stringify({ id, question: text, answer: 3 }))
      .join("\n"),
  );
  fs.writeFileSync(training, `${JSON.stringify({ text: `Q: ${question}?` })}\n`);
  const found = JSON.parse(
    await printed("contamination", "--benchmark", at("bench.jsonl"), "--training", training, "--n", "13", "--json"),
  );
  assert.deepEqual([found.questions, found.contaminated, found.share, found.hits[0].id], [2, 1, 0.5, "0"]);
});

test("what is asked for in vain is told with its flag", async () => {
  const missing = { exitCode: 2, param: "--benchmark", message: /`reckon eval list` shows which there are/ };
  await assert.rejects(printed("--json"), missing);
  await assert.rejects(printed("--benchmark", "held-out", "--judge", "exact"), { exitCode: 2, param: "--judge" });
  await assert.rejects(printed("--benchmark", "held-out", "--k", "4"), {
    exitCode: 2,
    message: "--k 4 needs at least 4 answers to each question, and --samples gives 1",
  });
  await assert.rejects(printed("--benchmark", "held-out", "--price", "1"), { exitCode: 2, param: "--price" });
  await assert.rejects(printed("--benchmark", "held-out", "--model", "http://127.0.0.1:1", "--think-budget", "5"), {
    exitCode: 2,
    param: "--think-budget",
  });
  await assert.rejects(printed("contamination", "--benchmark", "held-out", "--training", at("x"), "--n", "3"), {
    exitCode: 2,
    param: "--n",
  });
});

test("the list of benchmarks says where each file is, or which is wanted", async () => {
  fs.mkdirSync(at("data"));
  fs.writeFileSync(at("data/svamp.json"), "[]");
  const { benchmarks } = JSON.parse(await printed("list", "--data", at("data"), "--json"));
  const file = (name: string) => benchmarks.find((one: { name: string }) => one.name === name).file;
  assert.deepEqual([file("svamp"), file("gsm8k"), file("held-out")], [at("data/svamp.json"), null, null]);
});

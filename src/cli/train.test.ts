// What can be wrong with a `reckon train` command is one sentence; and its machine output is machine output alone.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { listCheckpoints } from "../train/run.ts";
import { assertSentence, type End, pool, pretrain, r1zero, reckon, resume, set } from "./test-train.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-train-"));
const main = fileURLToPath(new URL("main.ts", import.meta.url));
after(() => fs.rmSync(place, { recursive: true, force: true }));

const fresh = (name: string): string => path.join(place, name);
let model: string;
before(async () => {
  model = fresh("model");
  const { code, err } = await reckon(pretrain(model, 4));
  assert.equal(code, 0, err);
});

test("a recipe, preset or setting that cannot be is told in one sentence with exit code 2, and nothing is written", async () => {
  const none = fresh("none");
  const start = ["--json", "--out", none];
  const cases: [string[], RegExp][] = [
    [["train", "r2"], /no recipe "r2"; there are pretrain, sft, r1-zero/],
    [["train", "pretrain", "--preset", "huge"], /no preset "huge"; there are smoke, speedrun, nano, quick/],
    [
      ["train", "pretrain", ...set(["tokns=1"])],
      /there is no pretrain\.tokns; there are tasks, styles, canonical, .*tokens/,
    ],
    [["train", "pretrain", ...set(["styles.curt=1"])], /no pretrain\.styles\.curt; there are direct, terse, careful/],
    [["train", "pretrain", ...set(["tokens.x=1"])], /no pretrain\.tokens\.x/],
    [["train", "pretrain", ...set(["__proto__.x=1"])], /no pretrain\.__proto__\.x/],
    [["train", "pretrain", ...set(["tokens"])], /--set takes key=value, not "tokens"/],
    [["train", "pretrain", ...set(["tokens=many"])], /pretrain\.tokens: .*expected (number|int)/],
    [["train", "pretrain", ...set(["tokens=-1"])], /pretrain\.tokens: .*>0/],
    [["train", "pretrain", ...set(["decay=2"])], /pretrain\.decay: .*<=1/],
    [["train", "pretrain", ...set(['tasks.families=["sums"]'])], /no task is named "sums"; there are chain-sum/],
    [["train", "pretrain", ...set(["tasks.levels=[9]"])], /digit-sums has none of the levels 9/],
    [["train", "pretrain", ...set(["styles.direct=0", "styles.terse=0", "styles.careful=0"])], /styles need weights/],
    [
      ["train", "pretrain", ...set(["rl.steps=3"])],
      /rl\.steps=3 has no effect: train pretrain takes pretrain\., model\./,
    ],
    [["train", "pretrain", ...set(["model.hidden_size=zero"])], /"hidden_size" is "zero"/],
    [["train", "pretrain", ...set(["model.vocab_size=50"])], /model\.vocab_size is 50, but the characters/],
    [["train", "r1-zero", ...set(["loss=pqo"])], /no policy loss "pqo"; choose grpo/],
    [["train", "r1-zero", ...set(["group_size=1"])], /rl\.group_size: .*>=2/],
    [["train", "r1-zero", ...set(["optimizer=sgd"])], /rl\.optimizer: .*adamw/],
    [["train", "sft"], /sft starts from a model: name it with --model/],
    [["train", "sft", "--model", fresh("nowhere")], /--model .*nowhere does not exist/],
  ];
  const ends = await pool(
    cases.map(
      ([args]) =>
        () =>
          reckon([...args, ...start]),
    ),
  );
  for (const [i, [, sentence]] of cases.entries()) assertSentence(ends[i]!, 2, sentence);
  assert.ok(!fs.existsSync(none));
});

test("a model that is none, damaged or of another vocabulary is told in one sentence, and leaves no run behind", async () => {
  const none = fresh("no-run");
  const damaged = (name: string, change: (folder: string) => void): string => {
    const folder = fresh(name);
    fs.cpSync(listCheckpoints(model).at(-1)!.folder, folder, { recursive: true });
    change(folder);
    return folder;
  };
  const weights = (folder: string): string => path.join(folder, "model.safetensors");
  const config = (change: (config: Record<string, unknown>) => void) => (folder: string) => {
    const file = path.join(folder, "config.json");
    const json = JSON.parse(fs.readFileSync(file, "utf8"));
    change(json);
    fs.writeFileSync(file, JSON.stringify(json));
  };
  const lying = (folder: string): void => {
    const bytes = fs.readFileSync(weights(folder));
    const size = Number(bytes.readBigUInt64LE(0));
    const header = bytes.toString("utf8", 8, 8 + size).replace('"shape":[112,32]', '"shape":[132,32]');
    bytes.write(header, 8);
    fs.writeFileSync(weights(folder), bytes);
  };
  const empty = fresh("empty");
  fs.mkdirSync(empty);
  const cases: [string, RegExp][] = [
    [empty, /empty is empty; it should hold config\.json/],
    [place, /has no config\.json/],
    [main, /is not a valid GGUF file/],
    [damaged("cut", (folder) => fs.truncateSync(weights(folder), 5000)), /model\.safetensors/],
    [damaged("lying", lying), /model\.safetensors|embed_tokens|lm_head/],
    [
      damaged(
        "missing",
        config((json) => delete json.hidden_size),
      ),
      /"hidden_size" is missing/,
    ],
    [
      damaged(
        "contradiction",
        config((json) => Object.assign(json, { hidden_size: 48 })),
      ),
      /hidden_size|shape|\[/,
    ],
    [damaged("foreign", (folder) => swapTokens(path.join(folder, "tokenizer.json"))), /has a vocabulary of its own/],
  ];
  const ends = await pool(
    cases.map(
      ([folder]) =>
        () =>
          reckon(["train", "sft", "--json", "--model", folder, "--out", none]),
    ),
  );
  for (const [i, [folder, sentence]] of cases.entries()) {
    assert.ok(ends[i]!.code === 1 || ends[i]!.code === 2, folder);
    assertSentence(ends[i]!, ends[i]!.code!, sentence);
  }
  assert.ok(!fs.existsSync(none));
});

test("an --out that holds a run needs --resume, and --resume needs a run, of the same recipe, preset, seed and model", async () => {
  const cases: [string[], number, RegExp][] = [
    [pretrain(model, 4), 2, /already holds a run; add --resume to go on with it, or choose another --out/],
    [resume("pretrain", fresh("void")), 1, /void holds no run: there is no config\.json/],
    [resume("pretrain", listCheckpoints(model)[0]!.folder), 1, /is not the config of a run/],
    [resume("r1-zero", model), 2, /one of `train pretrain`, not of `train r1-zero`/],
    [resume("pretrain", model, "--preset", "nano"), 2, /begun with --preset smoke, not nano/],
    [resume("pretrain", model, "--seed", "5"), 2, /begun with --seed 0, not 5/],
    [resume("pretrain", model, "--model", place), 2, /begun with --model nothing/],
    [
      resume("pretrain", model, ...set(["model.hidden_size=64"])),
      2,
      /model\.hidden_size: the run was begun with 32, .*another size; begin a new run/,
    ],
  ];
  const ends = await pool(
    cases.map(
      ([args]) =>
        () =>
          reckon(args),
    ),
  );
  for (const [i, [, exit, sentence]] of cases.entries()) assertSentence(ends[i]!, exit, sentence);
});

test("--json gives a JSON line a step and then the report on standard output, nothing else there", async () => {
  const out = fresh("json");
  const { code, out: stdout, err } = await reckon([...r1zero(out, 3, 2)]);
  assert.equal(code, 0, err);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map((line) => line.step),
    [1, 2, 3, 1, 2, undefined],
  );
  assert.equal(lines.at(-1).run, out);
  assert.deepEqual([lines.at(-1).report.recipe, lines.at(-1).report.steps], ["r1-zero", 2]);
  assert.ok(lines.at(-1).report.notes.after.sampled.by_family["digit-sums"].direct_accuracy >= 0);
});

test("a second trainer on a folder in use is told who holds it, whether it begins or resumes", async () => {
  const out = fresh("held");
  let others: Promise<End[]> | undefined;
  const first = await reckon(pretrain(out, 100_000), (_line, child) => {
    others ??= pool([() => reckon(pretrain(out, 5)), () => reckon(resume("pretrain", out))]).finally(() =>
      child.kill("SIGTERM"),
    );
  });
  assert.equal(first.code, 143, first.err);
  for (const end of await others!) assertSentence(end, 1, /held by process \d+, which is training into this folder/);
  assert.equal((await reckon(resume("pretrain", out, ...set([`tokens=${512}`])))).code, 0);
});

/** Exchanges the ids of two letters in a tokenizer.json. */
function swapTokens(file: string): void {
  const json = JSON.parse(fs.readFileSync(file, "utf8"));
  const { vocab } = json.model;
  [vocab.a, vocab.b] = [vocab.b, vocab.a];
  fs.writeFileSync(file, JSON.stringify(json));
}

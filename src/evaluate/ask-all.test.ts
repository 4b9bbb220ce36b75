import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { generationFlops } from "../generate/cost.ts";
import { ModelSession } from "../generate/session.ts";
import { saveTinyModel } from "../generate/tiny-models.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { taskNamed } from "../tasks/catalogue.ts";
import { bundledTokenizer } from "../text/character-tokenizer.ts";
import { Dialogue } from "../text/dialogue.ts";
import { type AskOptions, askAll } from "./ask-all.ts";
import { askingOf } from "./asking.ts";
import { heldOut } from "./benchmarks/held-out.ts";
import { heldOutItems } from "./held-out.ts";
import { evaluationRow } from "./row.ts";

const device = referenceDevice();
const place = mkdtempSync(path.join(tmpdir(), "reckon-eval-"));
let session: ModelSession;
before(async () => {
  await saveTinyModel(path.join(place, "tiny"), device);
  session = await ModelSession.open({ model: path.join(place, "tiny"), device });
});
after(async () => {
  await session.close();
  rmSync(place, { recursive: true });
});

const items = (families: readonly string[], wordings: readonly number[] = [0]) =>
  heldOut.items({ families, wordings, items: 2, seed: 5 });
const ask = (families: readonly string[], options: Partial<AskOptions> = {}, wordings?: readonly number[]) =>
  askAll(session.decoder, askingOf(session), items(families, wordings), {
    temperature: 1,
    maxTokens: 6,
    seed: 5,
    ...options,
  });

test("a model's own template and tokenizer give the ids that training used", () => {
  const [own, world] = [askingOf(session), new Dialogue(bundledTokenizer())];
  const response = world.response("1+1=2", "2");
  assert.deepEqual(own.prompt("What is 1+1?"), world.prompt("What is 1+1?"));
  assert.equal(own.text(response), "1+1=2</think>2");
  assert.equal(own.thinkingLength(response), world.thinkingLength(response));
  assert.deepEqual(own.stopIds, world.stopIds);
});

test("an item's answers are the same whatever else is asked, and differ between samples", async () => {
  const alone = await ask(["digit-sums"], { samples: 2 });
  const among = await ask(["sorting", "digit-sums"], { samples: 2, slots: 3 });
  assert.deepEqual(
    among.results.slice(2),
    alone.results.map((one, i) => ({ ...one, item: among.results[i + 2]!.item })),
  );
  const [first, second] = alone.results[0]!.responses;
  assert.notEqual(first!.text, second!.text);
});

test("progress ends with every answer finished, and cost counts each prompt once", async () => {
  const seen: (readonly number[])[] = [];
  const asked = await ask(["digit-sums"], { samples: 2, onProgress: (...counts) => seen.push(counts) });
  assert.deepEqual(seen.at(-1), [4, 4, asked.newTokens]);
  assert.equal(asked.cost.tokens, asked.promptTokens + asked.newTokens);
  const longest = Math.max(...items(["digit-sums"]).map(({ prompt }) => askingOf(session).prompt(prompt).length)) + 6;
  assert.ok(asked.cost.flops < 4 * generationFlops(session.decoder.config, longest));
});

test("the row has the fields programs rely on", async () => {
  const asked = await ask(["digit-sums", "sorting"], { samples: 3 }, [0, 1]);
  const row = JSON.parse(JSON.stringify(evaluationRow("held-out", asked, "items.jsonl")));
  for (const key of ["benchmark", "n", "pass@1", "pass@1_stderr", "pass@3", "cons@3", "tokens", "cost", "items"]) {
    assert.ok(key in row, key);
  }
  assert.deepEqual(
    [row.n, Object.keys(row.by_family), Object.keys(row.by_wording)],
    [8, ["digit-sums", "sorting"], ["0", "1"]],
  );
  assert.equal(row.by_family.sorting.by_wording["1"].n, 2);
});

test("held-out items judge their own gold answer as right, in every wording the same question", () => {
  const task = taskNamed("sorting");
  const [canonical, reworded] = [0, 1].map((phrasing) => heldOutItems(task, { seed: 1, level: 1, phrasing, count: 3 }));
  for (const [i, item] of canonical!.entries()) {
    assert.equal(item.judge(`hm</think>${item.gold}`, true).accuracy, 1);
    assert.equal(item.judge(`hm</think>${item.gold}`, false).accuracy, 0);
    assert.deepEqual([reworded![i]!.gold, reworded![i]!.question], [item.gold, item.question]);
    assert.notEqual(reworded![i]!.prompt, item.prompt);
  }
});

test("an unknown family, level or wording is a usage error that says what there is", () => {
  assert.throws(() => items(["sudoku"]), { exitCode: 2, message: /digit-sums/ });
  assert.throws(() => items(["sorting"], [99]), { exitCode: 2, message: /wordings 0 to/ });
});

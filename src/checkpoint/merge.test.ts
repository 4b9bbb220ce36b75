import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { commands, runCommand } from "../cli/main.ts";
import { saveTinyModel, tinyConfigs, tinyDecoder } from "../generate/tiny-models.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import type { ModelConfig } from "../model/config.ts";
import { openModelFolder, saveModelFolder } from "./folder.ts";
import { mergeModels } from "./merge.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-merge-"));
const [one, other] = [path.join(place, "one"), path.join(place, "other")];
before(async () => {
  await saveTinyModel(one, referenceDevice());
  const model = openModelFolder(one);
  const tensors = [...model.parameters].map(([name, shape]) => ({
    name,
    shape,
    data: model.readTensor(name).map((value) => 3 * value + 1),
  }));
  await saveModelFolder(other, { config: model.config, tensors, dtype: "F32" });
  model.close();
});
after(() => fs.rmSync(place, { recursive: true }));

const weights = (folder: string): ReadonlyMap<string, Float32Array> => {
  const model = openModelFolder(folder);
  const tensors = new Map([...model.parameters.keys()].map((name) => [name, model.readTensor(name)]));
  model.close();
  return tensors;
};

test("every weight of a merge is the weighted mean of the models' weights, beside the first one's text files", async () => {
  const to = path.join(place, "merged");
  await mergeModels(
    [
      { model: one, share: 3 },
      { model: other, share: 1 },
    ],
    to,
    "F32",
  );
  const [first, second, merged] = [weights(one), weights(other), weights(to)];
  assert.deepEqual([...merged.keys()], [...first.keys()]);
  for (const [name, values] of merged) {
    const expected = first.get(name)!.map((value, i) => 0.75 * value + 0.25 * second.get(name)![i]!);
    assert.ok(
      values.every((value, i) => Math.abs(value - expected[i]!) <= 1e-6 * Math.max(1, Math.abs(value))),
      name,
    );
  }
  for (const name of ["tokenizer.json", "chat_template.jinja"])
    assert.deepEqual(fs.readFileSync(path.join(to, name)), fs.readFileSync(path.join(one, name)), name);
});

test("the mean of a model with itself is that model, bit for bit", async () => {
  const to = path.join(place, "same");
  const thrice = [0.3, 0.1, 7].map((share) => ({ model: one, share }));
  await mergeModels(thrice, to, "F32");
  assert.deepEqual(weights(to), weights(one));
});

test("models of different shapes, one model alone and shares that make no mean are refused, and nothing is written", async () => {
  const wider = path.join(place, "wider");
  const config = { ...tinyConfigs.deepseek_v3, intermediate_size: 64 } as ModelConfig;
  const decoder = tinyDecoder(config, referenceDevice());
  await saveModelFolder(wider, { config, tensors: await decoder.exportTensors(), dtype: "F32" });
  decoder.free();
  const to = path.join(place, "never");
  const merge = (...args: string[]) => runCommand(["merge", ...args, "--to", to], commands);
  await assert.rejects(merge(one, wider), {
    message: /wider has intermediate_size 64 where .*one has 48; only models of one shape/,
  });
  await assert.rejects(merge(one), { exitCode: 2, message: /two models or more/ });
  await assert.rejects(merge(one, other, "--shares", "0,0"), { exitCode: 2, message: /not all 0/ });
  await assert.rejects(merge(one, other, "--shares", "1"), { exitCode: 2, message: /1 shares for 2 models/ });
  await assert.rejects(merge(one, other, "--shares", "1,-1"), { exitCode: 2, message: /--shares must be a number/ });
  await assert.rejects(merge(one, other, "--type", "Q8_0"), { exitCode: 2, message: /F32 or BF16/ });
  assert.equal(fs.existsSync(to), false);
  await assert.rejects(runCommand(["merge", one, other, "--to", other], commands), { message: /already holds files/ });
});

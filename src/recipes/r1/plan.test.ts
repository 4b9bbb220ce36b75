import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { saveModelFolder } from "../../checkpoint/folder.ts";
import { tinyConfigs, tinyDecoder } from "../../generate/tiny-models.ts";
import { referenceDevice } from "../../kernels/reference/device.ts";
import { modelConfigToJson } from "../../model/config-json.ts";
import { presetNamed } from "../presets.ts";
import { worldFiles } from "../world.ts";
import { planChain } from "./plan.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-plan-"));
after(() => fs.rmSync(place, { recursive: true }));

const asked = (more: object = {}) => ({ preset: "smoke", seed: 1, from: undefined, settings: [], ...more });

const configOf = (more: object = {}) => {
  const { options } = planChain(asked(), null);
  const model = modelConfigToJson(presetNamed("smoke").model);
  return {
    recipe: "r1",
    preset: "smoke",
    seed: 1,
    threads: 2,
    options,
    model,
    versions: {},
    created: "",
    ...more,
  } as never;
};

test("a chain begins with random weights of its preset's shape, or goes on from a model and keeps that one's shape", () => {
  assert.deepEqual(planChain(asked(), null).model, presetNamed("smoke").model);
  assert.equal(planChain(asked(), null).from, null);
  const bundled = path.join(import.meta.dirname, "..", "..", "..", "models", "reckon-nano", "base");
  const plan = planChain(asked({ from: path.relative(process.cwd(), bundled) }), null);
  assert.equal(plan.from, bundled);
  assert.equal(
    plan.model.num_hidden_layers,
    JSON.parse(fs.readFileSync(path.join(bundled, "config.json"), "utf8")).num_hidden_layers,
  );
  assert.throws(
    () => planChain(asked({ from: bundled, settings: ["model.hidden_size=64"] }), null),
    /has no effect: the chain goes on from/,
  );
});

test("a model that is no deepseek_v3 is refused by its name", async () => {
  const decoder = tinyDecoder(tinyConfigs.llama, referenceDevice(), 1);
  const folder = path.join(place, "llama");
  const tensors = await decoder.exportTensors();
  await saveModelFolder(folder, { ...worldFiles(256), config: decoder.config, tensors, dtype: "F32" });
  assert.throws(
    () => planChain(asked({ from: folder }), null),
    /llama is a llama model; train r1 goes on from a deepseek_v3/,
  );
});

test("a chain being resumed keeps where it came from", () => {
  const resumed = planChain(asked(), configOf({ from: place }));
  assert.equal(resumed.from, place);
  assert.throws(
    () => planChain(asked({ from: "/elsewhere" }), configOf({ from: place })),
    /begun with --model .*, not \/elsewhere/,
  );
  assert.throws(() => planChain(asked({ from: place }), configOf({ from: null })), /begun with --model nothing/);
});

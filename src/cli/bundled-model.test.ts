// The bundled model as users meet it: it thinks, and its answer is right, however the question is put.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { openModelFolder } from "../checkpoint/folder.ts";
import { BUNDLED_MODEL, ModelSession } from "../generate/session.ts";
import { DEMO_QUESTIONS } from "./demo.ts";

const ask = async (session: ModelSession, content: string) =>
  session.complete({ messages: [{ role: "user", content }] }, { temperature: 0 });

test("the bundled model thinks 37 * 48 through and answers 1776 in every wording asked of it", async () => {
  const session = await ModelSession.open({ threads: 1 });
  try {
    for (const question of ["What is 37 * 48?", "37 times 48", "Compute 37*48"]) {
      const { answer, reasoning } = await ask(session, question);
      assert.equal(answer, "1776", question);
      assert.match(reasoning, /37\*40=.*1480/, question);
    }
  } finally {
    await session.close();
  }
});

test("the demo's questions get right answers", async () => {
  const session = await ModelSession.open({ threads: 1 });
  try {
    const answers: string[] = [];
    for (const question of DEMO_QUESTIONS) answers.push((await ask(session, question)).answer);
    assert.deepEqual(answers, ["1776", "9", "3"]);
  } finally {
    await session.close();
  }
});

test("the base model is kept beside it, of the same shape, both together in 16 MB", () => {
  const [model, base] = [BUNDLED_MODEL, path.join(BUNDLED_MODEL, "base")].map((folder) => openModelFolder(folder));
  try {
    assert.deepEqual(base!.config, model!.config);
    assert.equal(model!.config.model_type, "deepseek_v3");
    const size = (folder: string) => statSync(path.join(folder, "model.safetensors")).size;
    assert.ok(size(model!.folder) + size(base!.folder) <= 16e6);
  } finally {
    model!.close();
    base!.close();
  }
});

// A model's own prediction module guesses for several texts what it guesses for one, and whatever it guesses, the texts stay as they are.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cpuDevice } from "../../kernels/cpu/device.ts";
import type { Device } from "../../kernels/kernels.ts";
import type { ModelConfig } from "../../model/config.ts";
import { Random } from "../../random.ts";
import { completionOf } from "../batch.ts";
import { Engine } from "../engine/engine.ts";
import { Scheduler } from "../scheduler.ts";
import type { Request, Sequence } from "../sequence.ts";
import { ModelSession } from "../session.ts";
import { tinyConfigs, tinyDecoder } from "../tiny-models.ts";

let device: Device;
before(async () => {
  device = await cpuDevice({ threads: 1 });
});
after(() => device.close());

const predicting = { ...tinyConfigs.deepseek_v3, num_nextn_predict_layers: 1 } as ModelConfig;

test("with a module that guesses wrong, texts of many are those without guesses, bit for bit, cached beginnings or not", () => {
  const decoder = tinyDecoder(predicting, device);
  const random = Random.from(4);
  const shared = Array.from({ length: 40 }, () => random.int(2, 111));
  const requests: Request[] = Array.from({ length: 10 }, (_, i) => ({
    prompt: [...shared.slice(0, 4 * i), ...Array.from({ length: 3 + i }, () => random.int(2, 111))],
    maxTokens: 12 + 3 * i,
    sampling: i % 2 === 0 ? { temperature: 0 } : { temperature: 1, seed: i },
    stopIds: [1],
  }));
  const write = (slots: number, speculate: number) => {
    const scheduler = new Scheduler(decoder, { slots, capacity: 128, chunk: 16, speculate, saveBytes: 1e6 });
    const sequences: Sequence[] = [];
    let [steps, drafted] = [0, 0];
    // Twice, so that beginnings are cached; one after the other, so that the module finds and loses texts.
    while (sequences.length < 2 * requests.length || !scheduler.idle) {
      if (steps++ % 3 === 0 && sequences.length < 2 * requests.length)
        sequences.push(scheduler.add(requests[sequences.length % requests.length]));
      scheduler.step();
      drafted += scheduler.guessed.drafted;
    }
    scheduler.close();
    return { texts: sequences.map(completionOf), drafted };
  };
  const plain = write(4, 0);
  assert.equal(plain.drafted, 0);
  for (const [slots, speculate] of [
    [1, 1],
    [2, 3],
    [6, 3],
    [6, 9],
  ]) {
    const { texts, drafted } = write(slots, speculate);
    assert.deepEqual(texts, plain.texts);
    assert.ok(drafted > 5, `${drafted} guesses of ${slots} texts`);
  }
  decoder.free();
});

test("the bundled model's module guesses in the engine what it guesses for a single text, and is mostly right for two", async () => {
  const questions = ["What is 23 + 41 + 17?", "What is 56 * 29?"].map((content) => ({
    messages: [{ role: "user", content }],
  }));
  const options = { temperature: 0, maxTokens: 150 };
  const single = await ModelSession.open({ threads: 1 });
  const alone = [];
  for (const question of questions) alone.push(await single.complete(question, { ...options, speculative: 1 }));
  await single.close();
  const engine = new Engine(await ModelSession.open({ threads: 1 }), { slots: 2, context: 512, speculate: 1 });
  // The second one's beginning is cached by then.
  for (const [i, question] of questions.entries()) {
    const [{ ids, speculation }] = await (await engine.submit(question, options)).result;
    assert.deepEqual([ids, speculation], [alone[i].ids, alone[i].speculation]);
  }
  await engine.close();
  const both = new Engine(await ModelSession.open({ threads: 1 }), { slots: 2, context: 512, speculate: 3 });
  const handles = await Promise.all(questions.map((question) => both.submit(question, options)));
  for (const [i, { result }] of handles.entries()) {
    const [{ ids, speculation }] = await result;
    assert.deepEqual(ids, alone[i].ids);
    const { drafted, accepted } = speculation!;
    assert.ok(drafted >= 10 && accepted >= 0.9 * drafted, `${accepted} of ${drafted}`);
  }
  await both.close();
});

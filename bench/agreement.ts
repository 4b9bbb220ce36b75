/**
 * How far a model's logits here lie from those of another engine, along that engine's own greedy answers:
 *
 *   node bench/agreement.ts MODEL OTHER.json [f32|stored|q8_0] [plain|absorbed]
 *
 * OTHER.json: a list of {"ids": prompt, "gen": tokens it went on with, "tops": for each of these [[id, logit], ...] of its best}, as
 * `bench/agreement-peer.mjs`, llama-cpp-python (logits_all, eval, scores) or transformers (model(ids).logits) give them. A line an
 * answer: how many tokens are ours too before the first that is not, and there the margins on both sides; at the end the differences
 * over all listed logits.
 */
import fs from "node:fs";
import { openModel } from "../src/checkpoint/open-model.ts";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import { packBatch } from "../src/model/batch.ts";
import { Decoder } from "../src/model/decoder.ts";
import type { MlaForm, WeightKind } from "../src/model/weights/weight-source.ts";

interface Answer {
  readonly ids: readonly number[];
  readonly gen: readonly number[];
  readonly tops: readonly (readonly (readonly [id: number, logit: number])[])[];
}

const [model, other, weights = "stored", mla = "plain"] = process.argv.slice(2);
if (model === undefined || other === undefined) throw new Error("usage: node bench/agreement.ts MODEL OTHER.json");
const answers = JSON.parse(fs.readFileSync(other, "utf8")) as readonly Answer[];
const device = await cpuDevice();
const source = openModel(model);
const decoder = Decoder.load(device, source.config, source, {
  weights: weights as WeightKind,
  mla: mla as MlaForm,
});
source.close();

let [squares, count, worst] = [0, 0, 0];
for (const { ids, gen, tops } of answers) {
  const mark = device.mark();
  const hidden = decoder.forward(null, packBatch(device, [[...ids, ...gen]], source.config.vocab_size));
  let first: string | null = null;
  let same = gen.length;
  for (let i = 0; i < gen.length; i++) {
    // the row that predicts token i of the answer
    const logits = await device.read(decoder.logits(decoder.pick(hidden, Int32Array.of(ids.length - 1 + i))));
    for (const [id, logit] of tops[i]) {
      const off = Math.abs(logits[id] - logit);
      squares += off * off;
      worst = Math.max(worst, off);
      count++;
    }
    const ours = logits.reduce((best, logit, id) => (logit > logits[best] ? id : best), 0);
    if (ours === gen[i] || first !== null) continue;
    const theirs = tops[i].find(([id]) => id === ours);
    const margin = theirs === undefined ? "more than listed" : (tops[i][0][1] - theirs[1]).toFixed(3);
    first = `then ours is ahead by ${(logits[ours] - logits[gen[i]]).toFixed(3)}, theirs by ${margin}`;
    same = i;
  }
  device.release(mark);
  console.log(`${same} of ${gen.length} tokens the same${first === null ? "" : `, ${first}`}`);
}
console.log(
  `logits: root mean square ${Math.sqrt(squares / count).toPrecision(3)}, largest ${worst.toPrecision(3)} apart`,
);
await device.close();

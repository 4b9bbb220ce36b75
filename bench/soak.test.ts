// The soak, small: what `reckon bench soak` does ten thousand times.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { tinyModelFolder } from "../src/serve/test-server.ts";
import { soak } from "./soak.ts";

let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
before(async () => {
  tiny = await tinyModelFolder();
});
after(() => tiny.remove());

test("200 requests of all kinds of clients each end once, none is wrong, and nothing of them is left", async () => {
  const { ends, faults, engine } = await soak({ model: tiny.folder, threads: 1, requests: 200 });
  assert.deepEqual(faults, []);
  const sum = Object.values(ends).flatMap((counts) => Object.values(counts));
  assert.equal(
    sum.reduce((a, b) => a + b, 0),
    200,
  );
  assert.ok(engine.taken > 48 && engine.taken === engine.ended);
  for (const kind of ["whole", "stream", "slow"]) assert.ok((ends[kind].answered ?? 0) > 0, kind);
  assert.ok((ends.bad.rejected ?? 0) > 0);
});

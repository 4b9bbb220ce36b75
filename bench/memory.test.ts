import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { testData } from "../src/checkpoint/test-data.ts";
import { residentOf } from "./memory.ts";

const smollm = testData("weights/SmolLM2-135M-Instruct.Q4_1.gguf");

test("a model opened takes less than twice its file, Node itself included", { skip: smollm.skip }, async () => {
  const cache = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-memory-"));
  try {
    // as `reckon` itself does: code compiled once is kept, since stripping types takes 20 MB
    const env = { ...process.env, NODE_COMPILE_CACHE: cache };
    await residentOf(smollm.file, 1, env);
    const { now, most, device, file } = await residentOf(smollm.file, 1, env);
    assert.ok(device > file, `${device} bytes on the device hold the file's ${file}`);
    assert.ok(now < 2 * file, `${now} bytes are ${now / file} times the file`);
    assert.ok(most < 2 * file, `at most ${most} bytes are ${most / file} times the file`);
  } finally {
    fs.rmSync(cache, { recursive: true });
  }
});

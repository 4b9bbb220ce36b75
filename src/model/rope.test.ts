import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModelConfig } from "./config.ts";
import { ropeFrequencies, ropeTable, softmaxScale } from "./rope.ts";
import { tinyLlama, tinyV3 } from "./test-models.ts";

/** DeepSeek-R1's published config where it concerns positions. */
const r1 = tinyV3({
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  max_position_embeddings: 163840,
  rope_scaling: {
    type: "yarn",
    factor: 40,
    original_max_position_embeddings: 4096,
    beta_fast: 32,
    beta_slow: 1,
    mscale: 1,
    mscale_all_dim: 1,
  },
});

test("DeepSeek-R1's softmax scale is 192^-0.5 times YaRN's temperature squared", () => {
  assert.ok(Math.abs(softmaxScale(r1) - 0.1352337789) < 1e-9);
});

test("YaRN keeps fast pairs, divides slow ones by the factor and joins them between pairs 10 and 23", () => {
  const frequencies = ropeFrequencies(r1);
  const plain = Array.from({ length: 32 }, (_, i) => 10000 ** (-i / 32));
  for (let i = 0; i <= 10; i++) assert.equal(frequencies[i], plain[i]);
  for (let i = 23; i < 32; i++) assert.ok(Math.abs(frequencies[i] / (plain[i] / 40) - 1) < 1e-12);
  for (let i = 11; i < 23; i++) {
    const ramp = (i - 10) / 13;
    assert.ok(Math.abs(frequencies[i] - ((plain[i] / 40) * ramp + plain[i] * (1 - ramp))) < 1e-15);
  }
});

test("linear scaling divides every frequency by the factor", () => {
  const plain = ropeFrequencies(tinyLlama());
  const scaled = ropeFrequencies(tinyLlama({ rope_scaling: { type: "linear", factor: 4 } }));
  assert.deepEqual(
    scaled,
    plain.map((f) => f / 4),
  );
});

test("Llama 3's scaling keeps short wavelengths, divides long ones and is continuous between", () => {
  const config = parseModelConfig({
    ...tinyLlama({ hidden_size: 256, num_attention_heads: 2, num_key_value_heads: 2, rope_theta: 500000 }),
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
  });
  const scaled = ropeFrequencies(config);
  scaled.forEach((f, i) => {
    const plain = 500000 ** (-i / 64);
    const wavelength = (2 * Math.PI) / plain;
    if (wavelength < 2048) assert.equal(f, plain);
    else if (wavelength > 8192) assert.ok(Math.abs(f - plain / 8) < 1e-18);
    else assert.ok(f < plain && f > plain / 8);
  });
  assert.ok(scaled.slice(1).every((f, i) => f < scaled[i]));
});

test("a table holds the cosine and sine of each position and pair", () => {
  const config = tinyLlama();
  const table = ropeTable(config, 6);
  const frequencies = ropeFrequencies(config);
  for (let position = 0; position < 6; position++)
    for (let i = 0; i < frequencies.length; i++) {
      const at = 2 * (position * frequencies.length + i);
      assert.ok(Math.abs(table[at] - Math.cos(position * frequencies[i])) < 1e-6);
      assert.ok(Math.abs(table[at + 1] - Math.sin(position * frequencies[i])) < 1e-6);
    }
});

test("YaRN's two mscales, where they differ, scale cosines and sines", () => {
  const scaling = { type: "yarn", factor: 40, original_max_position_embeddings: 4096, mscale: 1, mscale_all_dim: 0 };
  const config = tinyV3({ max_position_embeddings: 163840, rope_scaling: scaling });
  assert.ok(Math.abs(ropeTable(config, 1)[0] - 1.368887945) < 1e-6);
  assert.equal(softmaxScale(config), 10 ** -0.5);
});

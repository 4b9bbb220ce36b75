import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expectedTensors } from "../checkpoint/names.ts";
import { readTestJson, testData } from "../checkpoint/test-data.ts";
import { UserError } from "../error.ts";
import { attentionWindow, type GqaConfig, parameterCount, parseModelConfig } from "./config.ts";
import { modelConfigText } from "./config-json.ts";
import { parseDeepSeekConfig } from "./model-args.ts";

/** config.json of deepseek-ai/DeepSeek-R1. */
const R1 = {
  architectures: ["DeepseekV3ForCausalLM"],
  model_type: "deepseek_v3",
  attention_bias: false,
  bos_token_id: 0,
  eos_token_id: 1,
  first_k_dense_replace: 3,
  hidden_act: "silu",
  hidden_size: 7168,
  initializer_range: 0.02,
  intermediate_size: 18432,
  kv_lora_rank: 512,
  max_position_embeddings: 163840,
  moe_intermediate_size: 2048,
  moe_layer_freq: 1,
  n_group: 8,
  n_routed_experts: 256,
  n_shared_experts: 1,
  norm_topk_prob: true,
  num_attention_heads: 128,
  num_experts_per_tok: 8,
  num_hidden_layers: 61,
  num_key_value_heads: 128,
  num_nextn_predict_layers: 1,
  q_lora_rank: 1536,
  qk_nope_head_dim: 128,
  qk_rope_head_dim: 64,
  v_head_dim: 128,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  rope_scaling: {
    type: "yarn",
    factor: 40,
    original_max_position_embeddings: 4096,
    beta_fast: 32,
    beta_slow: 1,
    mscale: 1.0,
    mscale_all_dim: 1.0,
  },
  routed_scaling_factor: 2.5,
  scoring_func: "sigmoid",
  tie_word_embeddings: false,
  topk_group: 4,
  topk_method: "noaux_tc",
  torch_dtype: "bfloat16",
  vocab_size: 129280,
};

const LLAMA = {
  model_type: "llama",
  hidden_size: 64,
  intermediate_size: 172,
  num_hidden_layers: 5,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  vocab_size: 512,
};

const elements = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

test("R1 has exactly 671,026,419,200 parameters, of which 37,552,297,472 are active", () => {
  const count = parameterCount(parseModelConfig(R1));
  assert.equal(count.total, 671_026_419_200);
  assert.equal(count.active, 37_552_297_472);
  assert.equal(count.activeWithoutEmbedding, 36_625_618_432);
});

test("R1's file calls for the names and shapes of the published checkpoint", () => {
  const tensors = expectedTensors(parseModelConfig(R1));
  assert.deepEqual(tensors.get("model.layers.0.self_attn.q_b_proj.weight"), [24576, 1536]);
  assert.deepEqual(tensors.get("model.layers.60.self_attn.kv_a_proj_with_mqa.weight"), [576, 7168]);
  assert.deepEqual(tensors.get("model.layers.2.mlp.gate_proj.weight"), [18432, 7168]);
  assert.deepEqual(tensors.get("model.layers.3.mlp.experts.255.down_proj.weight"), [7168, 2048]);
  assert.deepEqual(tensors.get("model.layers.3.mlp.gate.e_score_correction_bias"), [256]);
  assert.deepEqual(tensors.get("model.layers.61.eh_proj.weight"), [7168, 14336]);
  assert.deepEqual(tensors.get("model.layers.61.shared_head.norm.weight"), [7168]);
});

test("the parameter count equals the sum over the expected tensors for every shape of model", () => {
  const small = {
    ...R1,
    hidden_size: 32,
    vocab_size: 96,
    num_hidden_layers: 5,
    intermediate_size: 48,
    moe_intermediate_size: 8,
    n_routed_experts: 16,
  };
  const variants: Record<string, unknown>[] = [
    small,
    { ...small, q_lora_rank: null, num_nextn_predict_layers: 2 },
    {
      ...small,
      model_type: "deepseek_v2",
      topk_method: "greedy",
      scoring_func: "softmax",
      n_shared_experts: 2,
      moe_layer_freq: 2,
    },
    { ...small, attention_bias: true, tie_word_embeddings: true },
    { ...small, n_routed_experts: null, n_shared_experts: null },
    LLAMA,
    { ...LLAMA, attention_bias: true, mlp_bias: true, head_dim: 24, tie_word_embeddings: true },
    { ...LLAMA, model_type: "mistral" },
    { ...LLAMA, model_type: "qwen2" },
    { ...LLAMA, model_type: "qwen3", head_dim: 24 },
    { ...LLAMA, model_type: "qwen3", attention_bias: true },
  ];
  for (const variant of variants) {
    const config = parseModelConfig(variant);
    const sum = [...expectedTensors(config).values()].reduce((total, shape) => total + elements(shape), 0);
    const count = parameterCount(config);
    assert.equal(count.total + count.nextn, sum, JSON.stringify(variant));
  }
});

test("old and new transformers spellings give the same config", () => {
  const { rope_theta, rope_scaling, torch_dtype, ...rest } = R1;
  const { type, ...scaling } = rope_scaling;
  const renewed = { ...rest, dtype: torch_dtype, rope_parameters: { rope_theta, rope_type: type, ...scaling } };
  assert.deepEqual(parseModelConfig(renewed), parseModelConfig(R1));
  assert.equal(
    parseModelConfig({ ...LLAMA, rope_parameters: { rope_theta: 500, rope_type: "default" } }).rope_theta,
    500,
  );
});

test("a config written out reads back equal", () => {
  const scalings = [
    undefined,
    { type: "linear", factor: 2 },
    { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 },
  ];
  const sliding = { sliding_window: 16, use_sliding_window: true, max_window_layers: 3 };
  const types = ["full_attention", "sliding_attention", "full_attention", "sliding_attention", "full_attention"];
  const jsons = [
    R1,
    { ...LLAMA, attention_bias: true, mlp_bias: true },
    { ...LLAMA, rope_factors: [1, 2, 3, 4] },
    { ...LLAMA, rope_factors: [1, 2, 3, 4], rope_scaling: { type: "default" } },
    { ...LLAMA, model_type: "mistral", sliding_window: 16 },
    { ...LLAMA, model_type: "mistral", sliding_window: null },
    { ...LLAMA, model_type: "qwen2", ...sliding },
    { ...LLAMA, model_type: "qwen2", ...sliding, use_sliding_window: false },
    { ...LLAMA, model_type: "qwen3", ...sliding, layer_types: types, attention_bias: true },
    {
      ...LLAMA,
      rope_scaling: { type: "yarn", factor: 4, original_max_position_embeddings: 64, mscale_all_dim: 1 },
    },
    ...scalings.map((rope_scaling) => ({ ...LLAMA, rope_scaling, eos_token_id: [1, 2], pad_token_id: 3 })),
  ];
  for (const json of jsons) {
    const config = parseModelConfig(json);
    const text = modelConfigText(config);
    assert.deepEqual(parseModelConfig(JSON.parse(text)), config);
    assert.match(text, /"rope_theta": 10000\.0,/, "Python must read a float");
  }
});

test("each dense architecture takes the biases, norms and windows its code in transformers has", () => {
  const read = (changes: Record<string, unknown>) => {
    const config = parseModelConfig({ ...LLAMA, ...changes });
    assert.ok(config.attention === "gqa");
    return config;
  };
  const biases = ({ attention_bias, output_bias, mlp_bias }: GqaConfig): boolean[] => [
    attention_bias,
    output_bias,
    mlp_bias,
  ];
  assert.deepEqual(biases(read({ attention_bias: true, mlp_bias: true })), [true, true, true]);
  assert.deepEqual(biases(read({ model_type: "mistral", attention_bias: true })), [false, false, false]);
  assert.deepEqual(biases(read({ model_type: "qwen2" })), [true, false, false]);
  assert.deepEqual(biases(read({ model_type: "qwen3", attention_bias: true })), [true, true, false]);
  assert.equal(read({ model_type: "qwen3" }).head_dim, 128, "Qwen3's own default");
  assert.equal(read({ model_type: "qwen3" }).qk_norm, true);
  assert.equal(read({}).qk_norm, false);

  const windows = (changes: Record<string, unknown>): number[] => {
    const config = read(changes);
    return config.layer_types.map((_, layer) => attentionWindow(config, layer));
  };
  assert.deepEqual(
    windows({ sliding_window: 16 }),
    [0, 0, 0, 0, 0],
    "Llama's files may say so, its code does not look",
  );
  assert.deepEqual(windows({ model_type: "mistral" }), Array(5).fill(4096));
  assert.deepEqual(windows({ model_type: "mistral", sliding_window: null }), Array(5).fill(0));
  const qwen = { model_type: "qwen2", sliding_window: 16, max_window_layers: 3 };
  assert.deepEqual(windows(qwen), [0, 0, 0, 0, 0], "use_sliding_window is false");
  assert.deepEqual(windows({ ...qwen, use_sliding_window: true }), [0, 0, 0, 16, 16]);
  const first = ["sliding_attention", ...Array(4).fill("full_attention")];
  assert.deepEqual(windows({ ...qwen, use_sliding_window: true, layer_types: first }), [16, 0, 0, 0, 0]);
});

test("factors of single rotary pairs are written in words transformers reads, and read from them", () => {
  const config = parseModelConfig({ ...LLAMA, rope_factors: [1, 2, 3, 4] });
  const written = JSON.parse(modelConfigText(config)) as { rope_scaling: Record<string, unknown> };
  assert.deepEqual(written.rope_scaling.long_factor, [1, 2, 3, 4]);
  assert.equal(written.rope_scaling.rope_type, "longrope");
  const longer = { ...written.rope_scaling, long_factor: [1, 2, 3, 5] };
  assert.throws(() => parseModelConfig({ ...LLAMA, rope_scaling: longer }), /only with equal short/);
});

test("what a DeepSeek-V2 file leaves out takes Hugging Face's defaults", () => {
  const { scoring_func, topk_method, norm_topk_prob, routed_scaling_factor, ...rest } = R1;
  const config = parseModelConfig({ ...rest, model_type: "deepseek_v2", q_lora_rank: 0 });
  assert.ok(config.model_type === "deepseek_v2");
  const {
    scoring_func: score,
    topk_method: method,
    norm_topk_prob: norm,
    routed_scaling_factor: scale,
    q_lora_rank,
  } = config;
  assert.deepEqual(
    { score, method, norm, scale, q_lora_rank },
    { score: "softmax", method: "greedy", norm: false, scale: 1, q_lora_rank: null },
  );
});

test("a missing or contradictory field is one sentence with the field, its value and the remedy", () => {
  const wrong: [Record<string, unknown>, string, RegExp][] = [
    [{ hidden_size: undefined }, "hidden_size", /config\.json: "hidden_size" is missing; put a .*number/],
    [{ hidden_size: "big" }, "hidden_size", /is "big"; put a .*number/],
    [{ hidden_size: -1 }, "hidden_size", /is -1; it must be above 0/],
    [{ num_hidden_layers: 1.5 }, "num_hidden_layers", /is 1.5; put a whole number/],
    [{ num_experts_per_tok: 300 }, "num_experts_per_tok", /is 300; it cannot exceed n_routed_experts 256/],
    [{ num_experts_per_tok: undefined }, "num_experts_per_tok", /is missing/],
    [{ num_experts_per_tok: 200 }, "num_experts_per_tok", /topk_group 4 of n_group 8 leaves 128/],
    [{ topk_group: 9 }, "topk_group", /is 9; it cannot exceed n_group 8/],
    [{ n_group: 7 }, "n_group", /must divide n_routed_experts 256/],
    [{ qk_rope_head_dim: 63 }, "qk_rope_head_dim", /must be even/],
    [{ qk_nope_head_dim: undefined }, "qk_nope_head_dim", /is missing/],
    [{ hidden_act: "gelu" }, "hidden_act", /is "gelu"; supported: "silu", "swish"/],
    [{ model_type: "gpt2" }, "model_type", /is "gpt2"; supported are deepseek_v3/],
    [{ model_type: undefined }, "model_type", /is missing/],
    [{ eos_token_id: [1, 129280] }, "eos_token_id", /below vocab_size 129280/],
    [{ num_key_value_heads: 4 }, "num_key_value_heads", /equal to num_attention_heads 128/],
    [{ rope_scaling: { type: "longrope" } }, "rope_scaling.rope_type", /supported are yarn/],
    [{ rope_scaling: { type: "yarn" } }, "rope_scaling.factor", /is missing/],
  ];
  for (const [change, field, sentence] of wrong) {
    assert.throws(
      () => parseModelConfig({ ...R1, ...change }),
      (error) =>
        error instanceof UserError &&
        error.param === field &&
        sentence.test(error.message) &&
        !error.message.includes("\n"),
      `${field}: ${JSON.stringify(change)}`,
    );
  }
  assert.throws(() => parseModelConfig({ ...LLAMA, num_key_value_heads: 3 }), /must divide num_attention_heads 8/);
  assert.throws(() => parseModelConfig({ ...LLAMA, num_attention_heads: 7 }), /must divide hidden_size 64/);
  assert.throws(
    () => parseModelConfig({ ...LLAMA, rope_factors: [1, 2] }),
    /its length must be 4, the pairs of a head/,
  );
  assert.throws(() => parseModelConfig({ ...LLAMA, partial_rotary_factor: 0.5 }), /"partial_rotary_factor" is 0.5/);
  const sliding = { ...LLAMA, model_type: "qwen2", layer_types: ["sliding_attention"] };
  assert.throws(() => parseModelConfig(sliding), /layer_types" is 1; it needs one entry for each of 5 layers/);
  assert.throws(() => parseModelConfig([]), /holds no JSON object/);
});

test("no JSON value whatever makes the config reader fail with anything but a UserError", () => {
  const mangled = fc.record({ field: fc.constantFrom(...Object.keys(R1)), value: fc.jsonValue() });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        mangled.map(({ field, value }) => ({ ...R1, [field]: value })),
      ),
      (json) => {
        try {
          parseModelConfig(json);
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      },
    ),
  );
});

test("DeepSeek's own ModelArgs of the two oracles become the configs they were run with", {
  skip: testData("oracles/v3_yarn_bias_groups.golden.json.gz").skip,
}, () => {
  const v3 = parseDeepSeekConfig(
    readTestJson<{ config: unknown }>("oracles/v3_yarn_bias_groups.golden.json.gz").config,
  );
  assert.equal(v3.model_type, "deepseek_v3");
  assert.equal(v3.norm_topk_prob, true);
  assert.equal(v3.topk_method, "noaux_tc");
  assert.ok(v3.rope_scaling?.rope_type === "yarn");
  assert.equal(v3.rope_scaling.factor, 40);
  assert.equal(v3.rope_scaling.original_max_position_embeddings, 32);
  const lite = parseDeepSeekConfig(
    readTestJson<{ config: unknown }>("oracles/v2lite_softmax_nogroups.golden.json.gz").config,
  );
  assert.equal(lite.model_type, "deepseek_v2");
  assert.equal(lite.q_lora_rank, null);
  assert.equal(lite.rope_scaling, null, "max_seq_len does not exceed original_seq_len");
  assert.equal(lite.norm_topk_prob, false);
  assert.equal(lite.topk_method, "greedy");
});

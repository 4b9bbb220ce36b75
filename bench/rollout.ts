/**
 * Rollouts: batches of 64 sampled at temperature 1 (prompt 32, 128 new tokens, no end token) on a dense and a DeepSeek-V3 model
 * of nano size, then one stream of the bundled model. The peer is transformers' `generate` on the same two configurations.
 *
 *   node bench/rollout.ts [threads]
 */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { generateBatch } from "../src/generate/batch.ts";
import { BUNDLED_MODEL, ModelSession } from "../src/generate/session.ts";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import { type ModelConfig, parameterCount, parseModelConfig } from "../src/model/config.ts";
import { Decoder } from "../src/model/decoder.ts";
import { Random } from "../src/random.ts";

export interface RolloutOptions {
  readonly threads?: number;
  /** Timed batches of each model; the best and the median are told. Default 3. */
  readonly repeats?: number;
  readonly emit?: (line: Readonly<Record<string, unknown>>) => void;
}

const [batch, promptLength, newTokens] = [64, 32, 128];

const common = {
  vocab_size: 320,
  hidden_size: 192,
  num_hidden_layers: 6,
  num_attention_heads: 6,
  num_key_value_heads: 6,
  intermediate_size: 512,
  max_position_embeddings: 1024,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: false,
  hidden_act: "silu",
};

/** The two models of the PyTorch peer: 2.8 M parameters dense, 7.4 M (3.0 M active) with experts. */
export const nanoConfigs: Readonly<Record<"dense" | "v3", ModelConfig>> = {
  dense: parseModelConfig({ ...common, model_type: "llama" }),
  v3: parseModelConfig({
    ...common,
    model_type: "deepseek_v3",
    q_lora_rank: 96,
    kv_lora_rank: 64,
    qk_nope_head_dim: 32,
    qk_rope_head_dim: 16,
    v_head_dim: 32,
    first_k_dense_replace: 1,
    n_routed_experts: 16,
    n_shared_experts: 1,
    num_experts_per_tok: 4,
    moe_intermediate_size: 128,
    n_group: 4,
    topk_group: 2,
    routed_scaling_factor: 2.5,
    scoring_func: "sigmoid",
    topk_method: "noaux_tc",
    norm_topk_prob: true,
  }),
};

/** Runs the benchmark and emits a line for each model. */
export async function run({ threads, repeats = 3, emit = printLine }: RolloutOptions = {}): Promise<void> {
  for (const [model, config] of Object.entries(nanoConfigs)) {
    const device = await cpuDevice({ threads });
    try {
      const decoder = Decoder.create(config, device, Random.from(0));
      const random = Random.from(1);
      const requests = Array.from({ length: batch }, (_, seed) => ({
        prompt: Int32Array.from({ length: promptLength }, () => random.int(3, config.vocab_size - 1)),
        maxTokens: newTokens,
        sampling: { temperature: 1, seed },
        stopIds: [],
      }));
      const once = async (maxTokens: number): Promise<number> => {
        const started = performance.now();
        await generateBatch(
          decoder,
          requests.map((one) => ({ ...one, maxTokens })),
          { slots: batch },
        );
        return (performance.now() - started) / 1000;
      };
      await once(8);
      const seconds: number[] = [];
      for (let i = 0; i < repeats; i++) seconds.push(await once(newTokens));
      seconds.sort((a, b) => a - b);
      const median = seconds[seconds.length >> 1];
      emit({
        bench: "rollout",
        model,
        parameters: parameterCount(config).total,
        threads: device.threads,
        seconds: round(median),
        tok_s: round((batch * newTokens) / median),
        best_tok_s: round((batch * newTokens) / seconds[0]),
        device_peak_mb: round(device.usage().peak / 2 ** 20),
        peak_rss_mb: peakRss(),
      });
    } finally {
      await device.close();
    }
  }
  if (existsSync(BUNDLED_MODEL)) await oneStream(threads, emit);
}

async function oneStream(
  threads: number | undefined,
  emit: (line: Readonly<Record<string, unknown>>) => void,
): Promise<void> {
  const session = await ModelSession.open({ threads });
  try {
    const question = { messages: [{ role: "user", content: "What is 37 * 48?" }] };
    const rates: number[] = [];
    for (let i = 0; i < 20; i++) rates.push((await session.complete(question, { temperature: 0 })).timing.decode_tok_s);
    rates.sort((a, b) => a - b);
    emit({
      bench: "stream",
      model: session.name,
      parameters: parameterCount(session.decoder.config).total,
      threads: session.decoder.device.threads,
      tok_s: rates[rates.length >> 1],
      best_tok_s: rates[rates.length - 1],
      limit: 1500,
      ratio: round(rates[rates.length >> 1] / 1500),
      peak_rss_mb: peakRss(),
    });
  } finally {
    await session.close();
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
const peakRss = (): number => Math.round(process.resourceUsage().maxRSS / 1024);
const printLine = (line: Readonly<Record<string, unknown>>): boolean =>
  process.stdout.write(`${JSON.stringify(line)}\n`);

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await run({ threads: process.argv[2] === undefined ? undefined : Number(process.argv[2]) });
  process.exit(0);
}

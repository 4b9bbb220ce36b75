/**
 * Rotary angles and the softmax scale, with the stretchings of context that published models use: YaRN, linear and Llama 3's.
 * Numbers follow DeepSeek-V3 inference/model.py (precompute_freqs_cis) and transformers' modeling_rope_utils.py.
 */
import type { ModelConfig } from "./config.ts";
import { type RopeScaling, yarnMscale } from "./rope-scaling.ts";

/** How many elements of each head turn. */
export const ropeDim = (config: ModelConfig): number =>
  config.attention === "gqa" ? config.head_dim : config.qk_rope_head_dim;

/** The angle per position of each pair, (dim / 2), after scaling. */
export function ropeFrequencies(config: ModelConfig): Float64Array {
  const dim = ropeDim(config);
  const factors = config.rope_factors;
  const base = Float64Array.from(
    { length: dim / 2 },
    (_, i) => config.rope_theta ** ((-2 * i) / dim) / (factors?.[i] ?? 1),
  );
  const scaling = config.rope_scaling;
  switch (scaling?.rope_type) {
    case undefined:
      return base;
    case "linear":
      return base.map((f) => f / scaling.factor);
    case "yarn":
      return yarn(base, dim, config.rope_theta, scaling);
    case "llama3":
      return base.map((f) => llama3(f, scaling));
  }
}

/** Cosines and sines of positions 0 .. positions - 1: (positions, dim / 2, 2). */
export function ropeTable(config: ModelConfig, positions: number): Float32Array {
  const frequencies = ropeFrequencies(config);
  const factor = attentionFactor(config.rope_scaling);
  const table = new Float32Array(positions * frequencies.length * 2);
  let at = 0;
  for (let position = 0; position < positions; position++)
    for (const f of frequencies) {
      // single precision, as the reference code has it: far out the rounding of the angle is part of the model
      const angle = Math.fround(position * Math.fround(f));
      table[at++] = factor * Math.cos(angle);
      table[at++] = factor * Math.sin(angle);
    }
  return table;
}

/** What multiplies q . k: one over the root of the key's width, times YaRN's temperature squared (V2 report 3.1.4; `MLA` in model.py). */
export function softmaxScale(config: ModelConfig): number {
  if (config.attention === "gqa") return config.head_dim ** -0.5;
  const scale = (config.qk_nope_head_dim + config.qk_rope_head_dim) ** -0.5;
  const scaling = config.rope_scaling;
  if (scaling?.rope_type !== "yarn" || scaling.mscale_all_dim === 0) return scale;
  return scale * yarnMscale(scaling.factor, scaling.mscale_all_dim) ** 2;
}

type Yarn = Extract<RopeScaling, { rope_type: "yarn" }>;
type Llama3 = Extract<RopeScaling, { rope_type: "llama3" }>;

/** Fast pairs keep their angle, slow ones are divided by the factor, a ramp joins them (arXiv 2309.00071, 3.2). */
function yarn(base: Float64Array, dim: number, theta: number, scaling: Yarn): Float64Array {
  const { factor, original_max_position_embeddings: original, beta_fast, beta_slow } = scaling;
  const pairTurning = (turns: number): number =>
    (dim * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = Math.max(Math.floor(pairTurning(beta_fast)), 0);
  let high = Math.min(Math.ceil(pairTurning(beta_slow)), dim - 1);
  if (low === high) high += 0.001;
  return base.map((f, i) => {
    const ramp = Math.min(Math.max((i - low) / (high - low), 0), 1);
    return (f / factor) * ramp + f * (1 - ramp);
  });
}

function llama3(f: number, scaling: Llama3): number {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original } = scaling;
  const wavelength = (2 * Math.PI) / f;
  if (wavelength < original / high) return f;
  if (wavelength > original / low) return f / factor;
  const smooth = (original / wavelength - low) / (high - low);
  return (1 - smooth) * (f / factor) + smooth * f;
}

/** What multiplies cosines and sines: 1 but for YaRN files whose two mscales differ. */
function attentionFactor(scaling: RopeScaling | null): number {
  if (scaling?.rope_type !== "yarn") return 1;
  return (
    scaling.attention_factor ??
    yarnMscale(scaling.factor, scaling.mscale) / yarnMscale(scaling.factor, scaling.mscale_all_dim)
  );
}

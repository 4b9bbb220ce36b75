// How rotary frequencies are stretched past the trained context, read from a config's rope_scaling (or rope_parameters).

import { linearSchema, llama3Schema, longRopeSchema, yarnSchema } from "./config-schema.ts";
import { badField, readFields } from "./fields.ts";

/** null in a config is plain RoPE. */
export type RopeScaling =
  | {
      readonly rope_type: "yarn";
      readonly factor: number;
      readonly original_max_position_embeddings: number;
      readonly beta_fast: number;
      readonly beta_slow: number;
      /** cos and sin are multiplied by yarnMscale(factor, mscale) / yarnMscale(factor, mscale_all_dim), 1 for DeepSeek. */
      readonly mscale: number;
      /** MLA's softmax scale is multiplied by yarnMscale(factor, mscale_all_dim) squared; 0 leaves it alone. */
      readonly mscale_all_dim: number;
      /** Overrides the factor on cos and sin where a file states it. */
      readonly attention_factor: number | null;
    }
  | { readonly rope_type: "linear"; readonly factor: number }
  | {
      readonly rope_type: "llama3";
      readonly factor: number;
      readonly low_freq_factor: number;
      readonly high_freq_factor: number;
      readonly original_max_position_embeddings: number;
    };

/** YaRN's attention temperature, 0.1 mscale ln(factor) + 1 (arXiv 2309.00071 eq. 22; V2 report 3.1.4). */
export const yarnMscale = (factor: number, mscale: number): number =>
  factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;

/** Newer transformers keep rope_theta and the scaling in one `rope_parameters`; this gives them their older places. */
export function liftRopeParameters(json: Record<string, unknown>): Record<string, unknown> {
  const parameters = json.rope_parameters;
  if (typeof parameters !== "object" || parameters === null) return json;
  const { rope_theta, ...scaling } = parameters as Record<string, unknown>;
  return {
    ...json,
    ...(rope_theta === undefined ? {} : { rope_theta }),
    rope_scaling: Object.keys(scaling).length === 0 ? null : scaling,
  };
}

/** What a config says of its rotation beside rope_theta. */
export interface RopeFields {
  readonly rope_scaling: RopeScaling | null;
  /** The angle of pair i is divided by entry i, after the scaling (GGUF's rope_freqs.weight); null: by nothing. */
  readonly rope_factors: readonly number[] | null;
}

/**
 * Reads `rope_scaling` and `rope_factors` of a config.
 * @param pairs how many pairs of a head turn, @param positions max_position_embeddings
 * @throws UserError for a type this version does not have, or a field it lacks
 */
export function readRope(
  raw: {
    readonly rope_scaling?: Record<string, unknown> | null;
    readonly rope_factors?: readonly number[] | null;
  },
  pairs: number,
  positions: number,
  file: string,
): RopeFields {
  const { rope_scaling: scaling } = raw;
  let factors = raw.rope_factors ?? null;
  let read: RopeScaling | null = null;
  if (scaling !== null && scaling !== undefined) {
    if (typeOf(scaling) === "longrope") factors = oneLengthFactors(scaling, file);
    else read = readScaling(scaling, positions, file);
  }
  if (factors === null) return { rope_scaling: read, rope_factors: null };
  if (factors.length !== pairs)
    throw badField(file, "rope_factors", factors.length, `its length must be ${pairs}, the pairs of a head that turn`);
  if (read !== null && read.rope_type !== "linear")
    throw badField(file, "rope_factors", "given", `it stands for a scaling, so it cannot join ${read.rope_type}`);
  return { rope_scaling: read, rope_factors: factors };
}

const typeOf = (scaling: Record<string, unknown>): unknown => scaling.rope_type ?? scaling.type;

function readScaling(raw: Record<string, unknown>, positions: number, file: string): RopeScaling | null {
  const kind = typeOf(raw);
  switch (kind) {
    case "default":
      return null;
    case "linear":
      return { rope_type: "linear", ...readFields(linearSchema, raw, file, "rope_scaling.") };
    case "llama3":
      return { rope_type: "llama3", ...readFields(llama3Schema, raw, file, "rope_scaling.") };
    case "yarn": {
      const yarn = readFields(yarnSchema, raw, file, "rope_scaling.");
      // as transformers: cos and sin take the two mscales only where both are given
      const both = Boolean(yarn.mscale && yarn.mscale_all_dim);
      return {
        rope_type: "yarn",
        factor: yarn.factor,
        original_max_position_embeddings: yarn.original_max_position_embeddings ?? positions,
        beta_fast: yarn.beta_fast ?? 32,
        beta_slow: yarn.beta_slow ?? 1,
        mscale: both ? yarn.mscale! : 1,
        mscale_all_dim: yarn.mscale_all_dim ?? 0,
        attention_factor: yarn.attention_factor ?? (yarn.mscale_all_dim && !both ? yarnMscale(yarn.factor, 1) : null),
      };
    }
    default:
      throw badField(file, "rope_scaling.rope_type", kind, "supported are yarn, linear, llama3 and default");
  }
}

/** LongRoPE with one list of factors for every length says what rope_factors says, in words transformers reads. */
function oneLengthFactors(raw: Record<string, unknown>, file: string): readonly number[] {
  const { short_factor, long_factor, attention_factor } = readFields(longRopeSchema, raw, file, "rope_scaling.");
  const same = short_factor.length === long_factor.length && short_factor.every((one, i) => one === long_factor[i]);
  if (!same || attention_factor !== 1)
    throw badField(
      file,
      "rope_scaling.rope_type",
      "longrope",
      "supported are yarn, linear, llama3 and default (longrope only with equal short and long factors and attention_factor 1)",
    );
  return short_factor;
}

/**
 * Multi-head latent attention in the absorbed form (V3 report, 2.1.1; `attn_impl = "absorb"` in DeepSeek's inference/model.py), for
 * answering: the key half of kv_b_proj is applied to the query and the value half to the result, so that heads attend to the latents
 * themselves and the cache holds kv_lora_rank + rope numbers a position. The same numbers as the plain form, in other bits.
 */
import { UserError } from "../../error.ts";
import type { AttentionShape, Device, I32 } from "../../kernels/kernels.ts";
import { rope } from "../../tensor/attention.ts";
import type { Pass } from "../../tensor/space.ts";
import type { Parameter, Tensor } from "../../tensor/tensor.ts";
import { multiplyGroups, type Weight } from "../../tensor/weight.ts";
import type { DeepSeekConfig } from "../config.ts";
import { softmaxScale } from "../rope.ts";
import type { Weights } from "../weights/weights.ts";
import { type Attention, type Projection, project, projection, type Rows } from "./attention.ts";
import { LatentQuery } from "./latent-attention.ts";

/** Names of the two halves of kv_b_proj: k_b_proj (heads, rank, nope), which is turned, and v_b_proj (heads, v, rank). */
export const LATENT_HALVES = { k: "k_b_proj.weight", v: "v_b_proj.weight" } as const;

/** Heads and widths of an absorbed model's cache: one head, whose "values" are the latents; it has no keys beside them. */
export const latentCacheShape = (config: DeepSeekConfig): AttentionShape => ({
  queryHeads: config.num_attention_heads,
  keyHeads: 1,
  keyDim: 0,
  valueDim: config.kv_lora_rank + config.qk_rope_head_dim,
  scale: softmaxScale(config),
});

/** Offsets of matrices by head, each of as many rows as a pass has: what groupedLinear wants. Shared by a model's layers. */
export class HeadOffsets {
  readonly #device: Device;
  readonly #heads: number;
  readonly #offsets: I32;
  readonly #values: Int32Array;

  constructor(device: Device, heads: number, offsets: I32) {
    this.#device = device;
    this.#heads = heads;
    this.#offsets = offsets;
    this.#values = new Int32Array(heads + 1);
  }

  of(rows: number): I32 {
    if (this.#values[1] !== rows) {
      for (let h = 0; h <= this.#heads; h++) this.#values[h] = h * rows;
      this.#device.write(this.#offsets, this.#values);
    }
    return this.#offsets;
  }
}

export class AbsorbedAttention implements Attention {
  readonly #heads: number;
  readonly #nope: number;
  readonly #rope: number;
  readonly #rank: number;
  readonly #valueDim: number;
  readonly #eps: number;
  readonly #shape: AttentionShape;
  readonly #query: LatentQuery;
  readonly #kvDown: Projection;
  readonly #kvNorm: Parameter;
  readonly #keyUp: Weight;
  readonly #valueUp: Weight;
  readonly #out: Projection;
  readonly #offsets: HeadOffsets;

  constructor(config: DeepSeekConfig, weights: Weights, offsets: HeadOffsets) {
    this.#heads = config.num_attention_heads;
    this.#nope = config.qk_nope_head_dim;
    this.#rope = config.qk_rope_head_dim;
    this.#rank = config.kv_lora_rank;
    this.#valueDim = config.v_head_dim;
    this.#eps = config.rms_norm_eps;
    this.#shape = { ...latentCacheShape(config), keyDim: this.#rank + this.#rope, valueDim: this.#rank };
    this.#query = new LatentQuery(config, weights);
    this.#kvDown = projection(weights, "kv_a_proj_with_mqa", config.attention_bias);
    this.#kvNorm = weights.vector("kv_a_layernorm.weight");
    this.#keyUp = weights.matrix(LATENT_HALVES.k);
    this.#valueUp = weights.matrix(LATENT_HALVES.v);
    this.#out = projection(weights, "o_proj", config.attention_bias);
    this.#offsets = offsets;
  }

  run(pass: Pass, x: Tensor, rows: Rows, layer: number, y: Tensor): void {
    if (pass.tape !== null)
      throw new UserError(
        "Latent attention in its absorbed form cannot be trained; load the model in the plain form.",
        {
          param: "mla",
        },
      );
    const q = this.#absorbed(pass, this.#query.run(pass, x), rows);
    const latent = this.#latents(pass, x, rows);
    project(pass, this.#values(pass, this.#attend(pass, q, latent, rows, layer)), this.#out, y);
  }

  /** [norm(c) ; rope(kpe)] of every row: (rows, rank + rope). */
  #latents(pass: Pass, x: Tensor, { rotation, positions }: Rows): Tensor {
    const { device, space } = pass;
    const [rank, width] = [this.#rank, this.#rank + this.#rope];
    const down = project(pass, x, this.#kvDown);
    const latent = space.tensor(x.rows, width);
    device.rmsNorm(down.buf, this.#kvNorm.buf, latent.buf, x.rows, rank, this.#eps, width, width);
    const from = down.tail(device, rank);
    device.copyStrided(from, latent.tail(device, rank), x.rows, 1, this.#rope, width, 0, width, 0);
    rope(pass, latent, rotation, positions, 1, width, rank);
    return latent;
  }

  /** Queries (rows, heads, nope + rope) -> against latents: (rows, heads, rank + rope). */
  #absorbed(pass: Pass, q: Tensor, { rotation, positions }: Rows): Tensor {
    const { device, space } = pass;
    const [rows, heads, nope, rank] = [q.rows, this.#heads, this.#nope, this.#rank];
    const [keyDim, width] = [nope + this.#rope, rank + this.#rope];
    rope(pass, q, rotation, positions, heads, keyDim, nope);
    const byHead = space.tensor(heads * rows, nope);
    device.copyStrided(q.buf, byHead.buf, rows, heads, nope, heads * keyDim, keyDim, nope, rows * nope);
    const turned = space.tensor(heads * rows, rank);
    multiplyGroups(device, byHead.buf, this.#keyUp, turned.buf, this.#offsets.of(rows), heads, heads * rows);
    const result = space.tensor(rows, heads * width);
    device.copyStrided(turned.buf, result.buf, rows, heads, rank, rank, rows * rank, heads * width, width);
    const [from, to] = [q.tail(device, nope), result.tail(device, rank)];
    device.copyStrided(from, to, rows, heads, this.#rope, heads * keyDim, keyDim, heads * width, width);
    return result;
  }

  /** -> (rows, heads, rank): each head's weighted sum of latents, of the batch or of the cache. */
  #attend(pass: Pass, q: Tensor, latent: Tensor, { packed, cached }: Rows, layer: number): Tensor {
    const { device, space } = pass;
    const [rows, heads, rank, width] = [q.rows, this.#heads, this.#rank, latent.width];
    const z = space.tensor(rows, heads * rank);
    if (packed !== null) {
      const values = space.tensor(rows, rank);
      device.copyStrided(latent.buf, values.buf, rows, 1, rank, width, 0, rank, 0);
      const lse = space.tensor(rows, heads);
      const { starts, sequences, longest } = packed;
      device.attention(q.buf, latent.buf, values.buf, z.buf, lse.buf, starts, sequences, longest, this.#shape);
      return z;
    }
    const { cache, slots, positions, capacity, longest } = cached!;
    const latents = cache.values[layer];
    device.cacheAppend(
      latent.buf,
      latent.buf,
      cache.keys[layer],
      latents,
      slots,
      positions,
      rows,
      capacity,
      cache.shape,
    );
    const { scale } = this.#shape;
    device.attentionLatent(
      q.buf,
      latents,
      z.buf,
      slots,
      positions,
      rows,
      capacity,
      longest,
      heads,
      rank,
      this.#rope,
      scale,
    );
    return z;
  }

  /** Sums of latents (rows, heads, rank) -> values (rows, heads * valueDim). */
  #values(pass: Pass, z: Tensor): Tensor {
    const { device, space } = pass;
    const [rows, heads, rank, valueDim] = [z.rows, this.#heads, this.#rank, this.#valueDim];
    const byHead = space.tensor(heads * rows, rank);
    device.copyStrided(z.buf, byHead.buf, rows, heads, rank, heads * rank, rank, rank, rows * rank);
    const values = space.tensor(heads * rows, valueDim);
    multiplyGroups(device, byHead.buf, this.#valueUp, values.buf, this.#offsets.of(rows), heads, heads * rows);
    const result = space.tensor(rows, heads * valueDim);
    device.copyStrided(
      values.buf,
      result.buf,
      rows,
      heads,
      valueDim,
      valueDim,
      rows * valueDim,
      heads * valueDim,
      valueDim,
    );
    return result;
  }
}

/** One transformer block: x += attention(norm(x)); x += feedForward(norm(x)). */
import type { I32 } from "../kernels/kernels.ts";
import { addResidual } from "../tensor/linear.ts";
import { rmsNorm } from "../tensor/norm.ts";
import type { Pass } from "../tensor/space.ts";
import type { Parameter, Tensor } from "../tensor/tensor.ts";
import { AbsorbedAttention, type HeadOffsets } from "./attention/absorbed-attention.ts";
import type { Attention, Rows } from "./attention/attention.ts";
import { GroupedAttention } from "./attention/grouped-attention.ts";
import { LatentAttention } from "./attention/latent-attention.ts";
import type { ModelConfig } from "./config.ts";
import { type FeedForward, makeFeedForward } from "./feed-forward.ts";
import type { Observe } from "./observe.ts";
import type { Weights } from "./weights/weights.ts";

/** What a model's layers are made of. */
export interface ModelParts {
  readonly config: ModelConfig;
  readonly weights: Weights;
  /** Makes a zeroed buffer that lives as long as the model. */
  readonly integers: (length: number) => I32;
  /** Not null where latent attention is absorbed. */
  readonly absorbed: HeadOffsets | null;
}

function makeAttention({ config, absorbed }: ModelParts, layer: number, weights: Weights): Attention {
  if (config.attention === "gqa") return new GroupedAttention(config, layer, weights);
  return absorbed === null ? new LatentAttention(config, weights) : new AbsorbedAttention(config, weights, absorbed);
}

export class Block {
  readonly layer: number;
  readonly attention: Attention;
  readonly feedForward: FeedForward;
  readonly #attentionNorm: Parameter;
  readonly #feedForwardNorm: Parameter;
  readonly #eps: number;

  constructor(parts: ModelParts, layer: number) {
    const { config } = parts;
    const own = parts.weights.below(`model.layers.${layer}`);
    this.layer = layer;
    this.attention = makeAttention(parts, layer, own.below("self_attn"));
    this.feedForward = makeFeedForward(config, layer, own.below("mlp"), parts.integers);
    this.#attentionNorm = own.vector("input_layernorm.weight");
    this.#feedForwardNorm = own.vector("post_attention_layernorm.weight");
    this.#eps = config.rms_norm_eps;
  }

  /** x (rows, hidden) -> (rows, hidden). Without a tape the result is in x's memory and nothing else is held. */
  run(pass: Pass, x: Tensor, rows: Rows, observe: Observe | null): Tensor {
    const { space, tape } = pass;
    const at = observe === null ? "" : `layer${this.layer}`;
    if (tape === null) space.enter();

    const attended = space.tensor(x.rows, x.width);
    if (tape === null) space.enter();
    this.attention.run(pass, rmsNorm(pass, x, this.#attentionNorm, this.#eps), rows, this.layer, attended);
    if (tape === null) space.leave();
    observe?.(`${at}.attn`, attended.buf);
    const middle = addResidual(pass, x, attended);

    const fed = space.tensor(x.rows, x.width);
    if (tape === null) space.enter();
    this.feedForward.run(pass, rmsNorm(pass, middle, this.#feedForwardNorm, this.#eps), fed, observe, at);
    if (tape === null) space.leave();
    observe?.(`${at}.ffn`, fed.buf);
    const result = addResidual(pass, middle, fed);

    if (tape === null) space.leave();
    observe?.(at, result.buf);
    return result;
  }
}

/**
 * Multi-token prediction (DeepSeek-V3 report 2.2): module k joins the state of position i at depth k - 1 with the embedding
 * of token i + k, runs one block, and predicts token i + k + 1 through the shared head.
 */
import type { I32 } from "../kernels/kernels.ts";
import { embedding } from "../tensor/embedding.ts";
import { linear } from "../tensor/linear.ts";
import { normPair, rmsNorm } from "../tensor/norm.ts";
import type { Pass } from "../tensor/space.ts";
import type { Parameter, Tensor } from "../tensor/tensor.ts";
import type { Weight } from "../tensor/weight.ts";
import type { Rows } from "./attention/attention.ts";
import { Block, type ModelParts } from "./block.ts";
import type { Observe } from "./observe.ts";

export class MtpModule {
  readonly block: Block;
  readonly #embeddingNorm: Parameter;
  readonly #hiddenNorm: Parameter;
  readonly #join: Weight;
  readonly #headNorm: Parameter;
  readonly #embeddings: Weight;
  readonly #eps: number;

  /** `depth` counts from 0; its weights stand after the main model's layers. */
  constructor(parts: ModelParts, depth: number) {
    const { config, weights } = parts;
    const layer = config.num_hidden_layers + depth;
    const own = weights.below(`model.layers.${layer}`);
    this.block = new Block(parts, layer);
    this.#embeddingNorm = own.vector("enorm.weight");
    this.#hiddenNorm = own.vector("hnorm.weight");
    this.#join = own.matrix("eh_proj.weight");
    this.#headNorm = own.vector("shared_head.norm.weight");
    this.#embeddings = weights.matrix("model.embed_tokens.weight");
    this.#eps = config.rms_norm_eps;
  }

  /**
   * previous (rows, hidden): the main model's final-normed state, or the last module's; ids (rows): the token each row is joined
   * with -> its state (rows, hidden), for the next module. The report writes [hidden ; embedding]; the published eh_proj has the
   * embedding first, and so do we.
   */
  run(pass: Pass, previous: Tensor, ids: I32, rows: Rows, observe: Observe | null): Tensor {
    const embedded = embedding(pass, this.#embeddings, ids, previous.rows);
    const pair = normPair(pass, embedded, this.#embeddingNorm, previous, this.#hiddenNorm, this.#eps);
    return this.block.run(pass, linear(pass, pair, this.#join), rows, observe);
  }

  /** What the head takes of a state. */
  normed(pass: Pass, state: Tensor): Tensor {
    return rmsNorm(pass, state, this.#headNorm, this.#eps);
  }
}

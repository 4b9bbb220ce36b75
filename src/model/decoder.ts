/**
 * The decoder: DeepSeek-V3, DeepSeek-V2 and the Llama-shaped models (Llama, Mistral, Qwen2, Qwen3) as one class. Training, scoring and decoding run the same
 * blocks over the same ops, so a token's log-probability in a rollout has the bits it has in training.
 */
import { UserError } from "../error.ts";
import type { AttentionShape, Device, F32, I32 } from "../kernels/kernels.ts";
import type { Rotation } from "../tensor/attention.ts";
import { embedding } from "../tensor/embedding.ts";
import { linear } from "../tensor/linear.ts";
import { type TokenLogProbs, tokenLogProbs } from "../tensor/log-probs.ts";
import { rmsNorm } from "../tensor/norm.ts";
import { recomputed } from "../tensor/recompute.ts";
import { type Pass, ScratchSpace } from "../tensor/space.ts";
import type { Tape } from "../tensor/tape.ts";
import { Parameter, type Tensor } from "../tensor/tensor.ts";
import { trainable, type Weight } from "../tensor/weight.ts";
import { HeadOffsets, latentCacheShape } from "./attention/absorbed-attention.ts";
import { attentionShape, type Rows } from "./attention/attention.ts";
import { type RouterLoad, routerLoads, updateRouterBias } from "./balance.ts";
import { type PackedBatch, shiftInside } from "./batch.ts";
import { Block } from "./block.ts";
import { KvCache } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import { DraftStepper } from "./draft-stepper.ts";
import { MtpModule } from "./mtp.ts";
import type { Observe } from "./observe.ts";
import { ropeDim, ropeTable } from "./rope.ts";
import { Stepper, type StepRows } from "./stepper.ts";
import { loadWeights } from "./weights/load-weights.ts";
import {
  type ExportedTensor,
  exportParameters,
  type InitOptions,
  randomParameters,
  type Uniform,
} from "./weights/parameters.ts";
import type { LoadOptions, MlaForm, TensorSource } from "./weights/weight-source.ts";
import { Weights } from "./weights/weights.ts";

export class Decoder {
  readonly config: ModelConfig;
  readonly device: Device;
  /** By Hugging Face name; experts stacked as mlp.experts.gate_proj.weight (E, I, H), up_proj (E, I, H), down_proj (E, H, I). */
  readonly weights: ReadonlyMap<string, Weight>;
  /** Of the weights those that are floats: all of a model that can be trained. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** The form latent attention runs in; "plain" for models without. */
  readonly mla: MlaForm;
  /** Steps of the first multi-token-prediction module; null for models without. */
  readonly drafting: DraftStepper | null;
  /** Recorded passes keep each layer's input alone and make the rest again in backward: less memory, more time, the same bits. */
  gradientCheckpointing = false;
  readonly #blocks: readonly Block[];
  readonly #mtp: readonly MtpModule[];
  readonly #embeddings: Weight;
  readonly #norm: Parameter;
  readonly #head: Weight;
  readonly #integers: I32[] = [];
  readonly #outgrown: F32[] = [];
  readonly #space: ScratchSpace;
  readonly #stepper: Stepper;
  #rotation: Rotation;
  #positions: number;

  private constructor(config: ModelConfig, device: Device, all: ReadonlyMap<string, Weight>, mla: MlaForm = "plain") {
    const weights = new Weights(all);
    const integers = (length: number): I32 => {
      this.#integers.push(device.i32(length));
      return this.#integers.at(-1)!;
    };
    this.config = config;
    this.device = device;
    this.weights = all;
    this.parameters = new Map([...all].filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter));
    this.#embeddings = weights.matrix("model.embed_tokens.weight");
    this.#norm = weights.vector("model.norm.weight");
    this.#head = config.tie_word_embeddings ? this.#embeddings : weights.matrix("lm_head.weight");
    const heads = config.num_attention_heads;
    const absorbed = mla === "plain" ? null : new HeadOffsets(device, heads, integers(heads + 1));
    const parts = { config, weights, integers, absorbed };
    this.mla = mla;
    this.#blocks = Array.from({ length: config.num_hidden_layers }, (_, layer) => new Block(parts, layer));
    const modules = config.attention === "gqa" ? 0 : config.num_nextn_predict_layers;
    this.#mtp = Array.from({ length: modules }, (_, depth) => new MtpModule(parts, depth));
    this.#space = new ScratchSpace(device);
    this.#positions = Math.min(config.max_position_embeddings, 2048);
    this.#rotation = makeRotation(config, device, this.#positions);
    const head = (pass: Pass, x: Tensor): Tensor => linear(pass, x, this.#head);
    this.#stepper = new Stepper(device, config.vocab_size, head, (pass, ids, count, rows) =>
      this.#run(pass, ids, count, rows, null),
    );
    this.drafting =
      modules === 0 ? null : new DraftStepper(device, config.vocab_size, this.#mtp[0], head, () => this.#rotation);
  }

  /** A model with random weights; `random` alone decides them. */
  static create(config: ModelConfig, device: Device, random: Uniform, init: InitOptions = {}): Decoder {
    return new Decoder(config, device, randomParameters(config, device, random, init));
  }

  /**
   * A model with the weights of a checkpoint: an opened model, or a function that gives float32 values by name (experts stacked).
   * Only what is loaded as f32 and in the plain form, the defaults, can be trained.
   * @throws UserError naming the tensor that is missing or has the wrong size.
   */
  static load(
    device: Device,
    config: ModelConfig,
    source: TensorSource | ((name: string) => Float32Array),
    options: LoadOptions = {},
  ): Decoder {
    const from = typeof source === "function" ? { readTensor: source } : source;
    if (options.mla === "absorbed" && config.attention !== "mla")
      throw new UserError(
        `A ${config.model_type} model has no latent attention that could be absorbed; leave mla out.`,
        {
          param: "mla",
        },
      );
    return new Decoder(config, device, loadWeights(config, device, from, options), options.mla);
  }

  /** Every parameter on the host, experts stacked and adapters merged, as `saveModelFolder` takes them. @throws UserError where some are in blocks */
  async exportTensors(): Promise<ExportedTensor[]> {
    for (const weight of this.weights.values()) trainable(weight);
    return exportParameters(this.device, this.parameters);
  }

  zeroGrad(): void {
    for (const parameter of this.parameters.values()) parameter.zeroGrad();
  }

  /**
   * Runs whole sequences through the model: -> the final-normed hidden states (rows, hidden), in the device's scratch memory,
   * which the caller marks and releases. With a tape, `tape.backward()` after a loss adds to the parameters' gradients.
   * @throws UserError where a sequence is longer than max_position_embeddings.
   */
  forward(tape: Tape | null, batch: PackedBatch, observe: Observe | null = null): Tensor {
    return this.#run(this.#pass(tape), batch.ids, batch.rows, this.#rows(batch), observe);
  }

  /**
   * Log-probabilities of targets (rows of hidden; -1: not scored) under softmax(logits / temperature), from `forward`'s result
   * or rows picked from it. The loss goes into the result's dlogp before `tape.backward()`.
   */
  logProbs(tape: Tape | null, hidden: Tensor, targets: I32, temperature = 1): TokenLogProbs {
    return tokenLogProbs(this.#pass(tape), hidden, this.#head, targets, temperature);
  }

  /**
   * The predictions of every multi-token-prediction module: entry k - 1 scores, at row i, the token k places past the
   * one `targets[i]` names (V3 report, eq. 21 to 25). `targets` as for logProbs, on the host, with -1 where not scored. Their
   * mean's negative times lambda / depth is the loss of the report. Only recorded passes and tools need it; empty without modules.
   */
  mtpLogProbs(
    tape: Tape | null,
    hidden: Tensor,
    batch: PackedBatch,
    targets: Int32Array,
    observe: Observe | null = null,
  ): TokenLogProbs[] {
    const pass = this.#pass(tape);
    const rows = this.#rows(batch);
    let previous = hidden;
    return this.#mtp.map((module, depth) => {
      // a row past whose sequence's end its token lies sees its own id: nothing scored can attend to it
      const ids = this.#ints(shiftInside(batch, batch.host.ids, depth + 1, (row) => batch.host.ids[row]));
      previous = module.run(pass, previous, ids, rows, observe);
      const shifted = this.#ints(shiftInside(batch, targets, depth + 1, () => -1));
      return tokenLogProbs(pass, module.normed(pass, previous), this.#head, shifted, 1);
    });
  }

  /**
   * An empty cache of `slots` sequences of up to `capacity` positions; with a layer more for `drafting` to step over where that is
   * wanted. @throws UserError where the model has fewer positions.
   */
  newCache(slots: number, capacity: number, forDrafting = false): KvCache {
    this.#reach(capacity);
    const layers = this.config.num_hidden_layers + (forDrafting && this.drafting !== null ? 1 : 0);
    return new KvCache(this.device, layers, slots, capacity, this.#cacheShape());
  }

  /**
   * Runs `count` rows (a chunk of a prompt, one row for each live slot, or any mixture) over the cache -> their final-normed
   * hidden states (count, hidden), bit for bit those of `forward`, valid until the next step.
   * @throws UserError for an id outside the vocabulary, a slot or a position outside the cache.
   */
  step(cache: KvCache, rows: StepRows): Tensor {
    return this.#stepper.step(cache, rows, this.#rotation);
  }

  /** Rows of a step's (or a pass's) hidden states by index, so that only they meet the vocabulary; valid until the next call. */
  pick(hidden: Tensor, indices: Int32Array, count = indices.length): Tensor {
    return this.#stepper.pick(hidden, indices, count);
  }

  /** hidden (rows, hidden) -> logits (rows, vocabulary), valid until the next call. */
  logits(hidden: Tensor): F32 {
    return this.#stepper.logits(hidden);
  }

  /** How many rows went to each expert in recorded passes since the last `updateRouterBias`, by layer. */
  routerLoads(): Promise<RouterLoad[]> {
    return routerLoads(this.device, this.#allBlocks());
  }

  /** The load balance of an optimizer's step; see balance.ts. Returns the loads it acted on. */
  updateRouterBias(gamma: number, loads?: readonly RouterLoad[]): Promise<RouterLoad[]> {
    return updateRouterBias(this.device, this.#allBlocks(), gamma, loads);
  }

  /** Gives all of the model's memory back. */
  free(): void {
    for (const weight of this.weights.values()) weight.free();
    for (const buffer of [...this.#integers, ...this.#outgrown, this.#rotation.table]) this.device.free(buffer);
    this.#stepper.free();
    this.drafting?.free();
  }

  #run(pass: Pass, ids: I32, count: number, rows: Rows, observe: Observe | null): Tensor {
    let x = embedding(pass, this.#embeddings, ids, count); // (rows, hidden)
    observe?.("embed", x.buf);
    const { tape } = pass;
    for (const block of this.#blocks)
      x =
        tape !== null && this.gradientCheckpointing
          ? recomputed(pass, tape, x, (own, input) => block.run(own, input, rows, observe))
          : block.run(pass, x, rows, observe);
    const normed = rmsNorm(pass, x, this.#norm, this.config.rms_norm_eps);
    observe?.("norm", normed.buf);
    return normed;
  }

  #cacheShape(): AttentionShape {
    const { config } = this;
    return config.attention === "mla" && this.mla === "absorbed" ? latentCacheShape(config) : attentionShape(config);
  }

  #pass(tape: Tape | null): Pass {
    return { device: this.device, tape, space: this.#space };
  }

  #rows(batch: PackedBatch): Rows {
    this.#reach(batch.longest);
    return { positions: batch.positions, rotation: this.#rotation, packed: batch, cached: null };
  }

  #ints(values: Int32Array): I32 {
    const buffer = this.device.scratchI32(values.length);
    this.device.write(buffer, values);
    return buffer;
  }

  #allBlocks(): readonly Block[] {
    return [...this.#blocks, ...this.#mtp.map((module) => module.block)];
  }

  /** Makes the rotary table long enough. It starts short: a published model's 163,840 positions are 40 MB that few runs need. */
  #reach(positions: number): void {
    const most = this.config.max_position_embeddings;
    if (positions > most)
      throw new UserError(`${positions} positions are asked for, but the model has max_position_embeddings ${most}.`, {
        param: "max_position_embeddings",
      });
    if (positions <= this.#positions) return;
    this.#positions = Math.min(most, Math.max(positions, 2 * this.#positions));
    this.#outgrown.push(this.#rotation.table); // a tape not yet run backward may still turn by it
    this.#rotation = makeRotation(this.config, this.device, this.#positions);
  }
}

function makeRotation(config: ModelConfig, device: Device, positions: number): Rotation {
  const values = ropeTable(config, positions);
  const table = device.f32(values.length);
  device.write(table, values);
  return { table, dim: ropeDim(config), interleaved: config.rope_interleave };
}

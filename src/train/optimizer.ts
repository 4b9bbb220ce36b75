// Which parameter is moved by what: Muon for matrices inside the model, AdamW for what is looked up or multiplies element by
// element (embeddings, head, norms, biases) and for the router; gradient clipping with the check that stops a run gone bad.

import { isNextnName } from "../checkpoint/names.ts";
import { UserError } from "../error.ts";
import type { Device, F32 } from "../kernels/kernels.ts";
import type { ModelConfig } from "../model/config.ts";
import type { Parameter } from "../tensor/tensor.ts";
import { roundParameters } from "./bf16.ts";
import { Muon, type MuonOptions, muonDefaults } from "./muon.ts";
import { notFinite } from "./not-finite.ts";

/** AdamW under torch.optim.AdamW's names. */
export interface AdamWOptions {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Decoupled; matrices only, never norms and biases. */
  readonly weight_decay: number;
}

export const adamwDefaults: AdamWOptions = { lr: 1e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0 };

export interface OptimizerOptions {
  /** null: AdamW moves everything. */
  readonly muon: MuonOptions | null;
  readonly adamw: AdamWOptions;
  /** bf16: weights are rounded to bfloat16 after every step (bf16.ts). Default: f32. */
  readonly master?: "f32" | "bf16";
}

export const optimizerDefaults: OptimizerOptions = {
  muon: { ...muonDefaults, lr: 0.009, weight_decay: 0, adjust_lr: "match_rms_adamw" },
  adamw: { ...adamwDefaults, lr: 3e-3 },
};

/** Everything an optimizer needs to go on exactly: steps taken and its buffers by name. */
export interface OptimizerState {
  readonly steps: number;
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/** matrix: Muon's, if there is Muon; table: embeddings, head and router; vector: norms and biases, without weight decay. */
export type ParameterKind = "matrix" | "table" | "vector";

/** The kind of a parameter by its Hugging Face name and shape. */
export function parameterKind(name: string, shape: readonly number[]): ParameterKind {
  if (shape.length < 2) return "vector";
  return /(^|\.)(embed_tokens|lm_head)\.weight$|\.mlp\.gate\.weight$/.test(name) ? "table" : "matrix";
}

/**
 * A model's parameters for an Optimizer; without the multi-token-prediction modules where their loss is not computed (as in
 * reinforcement learning), which would otherwise cost momentum and time for gradients of zero. A model with adapters gives these too.
 */
export const trainedParameters = (
  { config, parameters }: { readonly config: ModelConfig; readonly parameters: ReadonlyMap<string, Parameter> },
  multiTokenPrediction: boolean,
): Parameter[] =>
  [...parameters.values()]
    .filter(({ name }) => multiTokenPrediction || !isNextnName(config, name))
    .flatMap((parameter) => {
      const { adapter } = parameter;
      return adapter === null ? [parameter] : [parameter, adapter.a, adapter.b];
    });

/** Moves a model's trainable parameters along their gradients. */
export class Optimizer {
  readonly parameters: readonly Parameter[];
  readonly #device: Device;
  readonly #options: OptimizerOptions;
  readonly #muon: Muon | null;
  readonly #adamw: readonly AdamWSlot[];
  readonly #squares: F32;
  #steps = 0;

  constructor(device: Device, parameters: Iterable<Parameter>, options: OptimizerOptions) {
    this.#device = device;
    this.#options = options;
    this.parameters = [...parameters].filter((parameter) => parameter.trainable);
    const isMuon = (p: Parameter) => options.muon !== null && parameterKind(p.name, p.shape) === "matrix";
    const matrices = this.parameters.filter(isMuon);
    this.#muon = options.muon === null ? null : new Muon(device, matrices, options.muon);
    this.#adamw = this.parameters
      .filter((parameter) => !isMuon(parameter))
      .map((parameter) => ({
        parameter,
        m: device.f32(parameter.buf.length),
        v: device.f32(parameter.buf.length),
        decay: parameterKind(parameter.name, parameter.shape) === "vector" ? 0 : options.adamw.weight_decay,
      }));
    this.#squares = device.f32(Math.max(1, this.parameters.length));
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.#steps;
  }

  /** The learning rate logged as `learning_rate`: Muon's, or AdamW's where there is no Muon, under a schedule's factor. */
  learningRate(factor: number): number {
    return (this.#options.muon ?? this.#options.adamw).lr * factor;
  }

  zeroGrad(): void {
    for (const { grad } of this.parameters) this.#device.fill(grad, 0);
  }

  /**
   * Scales all gradients so that their joint L2 norm is at most `maxNorm` (torch's clip_grad_norm_; Infinity: only measures).
   * @returns the norm before clipping.
   * @throws UserError naming the step and the first tensor whose gradient is not finite; the weights are then still as before the step.
   */
  async clip(maxNorm: number, step: number): Promise<number> {
    this.parameters.forEach(({ grad }, i) => {
      this.#device.sumSquares(grad, this.#squares, i);
    });
    const squares = await this.#device.read(this.#squares);
    let total = 0;
    for (const [i, { name }] of this.parameters.entries()) {
      if (!Number.isFinite(squares[i]!))
        throw await notFinite(this.#device, this.parameters, `the gradient of ${name}`, squares[i]!, step);
      total += squares[i]!;
    }
    const norm = Math.sqrt(total);
    if (norm > maxNorm) for (const { grad } of this.parameters) this.#device.scale(grad, maxNorm / (norm + 1e-6));
    return norm;
  }

  /** Rounds the weights where they are held to bfloat16; after `step`. */
  async round(): Promise<void> {
    if (this.#options.master === "bf16") await roundParameters(this.#device, this.parameters, this.#steps);
  }

  /** Enqueues one step; `factor` multiplies every learning rate (the schedule). */
  step(factor: number): void {
    this.#steps++;
    this.#muon?.step(factor);
    const { lr, beta1, beta2, eps } = this.#options.adamw;
    for (const { parameter, m, v, decay } of this.#adamw)
      this.#device.adamw(parameter.buf, parameter.grad, m, v, lr * factor, beta1, beta2, eps, decay, this.#steps);
  }

  /** A copy of the state, for a checkpoint. */
  async state(): Promise<OptimizerState> {
    const tensors = new Map<string, Float32Array>();
    for (const [name, buffer] of this.#buffers()) tensors.set(name, await this.#device.read(buffer));
    return { steps: this.#steps, tensors };
  }

  /** Goes on from a state. @throws UserError when it is of another model or other options. */
  restore(state: OptimizerState): void {
    const buffers = this.#buffers();
    for (const [name, buffer] of buffers) {
      const values = state.tensors.get(name);
      if (values === undefined || values.length !== buffer.length)
        throw new UserError(
          `The optimizer state holds ${values === undefined ? "no" : `${values.length} values for`} ${name}${values === undefined ? "" : `, not ${buffer.length}`}: it was saved by a run of another model or optimizer; resume with that run's config.`,
          { param: name },
        );
    }
    const surplus = [...state.tensors.keys()].find((name) => !buffers.has(name));
    if (surplus !== undefined)
      throw new UserError(
        `The optimizer state holds ${surplus}, which this run has no use for: it was saved by a run of another model or optimizer; resume with that run's config.`,
        { param: surplus },
      );
    for (const [name, buffer] of buffers) this.#device.write(buffer, state.tensors.get(name)!);
    this.#steps = state.steps;
  }

  free(): void {
    this.#muon?.free();
    for (const { m, v } of this.#adamw) {
      this.#device.free(m);
      this.#device.free(v);
    }
    this.#device.free(this.#squares);
  }

  #buffers(): Map<string, F32> {
    const buffers = new Map<string, F32>();
    for (const { parameter, momentum } of this.#muon?.slots ?? []) buffers.set(`${parameter.name}.momentum`, momentum);
    for (const { parameter, m, v } of this.#adamw) {
      buffers.set(`${parameter.name}.exp_avg`, m);
      buffers.set(`${parameter.name}.exp_avg_sq`, v);
    }
    return buffers;
  }
}

interface AdamWSlot {
  readonly parameter: Parameter;
  readonly m: F32;
  readonly v: F32;
  readonly decay: number;
}

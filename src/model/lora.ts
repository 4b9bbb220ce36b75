/** Which matrices of a model get LoRA adapters, and where these start. Everything else is frozen. */
import { usageError } from "../error.ts";
import type { Device } from "../kernels/kernels.ts";
import { newAdapter } from "../tensor/adapter.ts";
import type { Adapter, Parameter } from "../tensor/tensor.ts";
import type { Uniform } from "./weights/parameters.ts";

/** Matrices that can be adapted, by the last part of their names. Routed experts, routers, embeddings and kv_b_proj cannot. */
export const LORA_TARGETS = [
  "q_proj",
  "k_proj",
  "v_proj",
  "o_proj",
  "gate_proj",
  "up_proj",
  "down_proj",
  "q_a_proj",
  "q_b_proj",
  "kv_a_proj_with_mqa",
] as const;

/** LoRA's settings under PEFT's names. */
export interface LoraSpec {
  readonly r: number;
  /** The adapters' product is multiplied by alpha / r. */
  readonly alpha: number;
  /** Of LORA_TARGETS; none: all that the model has. */
  readonly targets: readonly string[];
}

interface Adapted {
  readonly device: Device;
  readonly parameters: ReadonlyMap<string, Parameter>;
}

/** The parameters that get an adapter. @throws UserError (usage) for a target the model has no matrix of */
export function loraTargets({ parameters }: Pick<Adapted, "parameters">, { targets }: LoraSpec): Parameter[] {
  const named = (p: Parameter): string =>
    p.shape.length === 2 ? (/\.(?:self_attn|mlp|shared_experts)\.(\w+)\.weight$/.exec(p.name)?.[1] ?? "") : "";
  const possible = [...parameters.values()].filter((p) => LORA_TARGETS.some((target) => target === named(p)));
  const present = new Set(possible.map(named));
  const missing = targets.find((target) => !present.has(target));
  if (missing !== undefined)
    throw usageError(`lora.targets: the model has no ${missing}; it has ${[...present].join(", ")}`, "lora.targets");
  return targets.length === 0 ? possible : possible.filter((p) => targets.includes(named(p)));
}

/**
 * Freezes the model and puts adapters beside the targets: A uniform within 1 / sqrt(inputs), as PEFT has it, B zero, so that the
 * model computes what it did. `random` null leaves A zero too, for adapters about to be loaded.
 */
export function attachAdapters(decoder: Adapted, spec: LoraSpec, random: Uniform | null): void {
  const targets = loraTargets(decoder, spec);
  for (const parameter of decoder.parameters.values()) parameter.freeze();
  for (const parameter of targets) {
    const adapter = newAdapter(decoder.device, parameter, spec.r, spec.alpha);
    const bound = 1 / Math.sqrt(parameter.inputs);
    if (random !== null)
      decoder.device.write(
        adapter.a.buf,
        Float32Array.from({ length: adapter.a.buf.length }, () => bound * (2 * random.next() - 1)),
      );
    parameter.adapter = adapter;
  }
}

/** The adapted parameters of a model, in its order; none where it trains whole. */
export const adaptedParameters = ({
  parameters,
}: Pick<Adapted, "parameters">): { readonly parameter: Parameter; readonly adapter: Adapter }[] =>
  [...parameters.values()].flatMap((parameter) =>
    parameter.adapter === null ? [] : [{ parameter, adapter: parameter.adapter }],
  );

/** What Ollama's clients ask about models: those there are, those in memory, and one in detail. */
import { createHash } from "node:crypto";
import type { Engine } from "../../generate/engine/engine.ts";
import { parameterCount } from "../../model/config.ts";
import { toolFormatOf } from "../../text/tool-calls.ts";
import type { ModelEntry, Models } from "../models.ts";

/** Before a model is open only its name is known. */
const UNKNOWN = {
  parent_model: "",
  format: "",
  family: "",
  families: [] as readonly string[],
  parameter_size: "",
  quantization_level: "",
};

/** A model of /api/tags. */
export const listed = ({ id, created, engine }: ModelEntry): object => ({
  name: id,
  model: id,
  modified_at: new Date(created * 1000).toISOString(),
  size: engine?.session.about.fileBytes ?? 0,
  digest: digestOf(id),
  details: engine === null ? UNKNOWN : detailsOf(engine),
});

/** The models of /api/ps; none is closed for having waited long. */
export const running = (models: Models): readonly object[] =>
  models.list().flatMap(({ id, engine }) =>
    engine === null
      ? []
      : [
          {
            name: id,
            model: id,
            size: engine.session.decoder.device.usage().bytes,
            digest: digestOf(id),
            details: detailsOf(engine),
            expires_at: "9999-12-31T23:59:59Z",
            size_vram: 0,
            context_length: engine.context,
          },
        ],
  );

/** /api/show. */
export function aboutModel({ session }: Engine): object {
  const { config } = session.decoder;
  const template = session.about.toolChatTemplate ?? session.template;
  const tools = /\btools\b/.test(template ?? "") && toolFormatOf(template, session.tokenizer) !== null;
  const family = config.model_type;
  return {
    modelfile: "",
    parameters: Object.entries(session.generationConfig)
      .filter(([name, value]) => ["temperature", "top_p", "top_k", "min_p"].includes(name) && typeof value === "number")
      .map(([name, value]) => `${name} ${value}`)
      .join("\n"),
    template: template ?? "",
    details: detailsFor(session),
    model_info: {
      "general.architecture": family,
      "general.basename": session.name,
      "general.parameter_count": parameterCount(config).total,
      [`${family}.context_length`]: config.max_position_embeddings,
      [`${family}.embedding_length`]: config.hidden_size,
      [`${family}.block_count`]: config.num_hidden_layers,
      [`${family}.attention.head_count`]: config.num_attention_heads,
    },
    capabilities: [
      "completion",
      ...(tools ? ["tools"] : []),
      ...(session.reasoningFormat === null ? [] : ["thinking"]),
    ],
  };
}
const detailsOf = (engine: Engine): object => detailsFor(engine.session);

function detailsFor({ decoder: { config }, about }: Engine["session"]): object {
  const family = config.model_type;
  return {
    parent_model: "",
    format: about.kind === "gguf" ? "gguf" : "safetensors",
    family,
    families: [family],
    parameter_size: sizeName(parameterCount(config).total),
    quantization_level: about.quantization ?? "",
  };
}

const sizeName = (count: number): string =>
  count >= 1e9
    ? `${(count / 1e9).toFixed(1)}B`
    : count >= 1e6
      ? `${(count / 1e6).toFixed(1)}M`
      : `${Math.round(count / 1e3)}K`;

/** Of the name: reading the weights for the sum of a list would take minutes with large models. */
const digestOf = (id: string): string => createHash("sha256").update(id).digest("hex");

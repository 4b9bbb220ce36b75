// `reckon models list | show | remove`: the models that were pulled, and what any model is, its weights unread.
import type { Command } from "commander";
import { listStored, removeStored } from "../checkpoint/hub/store.ts";
import type { ModelSource } from "../checkpoint/model-source.ts";
import { openModel } from "../checkpoint/open-model.ts";
import { modelPath } from "../generate/load-model.ts";
import { QUANT_FORMATS } from "../kernels/quant-activations.ts";
import { attentionShape } from "../model/attention/attention.ts";
import { parameterCount } from "../model/config.ts";
import { weightFootprint } from "../model/weights/footprint.ts";
import { formatBytes, formatCount, formatTable } from "./humane.ts";
import { addCommonOptions, positiveInteger } from "./options.ts";
import { note, print, printJson } from "./output.ts";

interface Json {
  readonly json?: true;
}

export function register(program: Command): void {
  const models = program
    .command("models")
    .description("pulled models: list them, show one's size and shape, remove one");
  addCommonOptions(models.command("list").description("the models that `reckon pull` fetched"), ["json"]).action(list);
  const shown = models
    .command("show")
    .description("a model's architecture, parameters, memory, template and quantization")
    .argument("[model]", "a pulled model's name, a folder, a run, or a .gguf file (default: the bundled model)")
    .option(
      "--context <n>",
      "tokens to count memory for (default: the model's, at most 4096)",
      positiveInteger("--context"),
    );
  addCommonOptions(shown, ["json"]).action(show);
  const removed = models
    .command("remove")
    .description("delete a pulled model")
    .argument("<name>", "its name, as `reckon models list` has it");
  addCommonOptions(removed, ["json"]).action(remove);
}

function list({ json }: Json): void {
  const stored = listStored();
  if (json) {
    const models = stored.map(({ name, repo, quantization, commit, bytes, folder, pulled }) => {
      return { name, repo, quantization, commit, bytes, path: folder, pulled };
    });
    printJson({ models });
    return;
  }
  if (stored.length === 0) {
    note("no model was pulled; `reckon pull ORG/NAME` fetches one");
    return;
  }
  const rows = stored.map((one) => [
    one.name,
    formatBytes(one.bytes),
    one.commit.slice(0, 12),
    one.pulled.slice(0, 10),
  ]);
  print(formatTable([["name", "size", "commit", "pulled"], ...rows]));
}

function remove(name: string, { json }: Json): void {
  const removed = removeStored(name);
  if (json) printJson({ removed: removed.name, path: removed.folder, bytes: removed.bytes });
  else print(`removed ${removed.name}, ${formatBytes(removed.bytes)}`);
}

function show(given: string | undefined, { context, json }: Json & { readonly context?: number }): void {
  const source = openModel(modelPath(given));
  try {
    const about = describe(source, context);
    if (json) printJson(about);
    else
      print(
        lines(about)
          .map(([label, text]) => `${label.padEnd(14)} ${text}`)
          .join("\n"),
      );
  } finally {
    source.close();
  }
}

type About = ReturnType<typeof describe>;

function describe(source: ModelSource, context?: number) {
  const { config, name, path, quantization, fileBytes, chatTemplate, toolChatTemplate, tokenizer } = source;
  const positions = context ?? Math.min(config.max_position_embeddings, 4096);
  const { weights } = weightFootprint(config, { name: "cpu", quantFormats: QUANT_FORMATS }, source, "stored");
  const { keyHeads, keyDim, valueDim } = attentionShape(config);
  return {
    name,
    path,
    architecture: config.model_type,
    parameters: parameterCount(config),
    layers: config.num_hidden_layers,
    hidden_size: config.hidden_size,
    vocabulary: config.vocab_size,
    context: config.max_position_embeddings,
    quantization,
    file_bytes: fileBytes,
    memory: {
      context: positions,
      weights,
      cache: 4 * config.num_hidden_layers * keyHeads * (keyDim + valueDim) * positions,
    },
    tokenizer: tokenizer?.kind ?? null,
    chat_template: chatTemplate !== null,
    tool_template: toolChatTemplate !== null || (chatTemplate?.includes("tools") ?? false),
  };
}

function lines(about: About): [string, string][] {
  const { parameters, memory } = about;
  const further = parameters.nextn > 0 ? `, and ${formatCount(parameters.nextn)} for multi-token prediction` : "";
  const total = memory.weights + memory.cache;
  return [
    ["name", about.name],
    ["path", about.path],
    [
      "architecture",
      `${about.architecture}, ${about.layers} layers of width ${about.hidden_size}, vocabulary of ${about.vocabulary}`,
    ],
    [
      "parameters",
      `${formatCount(parameters.total)}, ${formatCount(parameters.active)} of them active for a token${further}`,
    ],
    ["context", `${about.context} tokens`],
    ["quantization", `${about.quantization}, ${formatBytes(about.file_bytes)} of weights on the disk`],
    [
      "memory",
      `${formatBytes(total)} at ${memory.context} tokens: weights ${formatBytes(memory.weights)}, cache ${formatBytes(memory.cache)}`,
    ],
    ["template", about.chat_template ? `yes, ${about.tool_template ? "tools too" : "without tools"}` : "none"],
  ];
}

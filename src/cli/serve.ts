// `reckon serve`: models over HTTP, by the APIs of OpenAI and DeepSeek, until Ctrl-C or SIGTERM.
import type { Command } from "commander";
import { usageError } from "../error.ts";
import type { ServeOptions } from "../serve/config.ts";
import type { PriceConfig } from "../serve/price.ts";
import { listenForInterrupt } from "./interrupt.ts";
import {
  addCommonOptions,
  atMost,
  type CommonOptions,
  naturalNumber,
  numberBetween,
  positiveInteger,
} from "./options.ts";
import { note, print, printJson } from "./output.ts";

interface ServeFlags extends CommonOptions {
  readonly model: readonly string[];
  readonly alias: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly apiKey: readonly string[];
  readonly slots: number;
  readonly queue: number;
  readonly context?: number;
  readonly cacheMemory: number;
  readonly speculate: number;
  readonly modelMemory?: number;
  readonly cors: readonly string[];
  readonly allowHost: readonly string[];
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  readonly deadline: number;
  readonly drain: number;
  readonly runs: string;
  readonly training: boolean;
  readonly store?: string;
  readonly price?: PriceConfig;
  readonly pricePerHour?: number;
  readonly traces?: string;
  readonly config?: string;
  readonly printConfig?: true;
  readonly reasoningField: "reasoning_content" | "reasoning" | "both";
  readonly logLevel: "silent" | "error" | "warn" | "info" | "debug";
}

const MEGABYTE = 2 ** 20;

export function register(program: Command): void {
  const command = program
    .command("serve")
    .description("serve models over HTTP by the APIs of OpenAI and DeepSeek")
    .option(
      "--model <model>",
      "a folder, a run, a .gguf file or a pulled name; may be given several times",
      several,
      [],
    )
    .option("--alias <name>", "a further name of the first model; may be given several times", several, [])
    .option("--host <host>", "address to listen on; other than this machine's own only with a key", "127.0.0.1")
    .option("--port <port>", "port to listen on (0: a free one)", naturalNumber("--port"), 8080)
    .option("--api-key <key>", "a key clients must send (also RECKON_API_KEYS, separated by commas)", several, [])
    .option("--slots <n>", "answers written at once, of each model", positiveInteger("--slots"), 8)
    .option("--queue <n>", "answers that may wait for a slot; more are refused", naturalNumber("--queue"), 64)
    .option(
      "--context <n>",
      "tokens of prompt and answer together (default: the model's, at most 4096)",
      positiveInteger("--context"),
    )
    .option("--cache-memory <MB>", "for beginnings of prompts, of each model", naturalNumber("--cache-memory"), 256)
    .option(
      "--speculate <n>",
      "tokens guessed ahead in a step with one answer, each further answer taking one away (0: none)",
      atMost("--speculate", 64),
      3,
    )
    .option(
      "--model-memory <MB>",
      "loaded models together; the one used longest ago gives way",
      positiveInteger("--model-memory"),
    )
    .option("--cors <origin>", "a web origin whose pages may call (*: any)", several, [])
    .option("--allow-host <name>", "a name in the Host header to answer for besides this machine's", several, [])
    .option("--requests-per-minute <n>", "of each key (0: no limit)", naturalNumber("--requests-per-minute"), 0)
    .option(
      "--tokens-per-minute <n>",
      "of each key, read and written (0: no limit)",
      naturalNumber("--tokens-per-minute"),
      0,
    )
    .option("--deadline <seconds>", "the longest a request may take (0: no limit)", naturalNumber("--deadline"), 0)
    .option("--drain <seconds>", "how long answers may go on after the signal to stop", naturalNumber("--drain"), 30)
    .option("--runs <folder>", "training runs and evaluations to show at /runs and /evals", "runs")
    .option("--no-training", "training runs can be looked at, but not started or stopped")
    .option("--store <file>", "keeps the conversations of /v1/responses (default: in memory)")
    .option("--price <usd>", "of a million tokens, PROMPT,ANSWER[,CACHED]: usages then tell a cost", prices)
    .option(
      "--price-per-hour <usd>",
      "of the machine, instead: an answer pays for the time it holds a slot, each slot costing its share",
      numberBetween("--price-per-hour", 0, Number.POSITIVE_INFINITY),
    )
    .option(
      "--traces <url>",
      "an OTLP/HTTP collector for OpenTelemetry spans (also OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)",
    )
    .option("--config <file>", "settings in a JSON file (docs/serving.md); flags go before it")
    .option("--print-config", "prints the settings as they would hold, without keys, and ends")
    .option(
      "--reasoning-field <name>",
      "where thinking goes: reasoning_content, reasoning or both",
      "reasoning_content",
    )
    .option("--log-level <level>", "silent, error, warn, info or debug", "info");
  addCommonOptions(command, ["threads", "device", "weights", "mla", "json"]).action(serve);
}

async function serve(flags: ServeFlags, command: Command): Promise<void> {
  const { readConfig, startServer } = await import("../serve/server.ts");
  const { readConfigFile, shownConfig } = await import("../serve/config-file.ts");
  const file = flags.config === undefined ? {} : readConfigFile(flags.config);
  // A flag left out is what the file says, and where that says nothing the default, which is the flag's too.
  const isGiven = (flag: keyof ServeFlags): boolean => command.getOptionValueSource(flag) === "cli";
  const options = {
    traces: process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || process.env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined,
    ...file,
    ...settingsOf(flags, isGiven),
    apiKeys: [...(file.apiKeys ?? []), ...keysOf(flags)],
  };
  if (flags.printConfig) {
    print(JSON.stringify(shownConfig(readConfig(options)), null, 2));
    return;
  }
  using interrupt = listenForInterrupt("finishing what is being written; Ctrl-C again stops at once");
  const server = await startServer(options);
  if (flags.json) printJson({ url: server.url });
  else {
    print(server.url);
    const names = server.core.models.list().map(({ id }) => id);
    note(`serving ${names.join(", ")}; Ctrl-C ends it`);
  }
  if (!interrupt.signal.aborted) {
    await new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve, { once: true }));
  }
  await server.stop();
}

const keysOf = ({ apiKey }: ServeFlags): readonly string[] =>
  [...apiKey, ...(process.env.RECKON_API_KEYS ?? "").split(",").map((key) => key.trim())].filter((key) => key !== "");

/** The settings that flags were given for. */
function settingsOf(flags: ServeFlags, isGiven: (flag: keyof ServeFlags) => boolean): ServeOptions {
  const settings: readonly (readonly [keyof ServeFlags, ServeOptions])[] = [
    ["model", { models: [...flags.model] }],
    ["alias", { aliases: [...flags.alias] }],
    ["host", { host: flags.host }],
    ["port", { port: flags.port }],
    ["threads", { threads: flags.threads }],
    ["weights", { weights: flags.weights }],
    ["mla", { mla: flags.mla }],
    ["slots", { slots: flags.slots }],
    ["queue", { queue: flags.queue }],
    ["context", { context: flags.context }],
    ["cacheMemory", { cacheBytes: flags.cacheMemory * MEGABYTE }],
    ["speculate", { speculate: flags.speculate }],
    ["modelMemory", { modelBytes: (flags.modelMemory ?? 0) * MEGABYTE }],
    ["cors", { cors: [...flags.cors] }],
    ["allowHost", { allowHosts: [...flags.allowHost] }],
    ["requestsPerMinute", { requestsPerMinute: flags.requestsPerMinute }],
    ["tokensPerMinute", { tokensPerMinute: flags.tokensPerMinute }],
    ["deadline", { deadlineMs: flags.deadline * 1000 }],
    ["drain", { drainMs: flags.drain * 1000 }],
    ["runs", { runs: flags.runs }],
    ["training", { training: flags.training }],
    ["store", { store: flags.store }],
    ["price", { price: flags.price }],
    ["pricePerHour", { price: { perHour: flags.pricePerHour ?? 0 } }],
    ["traces", { traces: flags.traces }],
    ["reasoningField", { reasoningField: flags.reasoningField }],
    ["logLevel", { logLevel: flags.logLevel }],
  ];
  return Object.assign({}, ...settings.filter(([flag]) => isGiven(flag)).map(([, setting]) => setting));
}

/** PROMPT,ANSWER or PROMPT,ANSWER,CACHED, in dollars a million tokens. */
function prices(text: string): PriceConfig {
  const [prompt, answer, cached, ...more] = text.split(",").map(numberBetween("--price", 0, Number.POSITIVE_INFINITY));
  if (answer === undefined || more.length > 0)
    throw usageError(`--price must be PROMPT,ANSWER or PROMPT,ANSWER,CACHED in US dollars, not "${text}"`, "--price");
  return { prompt, answer, ...(cached === undefined ? {} : { cached }) };
}

/** Collects a flag that may be given several times. */
const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

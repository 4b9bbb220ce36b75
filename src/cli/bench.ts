/** `reckon bench`: the benchmarks of bench/, each printing its figure, the machine's limit or the peer's bar, and the ratio. */
import type { Command } from "commander";
import { usageError } from "../error.ts";
import { addCommonOptions, type CommonOptions, naturalNumber, positiveInteger } from "./options.ts";
import { note, print, printJson } from "./output.ts";

/** Flags of single benchmarks. */
interface InferFlags {
  readonly url?: string;
  readonly model?: string;
  readonly peer?: string;
  readonly prefill?: number;
  readonly decode?: number;
  readonly runs?: number;
  readonly requests?: number;
  readonly seed?: number;
}

interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** Takes minutes: runs only by its name. */
  readonly long?: true;
  readonly run: (options: InferFlags & { readonly threads?: number; readonly json: boolean }) => Promise<void>;
}

const benchmarks: readonly Benchmark[] = [
  {
    name: "gemm",
    about: "matrix products against the machine's measured multiply-add peak",
    run: async ({ threads, json }) => {
      const { run } = await import("../../bench/gemm.ts");
      await run({ threads, json, print });
    },
  },
  {
    name: "train",
    about: "training steps of a dense and a V3 model of nano size (peer: PyTorch, eager)",
    run: async ({ threads, json }) => {
      const { run } = await import("../../bench/train.ts");
      await run({ threads, emit: (line) => show(line, json) });
    },
  },
  {
    name: "rollout",
    about:
      "batches of 64 sampled from the same two models (peer: transformers' generate), and one stream of the bundled model",
    run: async ({ threads, json }) => {
      const { run } = await import("../../bench/rollout.ts");
      await run({ threads, emit: (line) => show(line, json) });
    },
  },
  {
    name: "grpo",
    about:
      "a GRPO step on the same two models: 64 samples of 64 tokens, judged and learned from (peer: PyTorch's generate and step)",
    run: async ({ threads, json }) => {
      const { run } = await import("../../bench/grpo.ts");
      await run({ threads, emit: (line) => show(line, json) });
    },
  },
  {
    name: "infer",
    about: "reading a prompt and writing tokens with a model file, on one thread and on two (peer: what --peer names)",
    run: async ({ threads, json, model, ...flags }) => {
      const { run } = await import("../../bench/infer.ts");
      const { BUNDLED_MODEL } = await import("../generate/session.ts");
      const counts = threads === undefined ? undefined : [threads];
      await run({ ...flags, model: model ?? BUNDLED_MODEL, threads: counts, emit: (line) => show(line, json) });
    },
  },
  {
    name: "browser",
    about: "the same for a GGUF file in Chromium, with the wasm of Node (peer: what --peer names, such as wllama)",
    run: async ({ threads, json, model, ...flags }) => {
      if (model === undefined || !/\.gguf$/i.test(model)) {
        show({ browser: "not measured: give a GGUF file with --model M.gguf" }, json);
        return;
      }
      const { run } = await import("../../bench/browser.ts");
      const counts = threads === undefined ? undefined : [threads];
      await run({ ...flags, model, threads: counts, emit: (line) => show(line, json) });
    },
  },
  {
    name: "chat",
    about: "the chat's page in Chromium while 30,000 tokens of LaTeX stream: first paint, longest task, frames, memory",
    run: async ({ json, decode }) => {
      const { run } = await import("../../bench/chat.ts");
      await run({ tokens: decode, emit: (line) => show(line, json) });
    },
  },
  {
    name: "runs",
    about: "a million samples in the training window: taking them in, filters and orders, scrolling in Chromium",
    long: true,
    run: async ({ json, requests }) => {
      const { run } = await import("../../bench/runs.ts");
      await run({ samples: requests, emit: (line) => show(line, json) });
    },
  },
  {
    name: "control",
    about: "what drawing a token, a constraint's masks and guessing ahead cost, in processor time",
    run: async ({ threads, json, model }) => {
      const { run } = await import("../../bench/control.ts");
      await run({ threads, model, emit: (line) => show(line, json) });
    },
  },
  {
    name: "speculate",
    about: "what guessing ahead brings the engine with 1 to 16 answers at once that copy their prompt or do not",
    long: true,
    run: async ({ threads, json, model, decode }) => {
      const { run } = await import("../../bench/speculate.ts");
      const { BUNDLED_MODEL } = await import("../generate/session.ts");
      const emit = (line: Readonly<Record<string, unknown>>): void => show(line, json);
      await run({ threads, model: model ?? BUNDLED_MODEL, newTokens: decode, emit });
    },
  },
  {
    name: "serve",
    about:
      "answers over HTTP with 1, 4 and 16 readers beside the server that --peer starts, and the serving's own processor time",
    run: async ({ threads, json, model, url, peer }) => {
      const { run } = await import("../../bench/serve.ts");
      const { BUNDLED_MODEL } = await import("../generate/session.ts");
      await run({ threads, model: model ?? BUNDLED_MODEL, url, peer, emit: (line) => show(line, json) });
    },
  },
  {
    name: "soak",
    about:
      "10,000 requests of clients that are slow, leave or send nonsense: each ends once, none is wrong, nothing is left",
    long: true,
    run: async ({ threads, json, model, requests, seed }) => {
      const { run } = await import("../../bench/soak.ts");
      const { BUNDLED_MODEL } = await import("../generate/session.ts");
      const progress = (done: number): void => note(`${done} requests are over`);
      const emit = (line: Readonly<Record<string, unknown>>): void => show(line, json);
      await run({ threads, model: model ?? BUNDLED_MODEL, requests, seed, progress, emit });
    },
  },
  {
    name: "memory",
    about: "what a process takes that has opened a model, against twice the size of its file",
    run: async ({ threads, json, model }) => {
      const { run } = await import("../../bench/memory.ts");
      const { BUNDLED_MODEL } = await import("../generate/session.ts");
      await run({ threads, model: model ?? BUNDLED_MODEL, emit: (line) => show(line, json) });
    },
  },
  {
    name: "code",
    about:
      "programs judged in the sandboxes: how many a minute, and the verdicts on HumanEval's and MBPP's own solutions",
    run: async ({ json }) => {
      const { run } = await import("../../bench/code.ts");
      await run({ emit: (line) => show(line, json) });
    },
  },
  {
    name: "verify",
    about: "the math verifier's answers a second against 2,000, and its verdicts on benchmarks' own solutions",
    run: async ({ json }) => {
      const { run } = await import("../../bench/verify.ts");
      await run({ emit: (line) => show(line, json) });
    },
  },
];

export function register(program: Command): void {
  const command = program
    .command("bench")
    .argument(
      "[name]",
      `which: ${benchmarks.map(({ name, about }) => `${name} (${about})`).join("; ")}; without a name all that take no minutes`,
    );
  command
    .option("--url <url>", "serve: the server to measure instead of one's own")
    .option(
      "--model <path>",
      "infer, control, speculate, serve, soak, memory: a GGUF file or a model folder; the bundled model without it; browser: a GGUF file",
    )
    .option(
      "--peer <command>",
      "infer, browser: a program that is given MODEL THREADS PREFILL DECODE RUNS and prints its speeds as JSON; serve: a server's, " +
        "such as llama-server, or with {model}, {threads} and {port} any other's",
    )
    .option(
      "--prefill <tokens>",
      "infer, browser: length of the prompt that is read (512)",
      positiveInteger("--prefill"),
    )
    .option("--requests <n>", "soak: how many (10000)", positiveInteger("--requests"))
    .option("--seed <n>", "soak: of what is asked and how clients behave (1)", naturalNumber("--seed"))
    .option(
      "--decode <tokens>",
      "infer, browser: how many tokens are written (128); chat: how many stream (30,000); speculate: of each answer (96)",
      positiveInteger("--decode"),
    )
    .option("--runs <n>", "infer, browser: how often each is timed (3)", positiveInteger("--runs"));
  addCommonOptions(command, ["json", "threads"]).action(bench);
}

async function bench(name: string | undefined, flags: CommonOptions & InferFlags): Promise<void> {
  const chosen = benchmarks.filter((one) => (name === undefined ? one.long !== true : one.name === name));
  if (chosen.length === 0) {
    throw usageError(
      `there is no benchmark "${name}"; there are ${benchmarks.map((one) => one.name).join(", ")}`,
      "name",
    );
  }
  for (const one of chosen) await one.run({ ...flags, json: flags.json === true });
}

function show(line: Readonly<Record<string, unknown>>, json: boolean): void {
  if (json) printJson(line);
  else
    print(
      Object.entries(line)
        .map(([key, value]) => `${key} ${value}`)
        .join("  "),
    );
}

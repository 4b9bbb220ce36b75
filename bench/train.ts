/**
 * Training: forward, mean cross-entropy, backward and AdamW on 32 rows of 256 random ids, on a dense and a DeepSeek-V3 model
 * of nano size: the work of the PyTorch peer. Then 200 small steps, to show that memory stays flat.
 *
 *   node bench/train.ts [threads]
 */
import { pathToFileURL } from "node:url";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import { parameterCount } from "../src/model/config.ts";
import { Decoder } from "../src/model/decoder.ts";
import { Random } from "../src/random.ts";
import type { TrainingSequence } from "../src/train/batches.ts";
import { adamwDefaults, Optimizer } from "../src/train/optimizer.ts";
import { type SupervisedOptions, supervisedStep } from "../src/train/supervised.ts";
import { nanoConfigs } from "./rollout.ts";

export interface TrainBenchOptions {
  readonly threads?: number;
  /** Seconds of timed steps for each model. Default 10. */
  readonly seconds?: number;
  readonly emit?: (line: Readonly<Record<string, unknown>>) => void;
}

const [rows, columns] = [32, 256];

/** Runs the benchmark and emits a line for each model. */
export async function run({ threads, seconds = 10, emit = printLine }: TrainBenchOptions = {}): Promise<void> {
  for (const [model, config] of Object.entries(nanoConfigs)) {
    const device = await cpuDevice({ threads });
    try {
      const decoder = Decoder.create(config, device, Random.from(0));
      const optimizer = new Optimizer(device, decoder.parameters.values(), {
        muon: null,
        adamw: { ...adamwDefaults, lr: 1e-3 },
      });
      const random = Random.from(1);
      const options: SupervisedOptions = { max_rows: 2048, max_grad_norm: 1, mtp_lambda: 0, router_gamma: 0 };
      const step = async (count: number, length: number): Promise<number> => {
        const sequences = Array.from(
          { length: count },
          (): TrainingSequence => ({
            // one more than is fed: the peer predicts all 256 rows, the last of them the extra token
            ids: Int32Array.from({ length: length + 1 }, () => random.int(3, config.vocab_size - 1)),
            counted: null,
          }),
        );
        const started = performance.now();
        await supervisedStep(decoder, optimizer, sequences, { step: optimizer.steps + 1, factor: 1, seen: 0 }, options);
        return (performance.now() - started) / 1000;
      };
      for (let i = 0; i < 2; i++) await step(rows, columns);
      const times: number[] = [];
      while (times.length < 3 || times.reduce((sum, time) => sum + time, 0) < seconds)
        times.push(await step(rows, columns));
      times.sort((a, b) => a - b);
      const median = times[times.length >> 1]!;
      const before = device.usage().peak;
      for (let i = 0; i < 200; i++) await step(2, 64);
      emit({
        bench: "train",
        model,
        parameters: parameterCount(config).total,
        threads: device.threads,
        step_s: round(median),
        tok_s: round((rows * columns) / median),
        best_tok_s: round((rows * columns) / times[0]!),
        device_peak_mb: round(device.usage().peak / 2 ** 20),
        grown_over_200_steps_mb: round((device.usage().peak - before) / 2 ** 20),
        peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
      });
    } finally {
      await device.close();
    }
  }
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
const printLine = (line: Readonly<Record<string, unknown>>): boolean =>
  process.stdout.write(`${JSON.stringify(line)}\n`);

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await run({ threads: process.argv[2] === undefined ? undefined : Number(process.argv[2]) });
  process.exit(0);
}

/**
 * A GRPO step: 64 samples of 64 tokens after prompts of 32 (eight questions, eight samples each), their judgement, and one update
 * on all of them, on the dense and the DeepSeek-V3 model of the PyTorch peer, whose `grpo` mode generates as much and makes one
 * training step on 64 rows of 96. Then more steps, to show that memory stays flat.
 *
 *   node bench/grpo.ts [threads]
 */
import { pathToFileURL } from "node:url";
import { generateBatch } from "../src/generate/batch.ts";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import { parameterCount } from "../src/model/config.ts";
import { Decoder } from "../src/model/decoder.ts";
import { Random } from "../src/random.ts";
import { verify } from "../src/tasks/math/verify.ts";
import { advantageDefaults, groupAdvantages } from "../src/train/advantages.ts";
import { grpo } from "../src/train/losses/grpo.ts";
import { adamwDefaults, Optimizer } from "../src/train/optimizer.ts";
import { policyStep } from "../src/train/policy.ts";
import type { Rollout } from "../src/train/rollouts.ts";
import { nanoConfigs } from "./rollout.ts";

export interface GrpoBenchOptions {
  readonly threads?: number;
  /** Timed steps of each model; the median is told. Default 5. */
  readonly repeats?: number;
  readonly emit?: (line: Readonly<Record<string, unknown>>) => void;
}

const [questions, groupSize, promptLength, newTokens] = [8, 8, 32, 64];

/** Runs the benchmark and emits a line for each model. */
export async function run({ threads, repeats = 5, emit = printLine }: GrpoBenchOptions = {}): Promise<void> {
  for (const [model, config] of Object.entries(nanoConfigs)) {
    const device = await cpuDevice({ threads });
    try {
      const decoder = Decoder.create(config, device, Random.from(0));
      const adamw = { ...adamwDefaults, lr: 1e-5 };
      const optimizer = new Optimizer(device, decoder.parameters.values(), { muon: null, adamw });
      const random = { data: Random.from(1), policy: Random.from(2) };
      const step = async (): Promise<Record<"generate" | "verify" | "train", number>> => {
        const begun = performance.now();
        const requests = Array.from({ length: questions }, () =>
          Array.from({ length: promptLength }, () => random.data.int(3, config.vocab_size - 1)),
        ).flatMap((prompt) =>
          Array.from({ length: groupSize }, () => ({
            prompt,
            ...{ maxTokens: newTokens, sampling: { temperature: 1, seed: random.data.bits() }, stopIds: [] },
          })),
        );
        const completions = await generateBatch(decoder, requests, { slots: requests.length });
        const generated = performance.now();
        // random weights are never right: the verifier reads a number, and the reward is the parity of the last token
        const rewards = completions.map(({ ids }) => {
          verify("17", `so the answer is ${ids.slice(-3).join(" + ")}`);
          return ids.at(-1)! % 2;
        });
        const groups = Array.from({ length: questions }, (_, q) => rewards.slice(q * groupSize, (q + 1) * groupSize));
        const { advantages } = groupAdvantages(groups, advantageDefaults);
        const rollouts = completions.map(({ ids, logps, entropies }, i): Rollout => {
          const [group, member] = [Math.floor(i / groupSize), i % groupSize];
          return {
            ...{ group, prompt: requests[i]!.prompt, completion: ids, logps, entropies, truncated: false },
            ...{ parts: {}, reward: rewards[i]!, advantage: advantages[group]![member]!, refLogps: null },
          };
        });
        const verified = performance.now();
        await policyStep(
          decoder,
          optimizer,
          rollouts,
          { step: optimizer.steps + 1, factor: 1, seen: 0 },
          random.policy,
          {
            loss: grpo,
            loss_options: grpo.defaults,
            ...{ temperature: 1, num_iterations: 1, mini_batches: 1, mask_truncated_completions: false },
            ...{ max_completion_length: newTokens, max_rows: 2048, max_grad_norm: 1, router_gamma: 0 },
          },
        );
        const parts = [generated - begun, verified - generated, performance.now() - verified];
        const [generate, judged, train] = parts.map((ms) => ms / 1000) as [number, number, number];
        return { generate, verify: judged, train };
      };
      await step();
      const times: Awaited<ReturnType<typeof step>>[] = [];
      for (let i = 0; i < repeats; i++) times.push(await step());
      const total = (one: (typeof times)[number]) => one.generate + one.verify + one.train;
      times.sort((a, b) => total(a) - total(b));
      const median = times[times.length >> 1]!;
      const before = device.usage().peak;
      for (let i = 0; i < 10; i++) await step();
      emit({
        bench: "grpo",
        model,
        parameters: parameterCount(config).total,
        threads: device.threads,
        grpo_step_s: round(total(median)),
        generate_s: round(median.generate),
        verify_s: round(median.verify),
        train_s: round(median.train),
        best_step_s: round(total(times[0]!)),
        device_peak_mb: round(device.usage().peak / 2 ** 20),
        grown_over_10_steps_mb: round((device.usage().peak - before) / 2 ** 20),
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

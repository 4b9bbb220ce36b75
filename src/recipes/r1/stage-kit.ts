/**
 * What the chain's stages are written with. Every stage leaves one thing in the chain's folder: a run in a folder of its own, or a
 * file that appears whole. What is there is not made again, so a chain that was stopped or killed goes on where it was.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { atomicWriteFile } from "../../checkpoint/atomic.ts";
import { UserError } from "../../error.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { Decoder } from "../../model/decoder.ts";
import type { Example } from "../../train/examples.ts";
import type { RlOptions, SamplingOptions, SupervisedOptions } from "../options.ts";
import { r1Zero } from "../r1-zero.ts";
import { CostMeter, type StageContext } from "../stage.ts";
import { createModel, loadStartModel } from "../start-model.ts";
import { learnFromDocuments, type StageResult } from "../supervised.ts";
import type { ChainPlan } from "./plan.ts";
import { type Sampled, sampleAnswers } from "./samples.ts";

export interface ChainStage {
  /** The folder or the file it leaves. */
  readonly name: string;
  /** What it does, in a line. */
  readonly about: string;
  /** The stages whose results it uses. */
  readonly uses: readonly string[];
  /** Beside the chain: what the paper compares it with. */
  readonly comparison?: true;
  run(chain: Chain): Promise<void>;
}

/** Whether a stage leaves a model rather than a file. */
export const makesModel = ({ name }: Pick<ChainStage, "name">): boolean => path.extname(name) === "";

export class Chain {
  readonly plan: ChainPlan;
  readonly context: StageContext;
  readonly #names: readonly string[];

  constructor(context: StageContext, plan: ChainPlan, stages: readonly ChainStage[]) {
    this.context = context;
    this.plan = plan;
    this.#names = stages.map(({ name }) => name);
  }

  place(name: string): string {
    return path.join(this.context.out, name);
  }

  /** Whether a stage's result is there and complete. */
  done(name: string): boolean {
    return existsSync(makesModel({ name }) ? path.join(this.place(name), "report.json") : this.place(name));
  }

  /** The model a stage left, to be freed by the caller. */
  model(name: string): Decoder {
    return loadStartModel(this.place(name), this.context.device);
  }

  /** Pre-trains a model of that shape from random weights, or goes on with that of the folder `from`. */
  pretrain(name: string, options: SupervisedOptions, model: ModelConfig, from: string | null = null): Promise<void> {
    const start = (inner: StageContext) =>
      from === null ? createModel(model, inner.device, inner.seed) : loadStartModel(from, inner.device);
    return this.#train(name, (inner) =>
      learnFromDocuments("pretrain", inner, options, () => start(inner), { from, model }),
    );
  }

  /** Fine-tunes the model of `from` on the examples of a file. */
  tune(name: string, options: SupervisedOptions, from: string, file: string): Promise<void> {
    return this.#train(name, (inner) =>
      learnFromDocuments("sft", inner, { ...options, data: this.place(file) }, () => this.model(from), {
        from: this.place(from),
      }),
    );
  }

  /** Reinforces the model of `from`. */
  reinforce(name: string, options: RlOptions, from: string): Promise<void> {
    return this.#train(name, (inner) => r1Zero(inner, options, () => this.model(from), { from: this.place(from) }));
  }

  /** Answers of a stage's model to training questions, worded as it was reinforced, judged. */
  async answers(stage: string, options: SamplingOptions): Promise<Sampled[][]> {
    const { tasks, canonical } = this.plan.options.reasoning;
    const { signal, listener } = this.context;
    listener.note(`sampling ${options.prompts} x ${options.samples} answers of ${stage}`);
    const decoder = this.model(stage);
    try {
      return await sampleAnswers(decoder, tasks, options, this.#seed(stage), signal, canonical);
    } finally {
      decoder.free();
    }
  }

  /** Writes the examples a stage makes, one JSON a line. @throws UserError where there are none to learn from */
  async examples(name: string, make: (seed: number) => Promise<readonly Example[]>): Promise<void> {
    await this.file(name, async (seed) => {
      const examples = await make(seed);
      if (examples.length === 0)
        throw new UserError(
          `${name}: none of the sampled answers was right and readable, so there is nothing to learn from; train the stages before it longer or sample more.`,
          { param: name },
        );
      this.context.listener.note(`${name}: ${examples.length} examples`);
      return examples.map((one) => `${JSON.stringify(one)}\n`).join("");
    });
  }

  /** Writes a file, whole or not at all; what is there stays. */
  async file(name: string, make: (seed: number) => Promise<string> | string): Promise<void> {
    if (this.done(name)) return;
    const cost = new CostMeter(null);
    const content = await make(this.#seed(name));
    atomicWriteFile(this.costPlace(name), JSON.stringify(cost.spent())); // first: a file that is there is complete
    atomicWriteFile(this.place(name), content);
  }

  /** Where the cost of a file stands; a run's is in its report. */
  costPlace(name: string): string {
    return this.place(path.join("costs", `${path.basename(name)}.json`));
  }

  async #train(name: string, stage: (inner: StageContext) => Promise<StageResult>): Promise<void> {
    if (this.done(name)) return;
    const { listener } = this.context;
    const { decoder } = await stage({
      ...this.context,
      out: this.place(name),
      seed: this.#seed(name),
      resume: existsSync(path.join(this.place(name), "config.json")),
      listener: {
        ...listener,
        begin: (_, done, total) =>
          listener.begin(`${this.#names.indexOf(name) + 1}/${this.#names.length} ${name}`, done, total),
        step: (metrics) => listener.step({ stage: name, ...metrics }),
      },
    });
    decoder.free();
  }

  /** A seed of its own for every stage: a later one must not ask an earlier one's questions again. */
  #seed(name: string): number {
    return this.plan.seed * 1000 + this.#names.indexOf(name);
  }
}

/**
 * Learning from documents, top to bottom: documents are made as they are needed, packed whole, learned from, and now and then
 * the model is asked held-out questions. Pre-training starts from random weights and learns the questions too; fine-tuning
 * starts from a model and learns thinking and answers.
 */
import { breathe } from "../generate/batch.ts";
import type { Decoder } from "../model/decoder.ts";
import { Random } from "../random.ts";
import { corpus } from "../tasks/corpus.ts";
import { type TrainingSequence, takeTokens } from "../train/batches.ts";
import { loadCheckpoint, saveCheckpoint } from "../train/checkpoint.ts";
import { Optimizer, optimizerDefaults, trainedParameters } from "../train/optimizer.ts";
import { type RunReport, writeReport } from "../train/report.ts";
import { RunFolder } from "../train/run.ts";
import { rateFactor } from "../train/schedule.ts";
import { supervisedStep } from "../train/supervised.ts";
import type { SupervisedOptions } from "./options.ts";
import {
  CostMeter,
  evaluateStage,
  evaluationRecord,
  type StageContext,
  tasksNamed,
  versions,
  worldDialogue,
  worldFiles,
} from "./stage.ts";

/** The result of a stage: the model, still on the device, and where it was saved. */
export interface StageResult {
  readonly decoder: Decoder;
  readonly folder: string;
  readonly report: RunReport;
}

/**
 * Runs pre-training (`recipe` "pretrain") or fine-tuning ("sft") into `context.out`; `start` makes the model it begins with.
 * @throws UserError for a bad option, a folder in use, or numbers gone bad; the signal's reason when stopped.
 */
export async function learnFromDocuments(
  recipe: "pretrain" | "sft",
  context: StageContext,
  options: SupervisedOptions,
  start: () => Decoder,
): Promise<StageResult> {
  const { device, seed, signal, listener } = context;
  const run = context.resume
    ? RunFolder.resume(context.out)
    : RunFolder.create(context.out, {
        recipe,
        preset: context.preset,
        seed,
        threads: device.threads,
        options: { ...options },
        versions: versions(),
        created: new Date().toISOString(),
      });
  try {
    const total = Math.ceil(options.tokens / options.tokens_per_step);
    const resumed = run.resumed === null ? null : loadCheckpoint(run.resumed, device);
    const decoder = resumed?.decoder ?? start();
    const optimizer = new Optimizer(device, trainedParameters(decoder, options.mtp_lambda > 0), {
      muon: { ...optimizerDefaults.muon!, lr: options.muon_lr },
      adamw: { ...optimizerDefaults.adamw, lr: options.adamw_lr },
    });
    const random = { data: Random.from(seed, recipe, "data") };
    let [done, seen] = [0, 0];
    if (resumed !== null) {
      optimizer.restore(resumed.state.optimizer);
      random.data.restore(resumed.state.random.data!);
      done = resumed.state.step;
      seen = Number(resumed.state.position.tokens);
    }
    const cost = new CostMeter(resumed?.state.position.cost);
    const next = documents(options, random.data);
    const save = (step: number) =>
      saveCheckpoint(
        run,
        step,
        { decoder, optimizer, random, position: { tokens: seen, cost: cost.spent() } },
        worldFiles(decoder.config.max_position_embeddings),
        2,
      );
    const evaluate = async (step: number): Promise<Record<string, unknown> | null> => {
      const { items, max_tokens: maxTokens } = options.evaluation;
      const result = await evaluateStage(decoder, { ...options.tasks, items, maxTokens }, signal);
      if (result === null || signal.aborted) return null;
      for (const one of [result.sampled, result.greedy]) run.appendEvaluation(evaluationRecord(step, one));
      listener.note(
        `held-out after ${step} steps: greedy ${result.greedy.accuracy.toFixed(3)}, sampled ${result.sampled.accuracy.toFixed(3)}, ${result.sampled.thinking.toFixed(0)} thinking tokens`,
      );
      const { samples: _g, ...greedy } = result.greedy;
      const { samples: _s, ...sampled } = result.sampled;
      return { greedy, sampled };
    };

    listener.begin(recipe, done, total);
    const schedule = { shape: "linear" as const, warmup: options.warmup, decay: options.decay, floor: 0 };
    for (let step = done + 1; step <= total; step++) {
      const metrics = await supervisedStep(
        decoder,
        optimizer,
        takeTokens(options.tokens_per_step, next),
        { step, factor: rateFactor(schedule, step - 1, total), seen },
        {
          max_rows: options.rows_per_pass,
          max_grad_norm: options.max_grad_norm,
          mtp_lambda: step % options.mtp_every === 0 ? options.mtp_lambda : 0,
          router_gamma: options.router_gamma,
        },
      );
      await breathe(); // a CPU step never waits, so without this no signal would be heard
      seen = metrics.num_tokens;
      run.appendMetrics({ step, ...metrics });
      listener.step({ step, ...metrics });
      const { every } = options.evaluation;
      if (every > 0 && step % every === 0 && step < total) await evaluate(step);
      const due = options.checkpoint_every > 0 && step % options.checkpoint_every === 0;
      if (due || step === total || signal.aborted) await save(step);
      signal.throwIfAborted();
    }
    const evaluation = await evaluate(total);
    signal.throwIfAborted();
    const report = writeReport(run.folder, { cost: cost.spent(), held_out: evaluation });
    optimizer.free();
    return { decoder, folder: run.folder, report };
  } finally {
    run.close();
  }
}

/** An endless stream of training sequences. */
function documents(options: SupervisedOptions, random: Random): () => TrainingSequence {
  const dialogue = worldDialogue();
  const make = corpus({
    families: tasksNamed(options.tasks.families).map((task) => ({ task, weight: 1 })),
    levels: options.tasks.levels,
    styles: options.styles,
    canonical: options.canonical,
  });
  return () => {
    const document = make(random);
    const prompt = dialogue.prompt(document.prompt);
    const ids = [...prompt, ...dialogue.response(document.thinking, document.answer)];
    if (options.prompt_loss) return { ids, counted: null };
    return { ids, counted: Uint8Array.from(ids, (_, i) => (i < prompt.length ? 0 : 1)) };
  };
}

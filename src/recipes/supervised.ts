/**
 * Learning from documents, top to bottom: documents are made as they are needed, packed whole, learned from, and now and then
 * the model is asked held-out questions. Pre-training starts from random weights and learns the questions too; fine-tuning
 * starts from a model and learns thinking and answers.
 */
import { breathe } from "../generate/batch.ts";
import type { Decoder } from "../model/decoder.ts";
import { Random } from "../random.ts";
import { corpus } from "../tasks/corpus.ts";
import type { Speaker } from "../text/dialogue.ts";
import { type TrainingSequence, takeTokens } from "../train/batches.ts";
import { loadCheckpoint, saveCheckpoint } from "../train/checkpoint.ts";
import { readExamples } from "../train/examples.ts";
import { Optimizer, optimizerDefaults, trainedParameters } from "../train/optimizer.ts";
import { type RunReport, writeReport } from "../train/report.ts";
import { rateFactor } from "../train/schedule.ts";
import { supervisedStep } from "../train/supervised.ts";
import { firstMeanedStep, WeightMean } from "../train/weight-mean.ts";
import { adapt } from "./adapt.ts";
import { evaluator } from "./evaluation.ts";
import type { SupervisedOptions } from "./options.ts";
import { checkHasData, type Speech, worldSpeech } from "./speech.ts";
import { CostMeter, type StageContext } from "./stage.ts";
import { openRun, recordChanges, type StageRecord, withRemedy } from "./stage-run.ts";
import { weightedTasks, worldDialogue } from "./world.ts";

/** The result of a stage: the model, still on the device, and where it was saved. */
export interface StageResult {
  readonly decoder: Decoder;
  readonly folder: string;
  readonly report: RunReport;
}

/**
 * Runs pre-training (`recipe` "pretrain") or fine-tuning ("sft", "distill") into `context.out`; `start` makes the model it begins with.
 * @throws UserError for a bad option, a folder in use, or numbers gone bad; the signal's reason when stopped.
 */
export async function learnFromDocuments(
  recipe: "pretrain" | "sft" | "distill",
  context: StageContext,
  options: SupervisedOptions,
  start: () => Decoder,
  origin: Omit<StageRecord, "options">,
  speech = worldSpeech(),
): Promise<StageResult> {
  const { device, seed, signal, listener } = context;
  const lesson = lessonOf(options, seed, speech); // checks the options before anything is written
  const record = { options, ...origin };
  const run = openRun(context, recipe, record);
  let done = 0;
  try {
    const { total } = lesson;
    const resumed = run.resumed === null ? null : loadCheckpoint(run.resumed, device);
    const decoder = resumed?.decoder ?? start();
    decoder.gradientCheckpointing = options.gradient_checkpointing;
    const lora = adapt(decoder, options.lora, seed, resumed?.state);
    const optimizer = new Optimizer(device, trainedParameters(decoder, options.mtp_lambda > 0), {
      muon: options.optimizer === "adamw" || lora !== null ? null : { ...optimizerDefaults.muon!, lr: options.muon_lr },
      adamw: { ...optimizerDefaults.adamw, lr: options.adamw_lr },
      master: options.master_weights,
    });
    const moving = [...optimizer.parameters, ...(lora === null ? routerBiases(decoder) : [])];
    const mean = options.mean > 0 ? new WeightMean(device, moving) : null;
    const random = { data: Random.from(seed, recipe, "data") };
    let seen = 0;
    if (resumed !== null) {
      optimizer.restore(resumed.state.optimizer);
      random.data.restore(resumed.state.random.data!);
      done = resumed.state.step;
      seen = Number(resumed.state.position.tokens);
      mean?.restore(Number(resumed.state.position.meaned ?? 0), resumed.state.tensors);
    }
    if (context.resume) recordChanges(run, done, record);
    const cost = new CostMeter(resumed?.state.position.cost);
    const save = async (step: number) =>
      saveCheckpoint(
        run,
        step,
        {
          decoder,
          optimizer,
          random,
          position: { tokens: seen, meaned: mean?.count ?? 0, cost: cost.spent() },
          tensors: (await mean?.state()) ?? new Map(),
          lora,
        },
        speech.files(decoder.config.max_position_embeddings),
        2,
      );
    const { every } = options.evaluation;
    const evaluate = evaluator(run, decoder, options, speech, context);

    listener.begin(recipe, done, total);
    if (done >= total)
      listener.note(
        `${recipe}: all ${total} steps are done; --set ${options.data === null ? "tokens" : "epochs"}=... makes it go on`,
      );
    else if (done > 0 && every > 0 && done % every === 0) await evaluate(done); // what a stop may have cut short
    const schedule = { shape: "linear" as const, warmup: options.warmup, decay: options.decay, floor: 0 };
    for (let step = done + 1; step <= total; step++) {
      const metrics = await supervisedStep(
        decoder,
        optimizer,
        lesson.step(step, random.data),
        { step, factor: rateFactor(schedule, step - 1, total), seen },
        {
          max_rows: options.rows_per_pass,
          max_grad_norm: options.max_grad_norm,
          mtp_lambda: step % options.mtp_every === 0 ? options.mtp_lambda : 0,
          router_gamma: lora === null ? options.router_gamma : 0, // a frozen router keeps its balance
        },
      );
      if (step >= firstMeanedStep(options.mean, total)) mean?.add();
      if (step === total && mean !== null) {
        mean.apply();
        await optimizer.round();
      }
      await breathe(); // a CPU step never waits, so without this no signal would be heard
      seen = metrics.num_tokens;
      run.appendMetrics({ step, ...metrics });
      listener.step({ step, ...metrics });
      done = step;
      if (every > 0 && step % every === 0 && step < total) await evaluate(step);
      const due = options.checkpoint_every > 0 && step % options.checkpoint_every === 0;
      if (due || step === total || signal.aborted) await save(step);
      signal.throwIfAborted();
    }
    const evaluation = await evaluate(total);
    signal.throwIfAborted();
    const report = writeReport(run.folder, { cost: cost.spent(), held_out: evaluation });
    optimizer.free();
    mean?.free();
    return { decoder, folder: run.folder, report };
  } catch (error) {
    throw withRemedy(error, run, done);
  } finally {
    run.close();
  }
}

/** What every step moves beside the optimizer. */
const routerBiases = ({ parameters }: Decoder) => [...parameters.values()].filter(({ trainable }) => !trainable);

/** What a stage learns from: how many steps, and the sequences of each. */
interface Lesson {
  readonly total: number;
  /** The sequences of step `step` (from 1); procedural ones are drawn from `random`. */
  step(step: number, random: Random): TrainingSequence[];
}

/** @throws UserError for families, levels or styles that cannot be, or a file of examples that is none */
function lessonOf(options: SupervisedOptions, seed: number, speech: Speech): Lesson {
  checkHasData(speech, options.data, "examples");
  if (options.data !== null) return lessonFromFile(options.data, options, seed, speech.dialogue);
  const documents = documentMaker(options);
  return {
    total: Math.ceil(options.tokens / options.tokens_per_step),
    step: (_, random) => takeTokens(options.tokens_per_step, () => documents(random)),
  };
}

/** The examples of a file, every epoch in an order of its own, which the seed alone decides: a resumed run needs no more than its step. */
function lessonFromFile(file: string, options: SupervisedOptions, seed: number, dialogue: Speaker): Lesson {
  const examples = readExamples(file).map(({ prompt, thinking, answer }) =>
    sequenceOf(dialogue, prompt, thinking, answer, options.prompt_loss),
  );
  const queue = Array.from({ length: options.epochs }, (_, epoch) =>
    Random.from(seed, "examples", epoch).shuffle(examples),
  ).flat();
  const steps: TrainingSequence[][] = [];
  for (let at = 0; at < queue.length; ) {
    const step: TrainingSequence[] = [];
    for (let tokens = 0; tokens < options.tokens_per_step && at < queue.length; at++) {
      step.push(queue[at]!);
      tokens += queue[at]!.ids.length;
    }
    steps.push(step);
  }
  return { total: steps.length, step: (step) => steps[step - 1]! };
}

/** Makes training sequences without end. @throws UserError for families, levels or styles that cannot be */
function documentMaker(options: SupervisedOptions): (random: Random) => TrainingSequence {
  const dialogue = worldDialogue();
  const make = corpus({
    families: weightedTasks(options.tasks),
    levels: options.tasks.levels,
    styles: options.styles,
    canonical: options.canonical,
  });
  return (random) => {
    const document = make(random);
    return sequenceOf(dialogue, document.prompt, document.thinking, document.answer, options.prompt_loss);
  };
}

function sequenceOf(
  dialogue: Speaker,
  question: string,
  thinking: string,
  answer: string,
  promptLoss: boolean,
): TrainingSequence {
  const prompt = dialogue.prompt(question);
  const ids = [...prompt, ...dialogue.response(thinking, answer)];
  if (promptLoss) return { ids, counted: null };
  return { ids, counted: Uint8Array.from(ids, (_, i) => (i < prompt.length ? 0 : 1)) };
}
